/** A row of a word list: its word, and what belongs to that word in the columns after it. */
export type Row = readonly string[];

/** Words separated by commas or line breaks. */
export function words(text: string): readonly Row[] {
  return text
    .split(/[,\n]/)
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .map((word) => [word]);
}

/** Rows on lines of their own, columns separated by `|`. */
export function rows(text: string): readonly Row[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => line.split("|").map((cell) => cell.trim()));
}
