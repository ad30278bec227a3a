/** Markdown tables as the harness's library writes them: columns of numbers right-aligned, with one number of decimals. */

type Kind = "integer" | "real" | "special" | "empty" | "text";

type Cell = { readonly text: string; readonly kind: Kind };

/** What kind of column cells make together. */
type Column = { readonly alignment: "left" | "right"; readonly mixed: boolean; readonly decimals: number };

/** Least width of a column. */
const LEAST = 3;

/**
 * A table of texts. Texts that are numbers are numbers: they are written anew with as many decimals as the longest of their
 * column needs, and none where all are whole.
 *
 * @param headers one for each column
 * @param rows cells as texts
 * @returns lines, each ended by a line feed
 * @source pytablewriter 1.2.1, MarkdownTableWriter
 */
export function markdownTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = headers.map((header, i) => {
    const cells = rows.map((row) => cellOf(row[i]));
    const column = columnOf(cells);
    const texts = cells.map((cell) => written(cell, column).replaceAll("|", "\\|"));
    const width = Math.max(LEAST, widthOf(header), ...cells.map((cell) => widthOf(written(cell, column))));
    const separator = column.alignment === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width);
    const body = texts.map((text, row) => padded(text, width, isRight(cells[row], column)));
    return [centred(header, width), separator, ...body];
  });
  return Array.from({ length: rows.length + 2 }, (_, i) => `|${columns.map((lines) => lines[i]).join("|")}|\n`).join(
    "",
  );
}

function cellOf(text: string): Cell {
  if (text.trim() === "") return { text: "", kind: "empty" };
  if (/^(nan|inf|-inf)$/.test(text)) return { text, kind: "special" };
  if (!/^-?\d+(\.\d+)?$/.test(text)) return { text, kind: "text" };
  return { text, kind: /\.\d*[1-9]/.test(text) ? "real" : "integer" };
}

function columnOf(cells: readonly Cell[]): Column {
  const kinds = new Set(cells.map(({ kind }) => kind));
  const decimals = Math.max(0, ...cells.filter(({ kind }) => kind === "real").map(({ text }) => decimalsOf(text)));
  const numbers = (["integer", "real", "special"] as const).filter((kind) => kinds.has(kind)).length;
  if (kinds.has("text")) return { alignment: "left", mixed: true, decimals };
  // One kind of number by itself; what is not a number needs company to count as one.
  const right = kinds.has("integer") || kinds.has("real") || (kinds.has("special") && kinds.has("empty"));
  const real = kinds.has("real") || numbers > 1;
  return { alignment: right ? "right" : "left", mixed: false, decimals: real ? decimals : 0 };
}

/** Decimals of a number at its shortest. */
function decimalsOf(text: string): number {
  return String(Math.abs(Number(text))).split(".")[1]?.length ?? 0;
}

function written({ text, kind }: Cell, { mixed, decimals }: Column): string {
  if (kind === "special") return text === "nan" ? "NaN" : text.replace("inf", "Infinity");
  if (kind === "real" || (kind === "integer" && !mixed)) return fixed(text, decimals);
  return kind === "integer" ? fixed(text, 0) : text;
}

/** The same number with so many decimals, of which it needs no more. */
function fixed(text: string, decimals: number): string {
  const [whole, rest = ""] = text.split(".");
  return decimals === 0 ? whole : `${whole}.${rest.slice(0, decimals).padEnd(decimals, "0")}`;
}

function isRight({ kind }: Cell, { alignment, mixed }: Column): boolean {
  return mixed ? kind === "integer" || kind === "real" : alignment === "right";
}

function padded(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

function centred(text: string, width: number): string {
  const space = width - widthOf(text);
  const before = Math.floor(space / 2);
  return " ".repeat(before) + text + " ".repeat(space - before);
}

/** Columns of a terminal that a text takes: characters of East Asian scripts take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += wide.test(character) ? 2 : 1;
  return width;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
