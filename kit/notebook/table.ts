import { formatNumber } from "../numbers.js";
import { DISPLAY, type Displayable, PRINT } from "./rendering.js";
import { escapeHtml } from "./text.js";

/** A row of a table: values by column. */
export type Row = Readonly<Record<string, unknown>>;

/** How one column looks. */
export type Column = {
  /** The key in the rows. */
  readonly key: string;
  /** The heading; defaults to the key. */
  readonly title?: string;
  /** Significant digits of numbers; defaults to 4. */
  readonly digits?: number;
  /** Turns a value into text; overrides `digits`. */
  readonly format?: (value: unknown) => string;
};

export type TableOptions = {
  /** Columns in order, by key or in full; defaults to the keys of all rows. */
  readonly columns?: readonly (string | Column)[];
  readonly caption?: string;
};

/** A table value: shown by a notebook, printable as text, usable as Markdown. */
export type Table = Displayable & { readonly markdown: string; toString(): string };

type Cells = {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly right: readonly boolean[];
};

/**
 * A table of rows. Missing values show as `–`, never as zero.
 *
 * @param rows objects with the same keys, or some of them
 * @param options columns and caption
 * @returns the table; the last expression of a cell shows it, `show(table(…))` shows it elsewhere
 */
export function table(rows: readonly Row[], options: TableOptions = {}): Table {
  const cells = layOut(rows, options.columns ?? [...new Set(rows.flatMap(Object.keys))]);
  const text = plain(cells, options.caption);
  const markdown = asMarkdown(cells, options.caption);
  return {
    markdown,
    toString: () => text,
    [PRINT]: () => text,
    [DISPLAY]: () => ({ "text/html": html(cells, options.caption), "text/markdown": markdown, "text/plain": text }),
  };
}

function layOut(rows: readonly Row[], columns: readonly (string | Column)[]): Cells {
  const full = columns.map((column): Column => (typeof column === "string" ? { key: column } : column));
  return {
    titles: full.map(({ key, title }) => title ?? key),
    rows: rows.map((row) => full.map((column) => cellText(row[column.key], column))),
    right: full.map(({ key }) => rows.some((row) => typeof row[key] === "number" || typeof row[key] === "bigint")),
  };
}

function cellText(value: unknown, { format, digits }: Column): string {
  if (format !== undefined) return format(value);
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return formatNumber(value, digits);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

function plain({ titles, rows, right }: Cells, caption: string | undefined): string {
  const widths = titles.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i]))));
  const pad = (text: string, i: number): string => {
    const space = " ".repeat(widths[i] - width(text));
    return right[i] ? space + text : text + space;
  };
  const line = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  const rule = widths.map((n) => "─".repeat(n)).join("  ");
  return [...(caption === undefined ? [] : [caption]), line(titles), rule, ...rows.map(line)].join("\n");
}

function width(text: string): number {
  return [...text].length;
}

function asMarkdown({ titles, rows, right }: Cells, caption: string | undefined): string {
  const inCell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\n/g, " ");
  const line = (cells: readonly string[]): string => `| ${cells.map(inCell).join(" | ")} |`;
  const head = [line(titles), line(right.map((is) => (is ? "--:" : "---")))];
  return [...(caption === undefined ? [] : [`**${caption}**`, ""]), ...head, ...rows.map(line)].join("\n");
}

function html({ titles, rows, right }: Cells, caption: string | undefined): string {
  const style = (i: number): string => (right[i] ? ' style="text-align: right"' : ' style="text-align: left"');
  const line = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((text, i) => `<${tag}${style(i)}>${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
  const head = caption === undefined ? "" : `<caption>${escapeHtml(caption)}</caption>`;
  return `<table>${head}<thead>${line("th", titles)}</thead><tbody>${rows.map((row) => line("td", row)).join("")}</tbody></table>`;
}
