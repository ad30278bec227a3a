/** Lists of hashes that name the stories of a corpus, so that it can be rebuilt without being handed on. */
import { readFileSync } from "node:fs";
import { UserError } from "../../errors.js";
import { type Corpus, textHash } from "../corpus.js";

/**
 * A corpus by the hashes of its texts.
 *
 * A text is looked for by the first 16 of the 64 digits of its SHA-256: among ten million candidates one chance in 10⁸ that
 * any of 12,901 is mistaken, and then `sha256`, which is over all digits, does not fit. So the file is a quarter as large,
 * and still proves every byte.
 */
export type Manifest = {
  readonly name: string;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
  /** The `corpusHash` of the texts. */
  readonly sha256: string;
  /** The first digits of each text's SHA-256, in order. */
  readonly keys: readonly string[];
};

const DIGITS = 16;

/** What a text is looked for by. */
export function keyOf(text: string): string {
  return textHash(text).slice(0, DIGITS);
}

/** The manifest of a corpus as a file: a header of `# name: value` lines, then a key a line. */
export function manifestText({ name, texts, bytes, sha256 }: Corpus): string {
  const header = [
    `# corpus: ${name}`,
    `# texts: ${texts.length}`,
    `# bytes: ${bytes}`,
    `# sha256: ${sha256}`,
    "# sha256 is that of the texts' own SHA-256s in hexadecimal, each followed by a line feed.",
    `# Below: the first ${DIGITS} digits of each text's SHA-256, in order.`,
  ];
  return [...header, ...texts.map(keyOf), ""].join("\n");
}

/**
 * Reads a manifest.
 *
 * @param path file that {@link manifestText} describes
 * @returns the manifest
 * @throws UserError when the file cannot be read or is damaged
 */
export function readManifest(path: string): Manifest {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the manifest cannot be read: ${reason}`, { where: path, fix: restore });
  }
  const header = new Map(Array.from(content.matchAll(/^# (\w+): (.*)$/gm), ([, name, value]) => [name, value]));
  const keys = content.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const manifest = {
    name: header.get("corpus") ?? "",
    bytes: Number(header.get("bytes")),
    sha256: header.get("sha256") ?? "",
    keys,
  };
  const sound =
    manifest.name !== "" &&
    /^[0-9a-f]{64}$/.test(manifest.sha256) &&
    keys.length > 0 &&
    keys.length === Number(header.get("texts")) &&
    new Set(keys).size === keys.length &&
    keys.every((key) => /^[0-9a-f]{16}$/.test(key));
  if (!sound) throw new UserError("the manifest is damaged", { where: path, fix: restore });
  return manifest;
}

/** What mends a damaged manifest. */
export const restore = "It is part of the project: restore it from version control";
