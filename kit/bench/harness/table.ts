import type { Spread } from "./rounds.js";

/** A table for the terminal: the first column left, all others right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? "")].length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const text = row[column] ?? "";
        const space = " ".repeat(width - [...text].length);
        return column === 0 ? text + space : space + text;
      })
      .join("  ")
      .trimEnd();
  return [line(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** `median (min–max)`. */
export function shown({ median, min, max }: Spread, digits = 0): string {
  const text = (value: number): string => value.toFixed(digits);
  return `${text(median)} (${text(min)}–${text(max)})`;
}

/** `1.36 GB`. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}
