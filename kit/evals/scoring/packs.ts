/** Sequences side by side in rows of few lengths, and what several begin with only once: pure planning, no tensors. */
import { lengthClass } from "../../measure/windows.js";
import type { Bundle, BundleRule } from "./bundles.js";
import type { Placed, PlanOptions, Row } from "./plan.js";

/** What stands in one row, one behind the other: of each bundle its trunk, and then the ends of its rows. */
export type Pack = readonly Bundle[];

/** Packs that are read together, padded to `length`, with empty ones up to `count`. */
export type PackBatch = { readonly packs: readonly Pack[]; readonly length: number; readonly count: number };

/** The shortest packs: in shorter ones more is left empty, in longer ones tokens meet more that they do not see. */
const SHORTEST = 128;

/**
 * Ids that each branch has to save, and the part of their ids that rows must save: neighbours that have hardly a word in common
 * would come between others that have a question in common.
 */
const [BRANCH_COST, LEAST_SHARE] = [4, 1 / 8];

/** Ids up to which a bundle may always grow; a longer trunk may have as much again of ends. */
const ROOMY = 512;

/** Bundles stand in one pack each, and do not make it far longer than others. */
export function packing({ batchTokens, batchRows }: PlanOptions): BundleRule {
  const fits = (bundle: Bundle): boolean =>
    bundle.rows.length <= batchRows && idsOf(bundle) <= Math.min(batchTokens, Math.max(ROOMY, 2 * bundle.trunk));
  return { fits, branchCost: BRANCH_COST, leastShare: LEAST_SHARE };
}

/** A row that shares nothing, as a bundle. */
export function single(row: Row): Bundle {
  return { trunk: row.ids.length, rows: [row] };
}

/** Batches of packs: the longest bundles first, and each in the first pack that has room for it. */
export function batchPacks(bundles: readonly Bundle[], { batchTokens, batchRows }: PlanOptions): PackBatch[] {
  const batches: PackBatch[] = [];
  let waiting = bundles.map((bundle) => ({ bundle, ids: idsOf(bundle) })).sort((a, b) => b.ids - a.ids);
  while (waiting.length > 0) {
    const length = lengthClass(waiting[0].ids, SHORTEST);
    const most = Math.max(1, Math.floor(batchTokens / length));
    // What is longer than a batch stands by itself: of so long a row, what sees what is better not written down.
    const room = Math.min(length, Math.max(batchTokens, waiting[0].ids));
    const packs: { readonly bundles: Bundle[]; free: number }[] = [];
    const left: typeof waiting = [];
    let rows = 0;
    for (const each of waiting) {
      const { bundle, ids } = each;
      const allowed = rows + bundle.rows.length <= batchRows;
      let pack = allowed ? packs.find(({ free }) => free >= ids) : undefined;
      if (pack === undefined && allowed && packs.length < most) packs.push((pack = { bundles: [], free: room }));
      if (pack === undefined) left.push(each);
      else {
        pack.bundles.push(bundle);
        pack.free -= ids;
        rows += bundle.rows.length;
      }
    }
    const count = Math.min(most, lengthClass(packs.length, 1));
    batches.push({ packs: packs.map(({ bundles }) => bundles), length, count });
    waiting = left;
  }
  return batches;
}

/** Ids that stand together in a pack, from `start`: a bundle's trunk, as branch 0, or an end that belongs to it. */
export type Piece = {
  readonly bundle: number;
  readonly branch: number;
  readonly ids: Int32Array;
  readonly start: number;
};

/** All pieces of a pack in their order. */
export function piecesOf(pack: Pack): readonly Piece[] {
  let free = 0;
  const placed = (bundle: number, branch: number, ids: Int32Array): Piece => {
    const start = free;
    free += ids.length;
    return { bundle, branch, ids, start };
  };
  return pack.flatMap(({ trunk, rows }, bundle) => [
    placed(bundle, 0, rows[0].ids.subarray(0, trunk)),
    ...rows.map(({ ids }, i) => placed(bundle, i + 1, ids.subarray(trunk))),
  ]);
}

/** Where the predictions of a batch stand in what was read of it. */
export function placesOfPacks({ packs, length }: PackBatch): Placed[] {
  return packs.flatMap((pack, i) => {
    const pieces = piecesOf(pack);
    return pack.flatMap(({ trunk, rows }, bundle) => {
      const [beginning, ...ends] = pieces
        .filter((piece) => piece.bundle === bundle)
        .map(({ start }) => i * length + start);
      return rows.flatMap(({ wanted }, end) =>
        wanted.map((each) => {
          const position = each.at < trunk ? beginning + each.at : ends[end] + each.at - trunk;
          return { ...each, position };
        }),
      );
    });
  });
}

/** Ids of a bundle: its trunk once, and all its ends. */
function idsOf({ trunk, rows }: Bundle): number {
  return rows.reduce((ids, row) => ids + row.ids.length - trunk, trunk);
}
