/** Numbers and tables as text for a terminal. */
import { formatRanges } from "../numbers.js";

/** Rows in columns; columns that `right` names are flush right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text: string, column: number): string =>
    right.includes(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `0, 1, 2, 5` as `{0-2,5}`, and `3` as `3`. */
export function ranges(numbers: readonly number[]): string {
  const text = formatRanges(numbers);
  return numbers.length === 1 ? text : `{${text}}`;
}
