/** Which rows are worth reading as one beginning with branches: pure planning, no tensors. */
import { lengthClass } from "../../measure/windows.js";
import type { PlanOptions, Row } from "./plan.js";

/** Rows that begin with the same `trunk` ids, and are asked about nothing before its last one. */
export type Bundle = { readonly trunk: number; readonly rows: readonly Row[] };

/** Bundles that are read together: trunks padded to `length`, then `branches` rows, up to `steps` ids of each. */
export type BundleBatch = {
  readonly bundles: readonly Bundle[];
  readonly length: number;
  readonly count: number;
  readonly branches: number;
  readonly steps: number;
};

/**
 * Ids that a row reads among others in the time in which a branch reads one, measured on two cores: 3 to 4 in SmolLM2-135M; 5 to
 * 15 in a model of 656 thousand parameters, whose steps are mostly the dispatch of operations.
 */
export function stepCost(parameters: number): number {
  return 4 + 5e6 / parameters;
}

/** How bundles are made: as batches of rows are, and what a step costs; see {@link stepCost}. */
export type BundleOptions = PlanOptions & { readonly stepCost: number };

/** Memories of branches are copies of their trunk's: most ids in all of a batch, as a multiple of those that are read at once. */
const COPIES = 4;

/** Beyond so many branches another one costs what it would by itself. */
const MOST_BRANCHES = 64;

/**
 * Takes apart what is better read by itself and what shares a beginning.
 *
 * Rows stand in an order in which those with a common beginning follow each other, as `rowsOf` leaves them. A row joins its
 * neighbours as long as that saves more ids than reading its end id by id costs.
 */
export function bundlesOf(
  rows: readonly Row[],
  { batchRows, batchTokens, stepCost }: BundleOptions,
): { readonly alone: readonly Row[]; readonly bundles: readonly Bundle[] } {
  const alone: Row[] = [];
  const bundles: Bundle[] = [];
  const fits = ({ trunk, rows: { length } }: Bundle): boolean =>
    length <= batchRows && length * trunk <= COPIES * batchTokens;
  const saved = ({ trunk, rows }: Bundle): number => {
    const ends = rows.reduce((sum, { ids }) => sum + ids.length - trunk, 0);
    return rows.length === 1 ? 0 : (rows.length - 1) * trunk - stepCost * ends;
  };
  let open: Bundle | undefined;
  const close = (): void => {
    if (open === undefined) return;
    if (saved(open) > 0) bundles.push(open);
    else alone.push(...open.rows);
  };
  for (const row of rows) {
    const single = { trunk: Math.min(...row.wanted.map(({ at }) => at)) + 1, rows: [row] };
    const joined: Bundle | undefined = open && {
      trunk: Math.min(open.trunk, single.trunk, sameIds(open.rows[0].ids, row.ids)),
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

/** Batches of bundles of similar length, the longest first. */
export function batchBundles(bundles: readonly Bundle[], options: PlanOptions): BundleBatch[] {
  const { batchTokens, batchRows, longest } = options;
  const sorted = [...bundles].sort((a, b) => b.trunk - a.trunk);
  const batches: BundleBatch[] = [];
  for (let at = 0; at < sorted.length; ) {
    const length = Math.min(lengthClass(sorted[at].trunk), longest);
    const full = Math.max(1, Math.floor(batchTokens / length));
    const most = Math.min(MOST_BRANCHES, batchRows, Math.floor((COPIES * batchTokens) / length));
    const taken = [sorted[at++]];
    let branches = taken[0].rows.length;
    while (at < sorted.length && taken.length < full && branches + sorted[at].rows.length <= most) {
      branches += sorted[at].rows.length;
      taken.push(sorted[at++]);
    }
    const steps = Math.max(...taken.flatMap(({ trunk, rows }) => rows.map(({ ids }) => ids.length - trunk)));
    const power = (n: number): number => 2 ** Math.ceil(Math.log2(n));
    batches.push({
      bundles: taken,
      length,
      count: Math.min(full, power(taken.length)),
      branches: power(branches),
      steps,
    });
  }
  return batches;
}
