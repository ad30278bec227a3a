/** Rows of the files in which data sets are kept. */
import { UserError } from "../../errors.js";
import { readParquetRows } from "../corpora/parquet.js";
import { type JsonLine, readDocuments, readJsonLines, readPieces } from "../readTexts.js";

/** The columns of a row by name. */
export type Columns = { readonly [name: string]: unknown };

/** A row of a data set. */
export type Row = {
  readonly columns: Columns;
  /** For messages: `FILE:LINE`, or `FILE, row N` counted from 1. */
  readonly where: string;
};

type RowReader = (path: string, between?: string) => Iterable<Row> | AsyncIterable<Row>;

/** How files are read by their ending, the ones that are read fastest first. */
const readers: Readonly<Record<string, RowReader>> = {
  parquet: parquetRows,
  jsonl: (path) => jsonLines(path),
  "jsonl.gz": (path) => jsonLines(path),
  json: jsonRows,
  "json.gz": jsonRows,
  txt: textRows,
  "txt.gz": textRows,
};

/** Endings of files that {@link readRows} reads, the best first. */
export const rowEndings: readonly string[] = Object.keys(readers);

/** What a file's name says of its form: `jsonl`, `jsonl.gz`; empty where the name has no point. */
export function endingOf(path: string): string {
  return (/\.([^./\\]*(?:\.gz)?)$/i.exec(path)?.[1] ?? "").toLowerCase();
}

/**
 * The rows of a file, read as they are asked for.
 *
 * JSON Lines and Parquet files may be larger than the memory. A `.json` file is a list of rows, or has one in each line like
 * JSON Lines. A plain text has one column, `text`. All but Parquet may be compressed with gzip; they are then read whole.
 *
 * @param path a file with one of {@link rowEndings}
 * @param between what stands between the documents of a plain text; default `<|endoftext|>`, and no text has it by chance
 * @yields one row after another
 * @throws UserError for another ending, a file that cannot be read, a broken line, or a row that is no object
 */
export async function* readRows(path: string, between?: string): AsyncGenerator<Row> {
  const ending = endingOf(path);
  if (!Object.hasOwn(readers, ending)) {
    throw new UserError("this is no file of rows", { where: path, expected: `one of .${rowEndings.join(", .")}` });
  }
  yield* readers[ending](path, between);
}

async function* parquetRows(path: string): AsyncGenerator<Row> {
  let number = 0;
  for await (const columns of readParquetRows(path)) yield { columns, where: `${path}, row ${++number}` };
}

function* jsonLines(path: string): Generator<Row> {
  for (const line of readJsonLines(path)) yield rowOf(line);
}

function* jsonRows(path: string): Generator<Row> {
  if (!beginsList(path)) return yield* jsonLines(path);
  let list: unknown;
  try {
    list = JSON.parse([...readPieces(path, "\n")].join("\n"));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the file cannot be read as JSON: ${reason}`, { where: path, expected: "a list of objects" });
  }
  let number = 0;
  for (const value of list as readonly unknown[]) yield rowOf({ value, where: `${path}, row ${++number}` });
}

function beginsList(path: string): boolean {
  for (const line of readPieces(path, "\n")) {
    if (line.trim() !== "") return line.trimStart().startsWith("[");
  }
  return false;
}

function* textRows(path: string, between?: string): Generator<Row> {
  let number = 0;
  for (const text of readDocuments(path, { boundary: between })) {
    yield { columns: { text }, where: `${path}, document ${++number}` };
  }
}

function rowOf({ value, where }: JsonLine): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { columns: value as Columns, where };
  throw new UserError("this row is no object", { where, expected: "an object with a field for each column" });
}
