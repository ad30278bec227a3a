import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { exists, fileError } from "../source/files.js";
import type { GgufVocabulary, Tokenizer, TrainedTokenizerJson } from "../text/index.js";
import { isRecord, readJson } from "./json.js";

/** Where a checkpoint's tokenizer is described. */
export type TokenizerSource =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "gguf"; readonly vocabulary: GgufVocabulary };

/**
 * Reads a checkpoint's tokenizer, if it brings one.
 *
 * @param source where it is described
 * @param vocab rows of the model's embedding, which the tokenizer's ids must fit
 * @throws UserError when it is damaged, of an unsupported kind, or does not fit the model
 */
export async function tokenizerOf(source: TokenizerSource, vocab: number): Promise<Tokenizer | undefined> {
  const { tokenizer, where } = await readTokenizer(source, vocab);
  if (tokenizer !== undefined) (await import("../text/index.js")).assertFits(tokenizer, vocab, where);
  return tokenizer;
}

/**
 * A checkpoint's tokenizer, for those who cannot do without.
 *
 * @param name what was loaded, for the message
 * @throws UserError when the checkpoint brings none
 */
export function requireTokenizer(name: string, tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new UserError(`${name} has no tokenizer`, {
    expected: "tokenizer.json or tokenizer.model beside the weights",
    fix: "Copy it from where the weights come from",
  });
}

/** A tokenizer and the file it is from; nothing when there is none. Whether it fits the model is not looked at. */
export async function readTokenizer(
  source: TokenizerSource,
  vocab: number,
): Promise<{ readonly tokenizer?: Tokenizer; readonly where?: string }> {
  const text = await import("../text/index.js");
  if (source.kind === "gguf") return { tokenizer: text.tokenizerFromGguf(source.vocabulary) };
  const { folder } = source;
  const json = join(folder, "tokenizer.json");
  if (await exists(json)) {
    const config = join(folder, "tokenizer_config.json");
    const roles = (await exists(config)) ? await readJson(config) : undefined;
    const stored = await readJson(json, 64e6);
    return { tokenizer: text.openTokenizer(stored as TrainedTokenizerJson, roles), where: json };
  }
  const model = join(folder, "tokenizer.model");
  if (await exists(model)) {
    const tokenizer = text.tokenizerFromSentencePiece(await bytesAt(model));
    await assertWhole(folder, tokenizer.vocab, vocab);
    return { tokenizer, where: model };
  }
  const where = await llama2cTokenizer(folder);
  return where === undefined ? {} : { tokenizer: text.tokenizerFromLlama2c(await bytesAt(where)), where };
}

/** Ids of the tokens that transformers adds to those of a `tokenizer.model`, by the file that lists them. */
const addedIds: { readonly [file: string]: (json: Readonly<Record<string, unknown>>) => number[] } = {
  "added_tokens.json": (json) => Object.values(json).map(Number),
  "tokenizer_config.json": ({ added_tokens_decoder: added }) => (isRecord(added) ? Object.keys(added).map(Number) : []),
};

/** Markers that the model was trained with and the tokenizer takes for text would be a silent mistake. */
async function assertWhole(folder: string, pieces: number, vocab: number): Promise<void> {
  for (const [name, idsOf] of Object.entries(addedIds)) {
    const path = join(folder, name);
    const json = (await exists(path)) ? await readJson(path) : undefined;
    const missing = isRecord(json) ? idsOf(json).filter((id) => id >= pieces && id < vocab) : [];
    if (missing.length === 0) continue;
    throw new UserError(`tokenizer.model has ${pieces} pieces, and the model's tokens ${missing.join(", ")} are none`, {
      where: path,
      expected: "a tokenizer.json beside it, which has them",
      fix: `Write it with transformers: AutoTokenizer.from_pretrained("${folder}").save_pretrained("${folder}")`,
    });
  }
}

/** llama2.c keeps its vocabulary in a file of its own: `tokenizer.bin`, or `tok512.bin` for another size. */
async function llama2cTokenizer(folder: string): Promise<string | undefined> {
  const [name] = (await readdir(folder)).filter((name) => /^tok(enizer)?\d*\.bin$/.test(name)).sort();
  return name && join(folder, name);
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error) => {
    throw fileError(error, "read", path);
  });
}
