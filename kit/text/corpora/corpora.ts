/** Corpora by name, for runs. */
import { UserError } from "../../errors.js";
import { type Corpus, corpus } from "../corpus.js";
import { toyStories } from "../toyStories.js";
import { type CorpusRecipe, type Looked, type RebuildOptions, type Rebuilt, rebuild } from "./rebuild.js";

/** What a run is trained on, as plain JSON. */
export type CorpusSpec =
  | { readonly kind: "tinystories-13k" }
  | { readonly kind: "toy-stories"; readonly seed: number; readonly count: number };

/** Corpora that are listed in the project and fetched or found elsewhere. */
const recipes: Readonly<Record<string, CorpusRecipe>> = {
  "tinystories-13k": {
    manifest: "data/tinystories-13k.sha256",
    mirror: "tinystories",
    hub: { id: "roneneldan/TinyStories", type: "datasets" },
    // Some stories are from the first version, which the hub keeps as Parquet and as text, others from the second.
    files: [
      /^TinyStoriesV2-GPT4-valid\.txt$/,
      /^data\/train-0+-of-.*\.parquet$/,
      /^TinyStoriesV2-GPT4-train\.txt$/,
      /^data\/.*\.parquet$/,
      /^TinyStories-(train|valid)\.txt$/,
    ],
  },
};

type Openers = {
  readonly [Kind in CorpusSpec["kind"]]: (
    spec: Extract<CorpusSpec, { kind: Kind }>,
    options: RebuildOptions,
  ) => Promise<Corpus>;
};

const openers: Openers = {
  "tinystories-13k": async ({ kind }, options) => complete(kind, await fetchCorpus(kind, options)),
  "toy-stories": async ({ kind, seed, count }) => corpus(kind, toyStories({ seed, count })),
};

/**
 * Opens a corpus for a run.
 *
 * @param spec which one
 * @param options of a rebuild, if it is not in the cache
 * @returns its texts, always the same in the same order; their hash is checked on every call
 * @throws UserError when texts are missing everywhere, or the specification is impossible
 */
export async function openCorpus(spec: CorpusSpec, options: RebuildOptions = {}): Promise<Corpus> {
  const open = Object.hasOwn(openers, spec.kind) ? openers[spec.kind] : undefined;
  if (open === undefined) throw unknown(spec.kind, Object.keys(openers));
  // The union and its entry agree by construction, which TypeScript cannot follow.
  return await (open as (spec: CorpusSpec, options: RebuildOptions) => Promise<Corpus>)(spec, options);
}

/** Names that {@link fetchCorpus} knows. */
export const fetchedCorpora: readonly string[] = Object.keys(recipes);

/**
 * Brings a listed corpus into the cache, exactly as its manifest says; see `rebuild`.
 *
 * @param name one of {@link fetchedCorpora}
 * @returns the corpus, or what is missing and where it was looked for
 * @throws UserError for a name without a recipe
 */
export async function fetchCorpus(name: string, options: RebuildOptions = {}): Promise<Rebuilt> {
  const recipe = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (recipe === undefined) throw unknown(name, fetchedCorpora);
  return await rebuild(name, recipe, options);
}

/** The corpus of a rebuild that found everything. */
function complete(name: string, { corpus, missing, count, looked }: Rebuilt): Corpus {
  if (corpus !== undefined) return corpus;
  throw new UserError(`${missing.length} of the ${count} texts of ${name} are missing`, {
    where: looked.map(lookedText).join("; ") || "nowhere to look",
    fix: `Run \`npm run data -- ${name}\` with a connection, or with --from and a copy of the data set`,
  });
}

/** One line about a place that was looked through. */
export function lookedText({ where, texts, found, problem }: Looked): string {
  const counts = `${where}: ${found} found among ${texts}`;
  return problem === undefined ? counts : texts === 0 ? `${where}: ${problem}` : `${counts}, then ${problem}`;
}

function unknown(name: string, names: readonly string[]): UserError {
  return new UserError(`there is no corpus "${name}"`, { expected: names.join(" or ") });
}
