/** Rows of files as documents of a task: plain JSON, all with the same columns. */
import { UserError } from "../../errors.js";
import { type Row, readRows } from "../../text/index.js";
import type { Json } from "../python/text.js";
import type { Doc } from "../tasks/config.js";

/**
 * All rows of files. Every row has every column: what a row lacks is `null`, as in the library the harness uses.
 *
 * JavaScript has one kind of number: a float that is whole, `3.0` in JSON or in a column of floats, is the integer 3 here, and
 * prints as `3` where the harness prints `3.0`. In prompts that are to be the same, such a column has to be texts.
 *
 * @throws UserError with the line, when a file cannot be read or has a row that is empty or no object
 */
export async function readDocs(...paths: readonly string[]): Promise<readonly Doc[]> {
  const rows: Doc[] = [];
  for (const path of paths) for await (const row of readRows(path)) rows.push(documentOf(row));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
}

function documentOf({ columns, where }: Row): Doc {
  if (Object.keys(columns).length > 0) return plain(columns) as Doc;
  throw new UserError("the document is empty", { where, expected: "an object with a field for each column" });
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
