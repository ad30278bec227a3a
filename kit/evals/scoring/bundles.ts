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

/** When rows are read as one beginning and its ends. */
export type BundleRule = {
  readonly fits: (bundle: Bundle) => boolean;
  /** Ids that each branch has to save. */
  readonly branchCost: number;
  /** The part of their ids that rows must save. */
  readonly leastShare: number;
};

/** Where what is remembered of a trunk is copied for each of its ends. */
export function copying(plan: PlanOptions): BundleRule {
  const fits = ({ trunk, rows: { length } }: Bundle): boolean => length <= mostRows(trunk, plan);
  return { fits, branchCost: BRANCH_COST, leastShare: LEAST_SHARE };
}

/**
 * Takes apart what is better read by itself and what shares a beginning.
 *
 * Rows stand in an order in which those with a common beginning follow each other, as `rowsOf` leaves them. A row joins its
 * neighbours as long as that saves ids.
 */
export function bundlesOf(
  rows: readonly Row[],
  { fits, branchCost, leastShare }: BundleRule,
): { readonly alone: readonly Row[]; readonly bundles: readonly Bundle[] } {
  const alone: Row[] = [];
  const bundles: Bundle[] = [];
  const saved = ({ trunk, rows: { length } }: Bundle): number =>
    length === 1 ? 0 : (length - 1) * trunk - branchCost * length;
  let open: Bundle | undefined;
  const close = (): void => {
    if (open === undefined) return;
    if (saved(open) > leastShare * open.rows.reduce((count, { ids }) => count + ids.length, 0)) bundles.push(open);
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

/** Ids at the beginning that two rows have in common. */
function sameIds(a: Int32Array, b: Int32Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i;
  return shorter;
}

/**
 * Batches of bundles whose trunks are of similar length, and whose ends are; shorter ones join a batch that would be too small
 * by itself, or whose places would be empty.
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
    const { bundle, length, ends } = sorted[at++];
    const taken = [bundle];
    const shape = { length, count: 1, branches: sized(bundle.rows.length), ends };
    let rows = bundle.rows.length;
    for (; at < sorted.length; at++) {
      const next = sorted[at];
      const more = rows + next.bundle.rows.length;
      const grown = {
        length,
        count: sized(taken.length + 1),
        branches: sized(more),
        ends: Math.max(shape.ends, next.ends),
      };
      const [before, after] = [idsOf(shape), idsOf(grown)];
      const alike = next.length === length && next.ends === shape.ends;
      if (!(alike || before < leastTokens || after === before)) break;
      if (more > batchRows || after > batchTokens || grown.branches * length > COPIES * batchTokens) break;
      taken.push(next.bundle);
      rows = more;
      Object.assign(shape, grown);
    }
    batches.push({ bundles: taken, ...shape });
  }
  return batches;
}

/** Trunks and branches come in few numbers, as lengths do. */
function sized(count: number): number {
  return lengthClass(count, 1);
}

/** Ids that are read, those of empty places included. */
function idsOf({ length, count, branches, ends }: Omit<BundleBatch, "bundles">): number {
  return count * length + branches * ends;
}
