/** Texts of a Parquet file, the form in which the hub keeps data sets. */
import type { AsyncBuffer, FileMetaData } from "hyparquet";
import { UserError } from "../../errors.js";
import { openToRead, readFully } from "../../source/files.js";

/**
 * The texts of one column, read row group by row group: a file may be larger than the memory.
 *
 * @param path file; uncompressed or compressed with Snappy, as the hub's are
 * @param column a column of strings
 * @yields one text after another; rows without one are passed over
 * @throws UserError when the file is no Parquet, damaged, compressed in another way, or has no such column
 */
export async function* readParquet(path: string, column: string): AsyncGenerator<string> {
  for await (const { [column]: text } of rowsOf(path, column)) if (typeof text === "string") yield text;
}

/**
 * The rows of a table with all their columns, lists and structures included.
 *
 * @param path as for {@link readParquet}
 * @yields one row after another: values as the library reads them, 64-bit integers as `bigint`
 * @throws UserError as {@link readParquet}
 */
export async function* readParquetRows(path: string): AsyncGenerator<{ readonly [column: string]: unknown }> {
  yield* rowsOf(path);
}

async function* rowsOf(path: string, column?: string): AsyncGenerator<{ readonly [column: string]: unknown }> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { handle, size } = await openToRead(path);
  try {
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(Math.max(0, end - start));
        await readFully(handle, bytes, start, path);
        return bytes.buffer;
      },
    };
    const metadata = await reading(path, () => parquetMetadataAsync(file));
    if (column !== undefined) checkColumn(metadata, column, path);
    const columns = column === undefined ? undefined : [column];
    let row = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowStart = row;
      row += Number(num_rows);
      yield* await reading(path, () => parquetReadObjects({ file, metadata, columns, rowStart, rowEnd: row }));
    }
  } finally {
    await handle.close();
  }
}

function checkColumn({ schema }: FileMetaData, column: string, path: string): void {
  const names = schema.slice(1).map(({ name }) => name);
  if (names.includes(column)) return;
  throw new UserError(`the file has no column "${column}"`, { where: path, expected: `one of ${names.join(", ")}` });
}

/** The library throws plain errors for files it cannot read. */
async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the Parquet file cannot be read: ${reason}`, { where: path, fix: "Fetch it again" });
  }
}
