/** The tokenizer of a run: trained once on its corpus, then taken from the cache. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { makeFolder, writeAtomically, writeFully } from "../source/files.js";
import { cacheFolder } from "../source/index.js";
import type { Corpus } from "./corpus.js";
import { type FrequentTokensJson, frequentTokens, tokenizerFromFrequent } from "./frequentTokens.js";
import { tokenizerFromJson } from "./json.js";
import type { Documents } from "./packing.js";
import type { Tokenizer } from "./tokenizer.js";
import { type TokenizerJson, trainBpe } from "./trainBpe.js";

/**
 * How a run's text becomes ids, as plain JSON. `vocab` is the number of tokens in all; `stories` limits training to the
 * first of the corpus.
 *
 * `bpe` learns byte-level merges. `gpt2-frequent` takes GPT-2's most frequent tokens, as the teeny-s models do, by default
 * of 50,000 stories; it loses rare text. In both the token `<|endoftext|>` stands between documents.
 */
export type TokenizerSpec =
  | { readonly kind: "bpe"; readonly vocab: number; readonly stories?: number }
  | { readonly kind: "gpt2-frequent"; readonly vocab: number; readonly stories?: number };

/** What is stored of a trained tokenizer; {@link openTokenizer} makes it one. */
export type TrainedTokenizerJson = TokenizerJson | FrequentTokensJson;

/** The token that stands between the documents of a run. */
export const documentBoundary = "<|endoftext|>";

type Trainers = {
  readonly [Kind in TokenizerSpec["kind"]]: {
    /** Stories to train on where nothing is said. */
    readonly stories: number;
    readonly train: (texts: readonly string[], vocab: number) => TrainedTokenizerJson;
  };
};

const trainers: Trainers = {
  bpe: {
    stories: Number.MAX_SAFE_INTEGER,
    train: (texts, vocab) => trainBpe(texts, { vocab, special: [documentBoundary], begin: documentBoundary }),
  },
  "gpt2-frequent": { stories: 50_000, train: frequentTokens },
};

/** Part of the name in the cache: to be raised whenever a trainer gives another result. */
const REVISION = 1;

/**
 * The tokenizer of a run. Trained on the first call, read from `data/cache/tokenizers` on later ones; the name there is a
 * hash of the specification and of the corpus.
 *
 * @param spec kind and size
 * @param training texts to learn from: the training side of a corpus, never the validation side
 * @returns what to store with a model; {@link openTokenizer} reads it
 * @throws UserError when the specification is impossible
 */
export async function trainedTokenizer(spec: TokenizerSpec, training: Corpus): Promise<TrainedTokenizerJson> {
  const { kind, vocab, stories } = checked(spec);
  const name = createHash("sha256")
    .update(JSON.stringify([REVISION, kind, vocab, stories, training.sha256]))
    .digest("hex")
    .slice(0, 16);
  const folder = join(cacheFolder(), "tokenizers");
  const path = join(folder, `${kind}-${vocab}-${name}.json`);
  const held = read(path);
  if (held !== undefined) return held;
  const json = trainers[kind].train(training.texts.slice(0, stories), vocab);
  await makeFolder(folder);
  await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(`${JSON.stringify(json)}\n`), 0, path));
  return json;
}

/**
 * The tokenizer that was trained, or any `tokenizer.json`.
 *
 * @param config as for `tokenizerFromJson`
 */
export function openTokenizer(json: TrainedTokenizerJson, config?: unknown): Tokenizer {
  return "kind" in json ? tokenizerFromFrequent(json) : tokenizerFromJson(json, config);
}

/**
 * What a tokenizer loses of documents: tokens that became the unknown one, and the bytes these stood for. Where this is not
 * nothing, bits per byte leave out the cost of those bytes. Spaces that encoding puts in front of each document are none of its
 * bytes.
 *
 * @param documents what `encodeDocuments` made with this tokenizer
 */
export function unknownTokens(
  tokenizer: Tokenizer,
  { ids, starts, bytes }: Documents,
): { readonly tokens: number; readonly bytes: number } {
  const { unk } = tokenizer.special;
  if (unk === undefined) return { tokens: 0, bytes: 0 };
  let tokens = 0;
  let lost = bytes.reduce((sum, count, i) => sum + count + (starts[i] < starts[i + 1] ? tokenizer.leading : 0), 0);
  for (const id of ids) {
    if (id === unk) tokens++;
    else lost -= tokenizer.bytes(id).length;
  }
  return { tokens, bytes: lost };
}

function checked({ kind, vocab, stories }: TokenizerSpec): Required<TokenizerSpec> {
  const trainer = Object.hasOwn(trainers, kind) ? trainers[kind] : undefined;
  if (trainer === undefined) {
    throw new UserError(`there is no tokenizer "${kind}"`, { expected: Object.keys(trainers).join(" or ") });
  }
  const count = stories ?? trainer.stories;
  if (Number.isSafeInteger(count) && count >= 1) return { kind, vocab, stories: count };
  throw new UserError(`a tokenizer of ${count} stories`, { where: "trainedTokenizer", expected: "an integer from 1" });
}

/** A tokenizer of the cache; what cannot be read is trained again. */
function read(path: string): TrainedTokenizerJson | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
