import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../errors.js";

/** Options of {@link readDocuments}. */
export type ReadDocumentsOptions = {
  /** What stands between two documents; default `<|endoftext|>`, as in the published TinyStories files. */
  readonly boundary?: string;
  /** Take line breaks and spaces at both ends away; default `true`. */
  readonly trim?: boolean;
};

/**
 * The texts of a JSON Lines file, read as they are asked for.
 *
 * @param path file with one object a line; empty lines are skipped
 * @param field field that holds the text; default `text`
 * @yields one text after another
 * @throws UserError for a file that cannot be read, is no UTF-8, or has a line without that field
 */
export function* readJsonl(path: string, field = "text"): Generator<string> {
  for (const { value, where } of readJsonLines(path)) {
    const text = typeof value === "object" && value !== null ? (value as { [key: string]: unknown })[field] : undefined;
    if (typeof text !== "string") {
      throw new UserError(`this line has no text in "${field}"`, { where, expected: "a string" });
    }
    yield text;
  }
}

/** The value of a line, and where it stands: `FILE:LINE`. */
export type JsonLine = { readonly value: unknown; readonly where: string };

/**
 * The values of a JSON Lines file, whatever they are, read as they are asked for.
 *
 * @param path file with one value a line; empty lines are skipped
 * @throws UserError for a file that cannot be read or is no UTF-8, and for a line that is no JSON
 */
export function* readJsonLines(path: string): Generator<JsonLine> {
  let number = 0;
  for (const line of readPieces(path, "\n")) {
    const where = `${path}:${++number}`;
    if (line.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new UserError("this line is no JSON", { where, expected: "one JSON object a line" });
    }
    yield { value, where };
  }
}

/**
 * The documents of a plain text file, read as they are asked for.
 *
 * @param path file
 * @param options what stands between documents, and whether ends are trimmed
 * @yields one document after another; empty ones are skipped
 * @throws UserError for a file that cannot be read or is no UTF-8
 */
export function* readDocuments(path: string, options: ReadDocumentsOptions = {}): Generator<string> {
  const { boundary = "<|endoftext|>", trim = true } = options;
  if (boundary === "") throw new UserError("the boundary is empty", { where: "readDocuments" });
  for (const piece of readPieces(path, boundary)) {
    const text = trim ? piece.trim() : piece;
    if (text !== "") yield text;
  }
}

const CHUNK = 1 << 20;

/** A file's text cut at a boundary, in chunks: a file may be larger than the memory. */
export function* readPieces(path: string, boundary: string): Generator<string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the file cannot be read: ${reason}`, { where: path });
  }
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const chunk = new Uint8Array(CHUNK);
    let rest = "";
    // Where a boundary can begin: what was searched before need not be searched again.
    let searched = 0;
    for (let at = 0; ; ) {
      const length = readSync(file, chunk, 0, CHUNK, at);
      at += length;
      rest += decode(decoder, chunk.subarray(0, length), length > 0, path, at);
      let end = rest.indexOf(boundary, searched);
      let start = 0;
      for (; end >= 0; end = rest.indexOf(boundary, start)) {
        yield rest.slice(start, end);
        start = end + boundary.length;
      }
      rest = rest.slice(start);
      searched = Math.max(0, rest.length - boundary.length + 1);
      if (length === 0) break;
    }
    if (rest !== "") yield rest;
  } finally {
    closeSync(file);
  }
}

function decode(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
  stream: boolean,
  path: string,
  at: number,
): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new UserError("the file is no UTF-8 text", { where: `${path}, before byte ${at}` });
  }
}
