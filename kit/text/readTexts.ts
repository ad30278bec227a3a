import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";
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

/** A file's text cut at a boundary, in chunks: a file may be larger than the memory. One ending in `.gz` is unpacked. */
export function* readPieces(path: string, boundary: string): Generator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  // Where a boundary can begin: what was searched before need not be searched again.
  let searched = 0;
  for (const { bytes, end: at } of chunksOf(path)) {
    rest += decode(decoder, bytes, path, at);
    let end = rest.indexOf(boundary, searched);
    let start = 0;
    for (; end >= 0; end = rest.indexOf(boundary, start)) {
      yield rest.slice(start, end);
      start = end + boundary.length;
    }
    rest = rest.slice(start);
    searched = Math.max(0, rest.length - boundary.length + 1);
  }
  if (rest !== "") yield rest;
}

/** Bytes of a file and where they end; the last ones are none. */
type Chunk = { readonly bytes: Uint8Array; readonly end: number };

function chunksOf(path: string): Iterable<Chunk> {
  return path.endsWith(".gz") ? unpackedChunks(path) : plainChunks(path);
}

function* plainChunks(path: string): Generator<Chunk> {
  const file = reading(path, () => openSync(path, "r"));
  try {
    const chunk = new Uint8Array(CHUNK);
    for (let end = 0, length = CHUNK; length > 0; ) {
      length = reading(path, () => readSync(file, chunk, 0, CHUNK, end));
      end += length;
      yield { bytes: chunk.subarray(0, length), end };
    }
  } finally {
    closeSync(file);
  }
}

function* unpackedChunks(path: string): Generator<Chunk> {
  const bytes = wholeFile(path);
  for (let start = 0; start < bytes.length; start += CHUNK) {
    const end = Math.min(bytes.length, start + CHUNK);
    yield { bytes: bytes.subarray(start, end), end };
  }
  yield { bytes: new Uint8Array(0), end: bytes.length };
}

/** All bytes of a file, unpacked where its name ends in `.gz`. */
function wholeFile(path: string): Buffer {
  return reading(path, () => {
    const bytes = readFileSync(path);
    return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  });
}

function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the file cannot be read: ${reason}`, { where: path });
  }
}

/** Text of bytes that follow those of the call before; none at all end it. */
function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, path: string, at: number): string {
  try {
    return decoder.decode(bytes, { stream: bytes.length > 0 });
  } catch {
    throw new UserError("the file is no UTF-8 text", { where: `${path}, before byte ${at}` });
  }
}
