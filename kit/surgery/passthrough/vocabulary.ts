import { join } from "node:path";
import { exists } from "../../source/files.js";
import { isRecord, readJson } from "../../weights/json.js";
import type { MergeSource } from "./source.js";

/** The ids of tokens by their text. */
export type Vocabulary = ReadonlyMap<string, number>;

/**
 * The vocabulary in a model's `tokenizer.json`; `undefined` when there is no such file.
 *
 * @throws UserError when the file is no JSON
 */
export async function vocabularyOf({ info: { folder } }: MergeSource): Promise<Vocabulary | undefined> {
  const file = folder === undefined ? undefined : join(folder, "tokenizer.json");
  if (file === undefined || !(await exists(file))) return undefined;
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
