import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { smallConfig, smallShapes, writeSmall } from "../../weights/testing/llama.js";

/** Writes a small Llama in bfloat16 as a Hugging Face folder; see {@link smallConfig}. */
export function writeLlama(folder: string, layers: number, config: Readonly<Record<string, unknown>> = {}): string {
  return writeSmall(folder, { ...smallConfig, num_hidden_layers: layers, ...config }, smallShapes(layers));
}

/** Gives a folder a tokenizer of these tokens, whose ids are their places. */
export function writeVocabulary(folder: string, tokens: readonly string[]): void {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const json = { version: "1.0", added_tokens: [], model: { type: "WordLevel", vocab, unk_token: tokens[0] } };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json));
}

/** Writes a configuration into a folder and returns its path. */
export function writeConfig(folder: string, text: string): string {
  const file = join(folder, "merge.yml");
  writeFileSync(file, text);
  return file;
}
