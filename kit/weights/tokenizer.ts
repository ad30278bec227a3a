import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { exists, fileError } from "../source/files.js";
import type { GgufVocabulary, Tokenizer, TrainedTokenizerJson } from "../text/index.js";
import { readJson } from "./json.js";

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
  const { tokenizer, where } = await read(source);
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

async function read(source: TokenizerSource): Promise<{ tokenizer?: Tokenizer; where?: string }> {
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
  if (await exists(model)) return { tokenizer: text.tokenizerFromSentencePiece(await bytesAt(model)), where: model };
  const where = await llama2cTokenizer(folder);
  return where === undefined ? {} : { tokenizer: text.tokenizerFromLlama2c(await bytesAt(where)), where };
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
