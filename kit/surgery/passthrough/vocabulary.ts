import { join } from "node:path";
import { UserError } from "../../errors.js";
import { exists } from "../../source/files.js";
import { vocabularyFromGguf } from "../../weights/gguf-model.js";
import { ggufOf } from "../../weights/gguf-open.js";
import { isRecord, readJson } from "../../weights/json.js";
import { readTokenizer, type TokenizerSource } from "../../weights/tokenizer.js";
import { vocabOfConfig } from "./mergedConfig.js";
import type { MergeSource } from "./source.js";

/** The ids of tokens by their text. */
export type Vocabulary = ReadonlyMap<string, number>;

/**
 * The vocabulary of a model: of its `tokenizer.json`, whatever kind that is, or of another form of tokenizer that the kit reads.
 *
 * @returns `undefined` when there is none, or none that is read
 * @throws UserError when `tokenizer.json` is no JSON
 */
export async function vocabularyOf(source: MergeSource): Promise<Vocabulary | undefined> {
  const { folder } = source.info;
  const file = folder === undefined ? undefined : join(folder, "tokenizer.json");
  return file !== undefined && (await exists(file)) ? await inJson(file) : await inAnotherForm(source);
}

/** Of a `tokenizer.model`, llama2.c's file, or the metadata of a GGUF file. */
async function inAnotherForm({ info, config }: MergeSource): Promise<Vocabulary | undefined> {
  const described = await describedIn(info);
  if (described === undefined) return undefined;
  const tokenizer = await readTokenizer(described, vocabOfConfig(config) ?? Number.POSITIVE_INFINITY).then(
    (found) => found.tokenizer,
    (error: unknown) => {
      // Its files are copied all the same, and transformers may well read them.
      if (error instanceof UserError) return undefined;
      throw error;
    },
  );
  if (tokenizer === undefined) return undefined;
  const tokens = Array.from({ length: tokenizer.vocab }, (_, id) => [tokenizer.tokenOf(id), id] as const);
  return new Map(tokens.filter(([token]) => token !== ""));
}

async function describedIn(info: MergeSource["info"]): Promise<TokenizerSource | undefined> {
  if (info.folder !== undefined) return { kind: "folder", folder: info.folder };
  const gguf = await ggufOf(info);
  const vocabulary = gguf && vocabularyFromGguf(gguf);
  return vocabulary && { kind: "gguf", vocabulary };
}

async function inJson(file: string): Promise<Vocabulary> {
  const json = await readJson(file, 64e6);
  const ids = new Map<string, number>();
  if (!isRecord(json)) return ids;
  const vocab = isRecord(json.model) ? json.model.vocab : undefined;
  // Unigram models list pairs of token and score, the others map tokens to ids.
  if (Array.isArray(vocab)) for (const [id, entry] of vocab.entries()) ids.set(String((entry as unknown[])[0]), id);
  else if (isRecord(vocab)) for (const [token, id] of Object.entries(vocab)) ids.set(token, Number(id));
  for (const added of Array.isArray(json.added_tokens) ? json.added_tokens : []) {
    if (isRecord(added)) ids.set(String(added.content), Number(added.id));
  }
  return ids;
}

/** How many tokens of a vocabulary another one has under another id, or not at all; ids from `rows` on do not count. */
export function movedTokens(vocabulary: Vocabulary, other: Vocabulary, rows: number): number {
  return [...vocabulary].filter(([token, id]) => id < rows && other.get(token) !== id).length;
}

/** Rows an embedding needs for a vocabulary: up to the highest id, but no more than there are. */
export function rowsFor(vocabulary: Vocabulary, rows: number): number {
  let highest = -1;
  for (const id of vocabulary.values()) if (id < rows && id > highest) highest = id;
  return highest + 1;
}
