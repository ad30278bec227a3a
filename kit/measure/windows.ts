/** How documents of any length become padded batches of few shapes. */
import { UserError } from "../errors.js";

/** A part of a document that a model reads at once. Positions count from the boundary in front of the document, 0. */
export type Window = {
  readonly document: number;
  /** First position that is read. */
  readonly start: number;
  /** First position that is scored; those before it only give context. */
  readonly scored: number;
  /** Position behind the last. */
  readonly end: number;
};

/** Windows that are read together: `rows` of them, or fewer in the last batch, each padded to `length`. */
export type WindowBatch = { readonly length: number; readonly rows: number; readonly windows: readonly Window[] };

/** `window`: most positions read at once. `stride`: how far a continued window moves on, from 1 to `window`. */
export type WindowRule = { readonly window: number; readonly stride: number };

/**
 * Cuts documents into windows so that every position is scored once.
 *
 * A document of up to `window` positions is one window. A longer one is continued: each further window begins `stride`
 * positions later and scores what those before it have not, so that after the first window every position is predicted
 * from at least `window − stride` positions before it.
 *
 * @param lengths positions of each document
 * @throws UserError when the rule is impossible
 */
export function cutWindows(lengths: Iterable<number>, { window, stride }: WindowRule): Window[] {
  if (!Number.isInteger(window) || window < 1) {
    throw new UserError(`the window is ${window}`, { where: "documentLosses", expected: "an integer from 1" });
  }
  if (!Number.isInteger(stride) || stride < 1 || stride > window) {
    throw new UserError(`the stride is ${stride}`, {
      where: "documentLosses",
      expected: `an integer from 1 to the window, ${window}`,
    });
  }
  const windows: Window[] = [];
  let document = 0;
  for (const length of lengths) {
    for (let start = 0, scored = 0; scored < length; start += stride) {
      const end = Math.min(start + window, length);
      windows.push({ document, start, scored, end });
      scored = end;
    }
    document++;
  }
  return windows;
}

/**
 * Batches of windows of similar length, the longest first: each has the length class of its longest window, and as many
 * rows as `batchTokens` allow.
 *
 * @param windows what {@link cutWindows} made
 * @param window the longest length there is
 * @param batchTokens most ids in a batch, padding included; a single window may be longer
 * @throws UserError when `batchTokens` is no integer from 1
 */
export function batchWindows(windows: readonly Window[], window: number, batchTokens: number): WindowBatch[] {
  if (!Number.isInteger(batchTokens) || batchTokens < 1) {
    throw new UserError(`batches of ${batchTokens} tokens`, { where: "documentLosses", expected: "an integer from 1" });
  }
  const size = ({ start, end }: Window): number => end - start;
  // Sorting is stable: the same documents give the same batches.
  const sorted = [...windows].sort((a, b) => size(b) - size(a));
  const batches: WindowBatch[] = [];
  for (let at = 0; at < sorted.length; ) {
    const length = Math.min(lengthClass(size(sorted[at])), window);
    const rows = Math.max(1, Math.floor(batchTokens / length));
    batches.push({ length, rows, windows: sorted.slice(at, at + rows) });
    at += rows;
  }
  return batches;
}

/**
 * The least of 32, 48, 64, 96, 128, 192, … that is not below `length`: few shapes, at most a half of padding.
 *
 * @param least another power of 2 to begin with
 */
export function lengthClass(length: number, least = 32): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(length, least)));
  const between = power * 0.75;
  return length <= between && between > least ? between : power;
}
