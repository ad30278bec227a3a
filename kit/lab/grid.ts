/** Tables as text: Markdown for people, CSV for programs. */

/** What stands where there is nothing: never a zero. */
export const missing = "—";

/** A column: its heading, and what it says of a row. */
export type GridColumn<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand flush right. */
  readonly right?: boolean;
};

/** A table of Markdown. */
export function markdownGrid<Row>(columns: readonly GridColumn<Row>[], rows: readonly Row[]): string {
  const text = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => text(title))),
    line(columns.map(({ right }) => (right === true ? "--:" : "---"))),
    ...rows.map((row) => line(columns.map(({ cell }) => text(cell(row))))),
  ].join("\n");
}

/**
 * A table of comma-separated values: a line of titles, then one for each row, each ended by a line feed.
 *
 * @source RFC 4180, with its line ends exchanged
 */
export function csvGrid<Row>(columns: readonly GridColumn<Row>[], rows: readonly Row[]): string {
  const text = (cell: string): string => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const line = (cells: readonly string[]): string => `${cells.map(text).join(",")}\n`;
  const body = rows.map((row) => line(columns.map(({ cell }) => cell(row))));
  return [line(columns.map(({ title }) => title)), ...body].join("");
}

/** A number with fixed decimals and a true minus sign, or what stands for nothing. */
export function decimals(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return missing;
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** The same of what is never 0: one that would be rounded to it is said to be smaller than the last decimal. */
export function aboveZero(value: number | undefined, digits: number): string {
  const least = 10 ** -digits;
  return value !== undefined && value < least / 2 ? `< ${decimals(least, digits)}` : decimals(value, digits);
}

/** A number with its sign, for differences. */
export function signed(value: number | undefined, digits: number): string {
  const text = decimals(value, digits);
  return text === missing || text.startsWith("−") || /^0\.?0*$/.test(text) ? text : `+${text}`;
}

/** A number for a program: plain digits, nothing for what is missing. */
export function plain(value: number | undefined, digits = 6): string {
  return value === undefined || !Number.isFinite(value) ? "" : String(Number(value.toFixed(digits)));
}
