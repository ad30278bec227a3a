/** How requests become few batches of few shapes: pure planning, no tensors. */
import { lengthClass } from "../../measure/windows.js";
import type { TokenRequest } from "./encode.js";

/** A prediction that is asked for: after position `at` of a row, how likely is `target`? */
export type Wanted = { readonly at: number; readonly target: number; readonly request: number; readonly token: number };

/** The same, with its place in what was read of a batch. */
export type Placed = Wanted & { readonly position: number };

/** A sequence that is read once, for all requests that it serves. */
export type Row = { readonly ids: Int32Array; readonly wanted: readonly Wanted[] };

/** Rows that are read together, padded to `length`, with empty ones up to `count`. */
export type RowBatch = { readonly rows: readonly Row[]; readonly length: number; readonly count: number };

export type PlanOptions = {
  /** Most ids in a batch, padding included; a single row may be longer. */
  readonly batchTokens: number;
  /** Ids below which a batch takes hardly less time: there, padding costs less than another batch. */
  readonly leastTokens: number;
  /** Most rows in a batch. */
  readonly batchRows: number;
  /** The longest row there can be. */
  readonly longest: number;
  /** Rows stand with rows of their own length only, without padding. */
  readonly unpadded?: boolean;
};

/**
 * The rows that answer all requests.
 *
 * A request reads its context and all of its continuation but the last token. What one request reads another may begin
 * with: then it is answered by the same row, since no position sees what comes after it. So the choices of a question
 * with one token each, and everything asked twice, cost one row.
 *
 * @param causal whether that holds; of a model that sees what comes after, only equal reads share a row
 */
export function rowsOf(requests: readonly TokenRequest[], causal = true): Row[] {
  const reads = requests
    .map(({ context, continuation }, request) => {
      const ids = new Int32Array(context.length + Math.max(0, continuation.length - 1));
      ids.set(context);
      if (continuation.length > 1) ids.set(continuation.subarray(0, -1), context.length);
      return { ids, request };
    })
    .filter(({ request }) => requests[request].continuation.length > 0)
    .sort((a, b) => compareIds(a.ids, b.ids));
  const rows: { ids: Int32Array; wanted: Wanted[] }[] = [];
  // A sequence stands right before those that it begins.
  for (const { ids, request } of reads.reverse()) {
    let row = rows.at(-1);
    const shared = row !== undefined && beginsWith(row.ids, ids) && (causal || row.ids.length === ids.length);
    if (row === undefined || !shared) rows.push((row = { ids, wanted: [] }));
    const { context, continuation } = requests[request];
    for (const [token, target] of continuation.entries()) {
      row.wanted.push({ at: context.length - 1 + token, target, request, token });
    }
  }
  return rows;
}

/** Batches of rows of similar length, the longest first. */
export function batchRows(rows: readonly Row[], options: PlanOptions): RowBatch[] {
  const { batchTokens, leastTokens, batchRows: most, longest, unpadded = false } = options;
  const sorted = [...rows].sort((a, b) => b.ids.length - a.ids.length);
  const batches: RowBatch[] = [];
  for (let at = 0; at < sorted.length; ) {
    const own = sorted[at].ids.length;
    const length = unpadded ? own : Math.min(lengthClass(own), longest);
    const full = Math.max(1, Math.min(most, Math.floor(batchTokens / length)));
    const shorter = sorted
      .slice(at, at + full)
      .findIndex(({ ids }, i) =>
        unpadded ? ids.length < own : i * length >= leastTokens && lengthClass(ids.length) < length,
      );
    const needed = sorted.slice(at, at + (shorter < 0 ? full : shorter)).length;
    // A few rows at the end need no full batch, only one of few sizes; what would be empty in it takes shorter rows.
    const count = Math.min(full, 2 ** Math.ceil(Math.log2(needed)));
    const taken = sorted.slice(at, at + (unpadded ? needed : count));
    batches.push({ rows: taken, length, count });
    at += taken.length;
  }
  return batches;
}

/** Where the predictions of a batch stand in what was read of it. */
export function placesOfRows({ rows, length }: RowBatch): Placed[] {
  return rows.flatMap(({ wanted }, i) => wanted.map((each) => ({ ...each, position: i * length + each.at })));
}

function compareIds(a: Int32Array, b: Int32Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Whether a sequence is the beginning of another, or all of it. */
export function beginsWith(ids: Int32Array, start: Int32Array): boolean {
  return start.length <= ids.length && start.every((id, i) => id === ids[i]);
}
