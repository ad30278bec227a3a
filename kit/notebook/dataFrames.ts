import type { Bundle } from "./host.js";
import { DISPLAY, registerRenderer } from "./rendering.js";
import { table } from "./table.js";

/** Rows that are shown. */
const ROWS = 20;

/** The part of danfojs' data frames that is shown; the package itself is not loaded for it. */
type Frame = { readonly columns: readonly string[]; readonly values: readonly (readonly unknown[])[] };

/**
 * How a data frame looks: a table of its first rows. What is not a number shows as missing.
 *
 * @param frame one of danfojs, such as `lab.frame` gives
 * @returns the bundle
 */
export function frameBundle({ columns, values }: Frame): Bundle {
  const shown = values.slice(0, ROWS);
  const more = values.length > ROWS ? `, the first ${ROWS}` : "";
  const rows = shown.map((row) => Object.fromEntries(columns.map((column, i) => [column, present(row[i])])));
  const caption = `${values.length} rows × ${columns.length} columns${more}`;
  return table(rows, { columns, caption })[DISPLAY]() as Bundle;
}

function present(value: unknown): unknown {
  return typeof value === "number" && Number.isNaN(value) ? undefined : value;
}

function isFrame(value: unknown): value is Frame {
  if (typeof value !== "object" || value === null || value.constructor?.name !== "DataFrame") return false;
  return "columns" in value && Array.isArray(value.columns) && "values" in value;
}

registerRenderer(isFrame, frameBundle);
