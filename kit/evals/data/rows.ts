/** Rows of files: JSON, JSON Lines and Parquet, compressed with gzip or not. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../errors.js";
import { readParquetRows } from "../../text/index.js";
import type { Json } from "../python/text.js";
import type { Doc } from "../tasks/config.js";

/** Endings of files that {@link readRows} reads. */
export const rowFiles: RegExp = /\.(jsonl|json|parquet)(\.gz)?$/;

/**
 * All rows of a file. Every row has every column: what a row lacks is `null`, as in the library the harness uses.
 *
 * @throws UserError with the line, when the file cannot be read or has a row that is no object
 */
export async function readRows(path: string): Promise<readonly Doc[]> {
  const rows = path.endsWith(".parquet") ? await parquetRows(path) : jsonRows(path);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
}

function jsonRows(path: string): Doc[] {
  const text = content(path);
  // A JSON file is a list of rows, or has one in each line like JSON Lines.
  if (text.trimStart().startsWith("[")) {
    const list = parsed(text, path);
    if (Array.isArray(list)) return list.map((row, i) => checked(row, `${path}, row ${i}`));
  }
  return text.split("\n").flatMap((line, i) => {
    return line.trim() === "" ? [] : [checked(parsed(line, `${path}:${i + 1}`), `${path}:${i + 1}`)];
  });
}

function content(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the data cannot be read: ${reason}`, { where: path });
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError("this is no JSON", { where, expected: "one object a line, or a list of objects" });
  }
}

function checked(row: unknown, where: string): Doc {
  if (typeof row === "object" && row !== null && !Array.isArray(row) && Object.keys(row).length > 0) return row as Doc;
  throw new UserError("the document is empty or no object", { where, expected: "an object with a field a column" });
}

async function parquetRows(path: string): Promise<Doc[]> {
  const rows: Doc[] = [];
  for await (const row of readParquetRows(path)) rows.push(checked(plain(row), path));
  return rows;
}

/** A value of a Parquet file as JSON has it. */
function plain(value: unknown): Json {
  if (typeof value === "bigint") return Number(value);
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return value as Json;
}
