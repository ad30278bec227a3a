/** Mixtures opened: rows read, turned into ids, divided into what is learnt and what is held back. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { UserError } from "../../errors.js";
import type { Progress } from "../../source/index.js";
import { isHeldOut, textHash } from "../corpus.js";
import { type Row, readRows } from "../rows/index.js";
import type { Tokenizer } from "../tokenizer.js";
import { documentBoundary } from "../trainedTokenizer.js";
import { chatTemplate, namedTemplate } from "./chatTemplate.js";
import { DocumentsBuilder, type Encoding } from "./examples.js";
import { type Example, type FormSpec, RowWithoutText, readExample, recogniseForm, textOf } from "./forms.js";
import { sourceFiles } from "./locate.js";
import type { MixedSource, Mixture } from "./mix.js";
import { checkMixture, type MixtureSpec, type SourceSpec } from "./spec.js";

/** Options of {@link openMixture}. */
export type MixtureOptions = {
  readonly tokenizer: Tokenizer;
  /** The model's own chat template in Jinja's language, if it has one: see `templateOf`. */
  readonly template?: string;
  /** Id in front of every document; default {@link boundaryOf} the tokenizer. */
  readonly boundary?: number;
  /** Called while something is being fetched. */
  readonly progress?: Progress;
  /** Called when a source has been read. */
  readonly report?: (source: OpenedSource) => void;
};

/** What came of a source, for records. */
export type OpenedSource = {
  readonly from: string;
  /** Names of the files that were read. */
  readonly files: readonly string[];
  readonly form: FormSpec;
  readonly rows: number;
  /** Rows without text. */
  readonly skipped: number;
  readonly documents: { readonly train: number; readonly validation: number };
  /** Names exactly these documents in this order, whatever tokenizer and template read them. */
  readonly sha256: string;
};

/** A mixture ready to be drawn from. */
export type OpenedMixture = {
  readonly train: Mixture;
  /** What is held back; a source of which nothing is held back is not there. */
  readonly validation: Mixture;
  readonly boundary: number;
  readonly sources: readonly OpenedSource[];
};

/**
 * Reads a mixture: every source's rows, as conversations or texts, as ids.
 *
 * Which side a document falls on depends on the document alone, by the rule of `splitCorpus`: equal documents of different
 * sources are on the same side, and a conversation does not change sides with the template.
 *
 * @param spec the mixture
 * @param options the tokenizer and the model's template
 * @returns both sides; documents are in memory, 5 bytes a token
 * @throws UserError when the specification is impossible, a source is nowhere, a row has no text, or a side of a source that
 * is to be learnt is empty
 */
export async function openMixture(spec: MixtureSpec, options: MixtureOptions): Promise<OpenedMixture> {
  checkMixture(spec);
  const encoding = encodingOf(spec, options);
  const sides: { train: MixedSource[]; validation: MixedSource[] } = { train: [], validation: [] };
  const sources: OpenedSource[] = [];
  for (const source of spec.sources) {
    const train = new DocumentsBuilder(encoding);
    const validation = new DocumentsBuilder(encoding);
    const opened = await readSource(source, options, (row, example) => {
      const hash = textHash(textOf(example));
      locating(row, () => (isHeldOut(hash, spec.validation) ? validation : train).add(example));
      return hash;
    });
    const counts = { train: train.count, validation: validation.count };
    if (counts.train === 0) throw new UserError("this source of the mixture has no documents", { where: source.from });
    const { from: name, weight } = source;
    sides.train.push({ name, weight, documents: train.documents() });
    if (counts.validation > 0) sides.validation.push({ name, weight, documents: validation.documents() });
    sources.push({ ...opened, documents: counts });
    options.report?.(sources[sources.length - 1]);
  }
  return {
    train: { sources: sides.train },
    validation: { sources: sides.validation },
    boundary: encoding.boundary,
    sources,
  };
}

/**
 * The id that stands between the documents a model has read: `<|endoftext|>`, or else what begins or ends a text.
 *
 * @throws UserError when the tokenizer has none of them
 */
export function boundaryOf(tokenizer: Tokenizer): number {
  const found = tokenizer.idOf(documentBoundary) ?? tokenizer.special.bos ?? tokenizer.special.eos;
  if (found !== undefined) return found;
  throw new UserError("the tokenizer has no token that stands between documents", {
    expected: `${documentBoundary}, or a token that begins or ends a text`,
  });
}

function encodingOf({ template: name }: MixtureSpec, { tokenizer, template: own, boundary }: MixtureOptions): Encoding {
  const named = name === undefined ? undefined : namedTemplate(name, tokenizer);
  const template = named ?? (own === undefined ? undefined : chatTemplate(own, tokenizer));
  return {
    tokenizer,
    boundary: boundary ?? boundaryOf(tokenizer),
    ...(template === undefined ? {} : { template }),
  };
}

/** Reads a source row by row; `take` keeps an example and gives its hash. */
async function readSource(
  source: SourceSpec,
  { progress }: MixtureOptions,
  take: (row: Row, example: Example) => string,
): Promise<Omit<OpenedSource, "documents">> {
  const { from, rows: most = Number.POSITIVE_INFINITY, blank } = source;
  const all = createHash("sha256");
  const files: string[] = [];
  let [rows, skipped] = [0, 0];
  let { form } = source;
  for await (const row of rowsOf(source, progress, files)) {
    rows++;
    form ??= recogniseForm(row);
    const example = exampleOf(row, form, blank);
    if (example === undefined) skipped++;
    else all.update(`${take(row, example)}\n`);
    if (rows >= most) break;
  }
  if (form === undefined) throw new UserError("this source of the mixture has no rows", { where: from });
  return { from, files, form, rows, skipped, sha256: all.digest("hex") };
}

async function* rowsOf(source: SourceSpec, progress: Progress | undefined, files: string[]): AsyncGenerator<Row> {
  const between = source.form?.kind === "text" ? source.form.between : undefined;
  for await (const path of sourceFiles(source, progress === undefined ? {} : { progress })) {
    files.push(basename(path));
    yield* readRows(path, between);
  }
}

function exampleOf(row: Row, form: FormSpec, blank: SourceSpec["blank"]): Example | undefined {
  try {
    return readExample(row, form);
  } catch (error) {
    if (error instanceof RowWithoutText && blank === "skip") return undefined;
    throw error;
  }
}

/** Errors of templates and tokenizers do not know the row. */
function locating(row: Row, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) throw new UserError(error.message, { where: row.where });
    throw error;
  }
}
