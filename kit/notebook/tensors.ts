import { isTensor, read, type Tensor } from "../engine/index.js";
import { formatNumber } from "../numbers.js";
import type { Bundle } from "./host.js";
import { registerRenderer } from "./rendering.js";
import { escapeHtml } from "./text.js";

/** Rows and columns of a preview; the middle is left out. */
const ROWS = 6;
const COLUMNS = 8;
/** Larger tensors show their shape only: reading copies all of a tensor. */
const MAX_READ = 8_000_000;

/**
 * How a tensor looks: type, shape, range and a corner of its values.
 *
 * @param x any tensor; a tensor without a value (inside `compile`) shows its shape
 * @returns the bundle
 */
export function tensorBundle(x: Tensor): Bundle {
  const head = `Tensor ${x.dtype} [${x.shape.join(", ")}]`;
  const values = x.size <= MAX_READ ? tryRead(x) : undefined;
  if (values === undefined) return { "text/plain": `${head}, ${formatNumber(x.size)} elements` };
  if (x.size === 1) return { "text/plain": `${head} ${formatNumber(values[0], 6)}` };
  const facts = `${head}, ${summary(values)}`;
  const grid = preview(values, x.shape);
  const plain = [facts, ...grid.map((row) => row.map((cell) => cell.padStart(9)).join(" "))].join("\n");
  const rows = grid.map(
    (row) => `<tr>${row.map((cell) => `<td style="text-align: right">${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  return {
    "text/html": `<div><code>${escapeHtml(facts)}</code><table style="font-variant-numeric: tabular-nums">${rows.join("")}</table></div>`,
    "text/plain": plain,
  };
}

function tryRead(x: Tensor): ArrayLike<number> | undefined {
  try {
    return read(x);
  } catch {
    return undefined;
  }
}

function summary(values: ArrayLike<number>): string {
  let [low, high, sum, bad] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) bad++;
    else {
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
  }
  const count = values.length - bad;
  const range = count === 0 ? "" : `${formatNumber(low)} … ${formatNumber(high)}, mean ${formatNumber(sum / count)}`;
  return bad === 0 ? range : `${range}${range === "" ? "" : ", "}${bad} not finite`;
}

/** The corner of the last two axes (at the start of the others), with `…` where values are left out. */
function preview(values: ArrayLike<number>, shape: readonly number[]): string[][] {
  const columns = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  return pick(rows, ROWS).map((row) =>
    pick(columns, COLUMNS).map((column) =>
      row < 0 || column < 0 ? "…" : formatNumber(values[row * columns + column], 4),
    ),
  );
}

function pick(count: number, most: number): number[] {
  const all = Array.from({ length: Math.min(count, most) }, (_, i) => i);
  if (count <= most) return all;
  return all.map((i) => (i < most - 2 ? i : i === most - 2 ? -1 : count - 1));
}

registerRenderer(isTensor, tensorBundle);
