/** Which rows are worth reading as one beginning with branches: pure planning, no tensors. */
import { lengthClass } from "../../measure/windows.js";
import type { PlanOptions, Row } from "./plan.js";

/** Rows that begin with the same `trunk` ids, and go on with the same one. */
export type Bundle = { readonly trunk: number; readonly rows: readonly Row[] };

/** Bundles that are read together: trunks padded to `length`, and behind them `branches` rows, their ends padded to `ends`. */
export type BundleBatch<Of extends Bundle = Bundle> = {
  readonly bundles: readonly Of[];
  readonly length: number;
  readonly count: number;
  readonly branches: number;
  readonly ends: number;
};

/** Ids that each branch has to save: what is remembered of the trunk is copied for it, and its end is padded. */
const BRANCH_COST = 8;

/** Copies of what is remembered of trunks: most ids in all of a batch, as a multiple of those that are read at once. */
const COPIES = 4;

/** The part of their ids that rows must save, lest long ends be read in the slower way of ends. */
const LEAST_SHARE = 1 / 8;

/** How many rows may go on from one trunk in a batch. */
export function mostRows(trunk: number, { batchRows, batchTokens }: PlanOptions): number {
  return Math.min(batchRows, Math.floor((COPIES * batchTokens) / trunk));
}

/** Whether a trunk is worth reading apart, or remembering, for a row of so many ids. */
export function isWorthwhile(trunk: number, ids: number): boolean {
  return trunk >= LEAST_SHARE * ids;
}

/**
 * Takes apart what is better read by itself and what shares a beginning.
 *
 * Rows stand in an order in which those with a common beginning follow each other, as `rowsOf` leaves them. A row joins its
 * neighbours as long as that saves ids.
 */
export function bundlesOf(
  rows: readonly Row[],
  plan: PlanOptions,
): { readonly alone: readonly Row[]; readonly bundles: readonly Bundle[] } {
  const alone: Row[] = [];
  const bundles: Bundle[] = [];
  const fits = ({ trunk, rows: { length } }: Bundle): boolean => length <= mostRows(trunk, plan);
  let open: Bundle | undefined;
  const close = (): void => {
    if (open === undefined) return;
    if (saved(open) > LEAST_SHARE * open.rows.reduce((count, { ids }) => count + ids.length, 0)) bundles.push(open);
    else alone.push(...open.rows);
  };
  for (const row of rows) {
    const single = { trunk: row.ids.length, rows: [row] };
    const joined: Bundle | undefined = open && {
      // The id behind the trunk is common as well: so the trunk says how likely each of its followers is.
      trunk: Math.min(open.trunk, sameIds(open.rows[0].ids, row.ids) - 1),
      rows: [...open.rows, row],
    };
    if (joined !== undefined && fits(joined) && saved(joined) > saved(open!)) open = joined;
    else {
      close();
      open = single;
    }
  }
  close();
  return { alone, bundles };
}

/** Ids that need not be read. */
function saved({ trunk, rows }: Bundle): number {
  return rows.length === 1 ? 0 : (rows.length - 1) * trunk - BRANCH_COST * rows.length;
}

/** Ids at the beginning that two rows have in common. */
function sameIds(a: Int32Array, b: Int32Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i;
  return shorter;
}

/**
 * Batches of bundles whose trunks are of similar length, and whose ends are; those of other lengths join a batch that would be too
 * small by itself.
 */
export function batchBundles<Of extends Bundle>(
  bundles: readonly Of[],
  { batchTokens, leastTokens, batchRows, longest }: PlanOptions,
): BundleBatch<Of>[] {
  const sorted = bundles
    .map((bundle) => {
      const ends = bundle.rows.map(({ ids }) => ids.length - bundle.trunk);
      return { bundle, length: Math.min(lengthClass(bundle.trunk), longest), ends: lengthClass(Math.max(...ends), 4) };
    })
    .sort((a, b) => b.length - a.length || b.ends - a.ends);
  const batches: BundleBatch<Of>[] = [];
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at++];
    const { length } = first;
    const taken = [first.bundle];
    let { ends } = first;
    let branches = first.bundle.rows.length;
    for (; at < sorted.length; at++) {
      const next = sorted[at];
      const [more, most] = [branches + next.bundle.rows.length, Math.max(ends, next.ends)];
      const small = taken.length * length + branches * ends < leastTokens;
      const alike = next.length === length && next.ends === ends;
      const ids = (taken.length + 1) * length + more * most;
      if (!(alike || small) || more > batchRows || ids > batchTokens || more * length > COPIES * batchTokens) break;
      taken.push(next.bundle);
      [branches, ends] = [more, most];
    }
    batches.push({
      bundles: taken,
      length,
      count: lengthClass(taken.length, 1),
      branches: lengthClass(branches, 1),
      ends,
    });
  }
  return batches;
}
