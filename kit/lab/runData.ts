/** What a run reads: documents of both sides as ids. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.js";
import type { Scored } from "../measure/index.js";
import {
  type Batch,
  boundaryOf,
  type Corpus,
  chatTemplates,
  type DataCursor,
  encodeDocuments,
  type MaskedDocuments,
  mixturePacker,
  openCorpus,
  openMixture,
  openTokenizer,
  type PackingOptions,
  packer,
  splitCorpus,
  stagedBatches,
  type Tokenizer,
  type TokenizerSpec,
  trainedTokenizer,
} from "../text/index.js";
import { type Checkpoint, type CompanionOptions, chatTemplateOf } from "../weights/index.js";
import { fetching, type Say } from "./fetching.js";
import type { Dataset } from "./record.js";
import type { MixtureCorpus, RunSpec } from "./spec.js";

/** The two sides of what a run reads. */
export type RunData = {
  readonly dataset: Dataset;
  readonly tokenizer: Tokenizer;
  /** What is saved with the model, so that it can read. */
  readonly companions: CompanionOptions;
  /** The batch at a cursor, of what is learnt. */
  readonly pack: (options: PackingOptions, cursor: DataCursor) => Batch;
  /** What is held out. */
  readonly validation: Scored;
  /** Id between documents. */
  readonly boundary: number;
};

/**
 * Opens what a run reads, as ids.
 *
 * @param source the checkpoint the run begins with, if it does
 * @param say told of what is fetched
 * @throws UserError when the data is not there or cannot be read, or nothing of it is held out
 */
export async function prepareData({ data }: RunSpec, source?: Checkpoint<unknown>, say?: Say): Promise<RunData> {
  const { corpus } = data;
  if (corpus.kind === "mixture") return await mixed(corpus, data.validation, source, say);
  const whole = await openCorpus(corpus, fetching(corpus.kind, say));
  const { train, validation } = splitCorpus(whole, data.validation);
  const { tokenizer, companions } =
    data.tokenizer.kind === "pretrained" ? brought(source) : await trained(data.tokenizer, train);
  return {
    dataset: { name: whole.name, sha256: whole.sha256 },
    tokenizer,
    companions,
    pack: packer(encodeDocuments(tokenizer, train.texts)),
    validation: encodeDocuments(tokenizer, validation.texts),
    boundary: boundaryOf(tokenizer),
  };
}

/** A mixture, with the tokenizer and the chat template of the model that the run begins with. */
async function mixed(
  { sources, template: named }: MixtureCorpus,
  validation: number,
  source: Checkpoint<unknown> | undefined,
  say: Say | undefined,
): Promise<RunData> {
  const { tokenizer, companions } = brought(source);
  const own = source && (await chatTemplateOf(source.info));
  const told = fetching(sources.length === 1 ? sources[0].from : "the mixture", say);
  const opened = await openMixture({ sources, template: named, validation }, { tokenizer, template: own, ...told });
  const counts = opened.sources.map(({ documents }) => documents);
  const held = counts.reduce((sum, { validation }) => sum + validation, 0);
  expectHeldOut(
    held,
    counts.reduce((sum, { train }) => sum + train, held),
    validation,
  );
  // A model that had no template has one now; its own stays as it is.
  const learnt = own === undefined && named !== undefined && opened.sources.some(({ form }) => form.kind !== "text");
  const skipped = opened.sources.reduce((sum, source) => sum + source.skipped, 0);
  const hashes = opened.sources.map(({ from, sha256 }) => `${from} ${sha256}\n`);
  return {
    dataset: {
      name: sources.map(({ from }) => from).join(", "),
      sha256: sha256Of(hashes.join("")),
      ...(skipped === 0 ? {} : { skipped }),
    },
    tokenizer,
    companions: { ...companions, chatTemplate: learnt ? chatTemplates[named] : undefined },
    pack: mixturePacker(opened.train),
    validation: allDocuments(opened.validation.sources.map(({ documents }) => documents)),
    boundary: opened.boundary,
  };
}

/** @throws UserError when there is nothing to judge by */
function expectHeldOut(held: number, documents: number, share: number): void {
  if (held > 0) return;
  throw new UserError(`nothing was held out of ${documents} document${documents === 1 ? "" : "s"}`, {
    expected: `at least one to judge by; a share of ${share} is held out, by a hash of each text`,
    fix: "Give more documents; or say in the JSON file of a mixture what stands between those of a text, `form.between`, or that a larger share is held out, `validation`",
  });
}

/** Documents of several sources, one source after another. */
function allDocuments(parts: readonly MaskedDocuments[]): MaskedDocuments {
  const all = <A extends Int32Array | Uint8Array>(into: A, of: (part: MaskedDocuments) => A): A => {
    let at = 0;
    for (const part of parts) {
      into.set(of(part), at);
      at += of(part).length;
    }
    return into;
  };
  const length = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const documents = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const starts = new Int32Array(documents + 1);
  let [at, before] = [0, 0];
  for (const part of parts) {
    for (const start of part.starts.subarray(0, -1)) starts[at++] = before + start;
    before += part.ids.length;
  }
  starts[documents] = length;
  return {
    ids: all(new Int32Array(length), ({ ids }) => ids),
    counted: all(new Uint8Array(length), ({ counted }) => counted),
    bytes: all(new Int32Array(documents), ({ bytes }) => bytes),
    starts,
  };
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** How text becomes ids, and what keeps it so. */
type Reading = Pick<RunData, "tokenizer" | "companions">;

/** Trained on the corpus, unless it is in the cache. */
async function trained(spec: TokenizerSpec, corpus: Corpus): Promise<Reading> {
  const json = await trainedTokenizer(spec, corpus);
  const tokenizer = openTokenizer(json);
  return { tokenizer, companions: { tokenizer: json } };
}

function brought(source: Checkpoint<unknown> | undefined): Reading {
  if (source?.tokenizer === undefined) {
    throw new UserError("the model brings no tokenizer", {
      where: source?.info.path,
      expected: "a pretrained model with one",
      fix: "Put its tokenizer.json beside the weights",
    });
  }
  const { tokenizer } = source;
  return { tokenizer, companions: { like: source } };
}

/** The batches of a run from a cursor on. */
export function batchesOf({ training }: RunSpec, { pack, boundary }: RunData, cursor: DataCursor): Generator<Batch> {
  return stagedBatches(pack, { stages: training.stages, batchTokens: training.batchTokens, boundary }, cursor);
}
