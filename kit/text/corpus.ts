import { createHash } from "node:crypto";
import { UserError } from "../errors.js";

/** Texts with their exact size and a hash that names them. */
export type Corpus = {
  readonly name: string;
  readonly texts: readonly string[];
  /** UTF-8 bytes of all texts, without anything between them. */
  readonly bytes: number;
  /** Names exactly these texts in this order; see {@link corpusHash}. */
  readonly sha256: string;
};

/**
 * Texts as a corpus.
 *
 * @param name what to call it in a record
 * @param texts the texts: a list, or what a reader yields
 * @returns the corpus
 * @throws UserError when there is no text
 */
export function corpus(name: string, texts: Iterable<string>): Corpus {
  const list = Array.from(texts);
  if (list.length === 0) throw new UserError(`the corpus "${name}" has no texts`, { where: "corpus" });
  return { name, texts: list, bytes: list.reduce((sum, text) => sum + utf8Bytes(text), 0), sha256: corpusHash(list) };
}

/** UTF-8 bytes of a text. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export function textHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** SHA-256 of the texts' own hashes, each followed by a line feed: what `sha256sum` says of a manifest file. */
export function corpusHash(texts: Iterable<string>): string {
  const all = createHash("sha256");
  for (const text of texts) all.update(`${textHash(text)}\n`);
  return all.digest("hex");
}

/**
 * Whether a text is for validation.
 *
 * @param hash its {@link textHash}
 * @param share of texts for validation, 0 to 1
 */
export function isHeldOut(hash: string, share: number): boolean {
  // 52 bits of the hash, read as a fraction.
  return Number.parseInt(hash.slice(0, 13), 16) / 2 ** 52 < share;
}

/**
 * Splits a corpus by a hash of each text.
 *
 * Which side a text falls on depends on the text alone, so that a text never changes sides when others come or go, and
 * equal texts are always on the same side.
 *
 * @param whole corpus to split
 * @param validation share of texts for validation, 0 to 1; met on average
 * @returns both sides, in the order of the corpus, named `…/train` and `…/validation`
 * @throws UserError when a side has no text
 */
export function splitCorpus(
  whole: Corpus,
  validation: number,
): { readonly train: Corpus; readonly validation: Corpus } {
  if (!(validation > 0 && validation < 1)) {
    throw new UserError(`the share for validation is ${validation}`, {
      where: "splitCorpus",
      expected: "0 < share < 1",
    });
  }
  const held = whole.texts.map((text) => isHeldOut(textHash(text), validation));
  return {
    train: corpus(
      `${whole.name}/train`,
      whole.texts.filter((_, i) => !held[i]),
    ),
    validation: corpus(
      `${whole.name}/validation`,
      whole.texts.filter((_, i) => held[i]),
    ),
  };
}
