/** Losses by position, from records whose runs were judged so. */
import type { PositionLoss } from "../measure/index.js";
import type { RunRecord } from "./record.js";
import { endedWell, type StudyResult } from "./results.js";
import { mean } from "./statistics.js";

/** Tokens with `from` to `to − 1` tokens of their document before them. */
export type PositionRow = {
  readonly from: number;
  readonly to: number;
  /** Mean over seeds of the mean loss, for each arm of the study in its order. */
  readonly nats: readonly (number | undefined)[];
};

/** Whether any run was judged by position. */
export function hasPositions({ arms }: StudyResult): boolean {
  return arms.some(({ records }) => records.some(({ footer }) => (footer?.byPosition?.length ?? 0) > 0));
}

/**
 * Losses by position.
 *
 * @param ranges as they were recorded, or joined to 64, 64, 128, 256, … tokens
 */
export function positionRows({ arms }: StudyResult, ranges: "recorded" | "doubling"): readonly PositionRow[] {
  const curves = arms.map(({ records }) =>
    records.filter(endedWell).map((record) => curve(record, ranges === "doubling")),
  );
  const all = curves.flat().flatMap((curve) => [...curve.values()]);
  const edges = new Map(all.map(({ from, to }) => [`${from} ${to}`, { from, to }]));
  return [...edges]
    .sort(([, a], [, b]) => a.from - b.from || a.to - b.to)
    .map(([range, { from, to }]) => ({
      from,
      to,
      nats: curves.map((seeds) => mean(seeds.map((curve) => curve.get(range)?.natsPerToken ?? Number.NaN))),
    }));
}

/** A record's losses by range. */
function curve({ footer }: RunRecord, doubling: boolean): ReadonlyMap<string, PositionLoss> {
  const parts = new Map<string, PositionLoss[]>();
  for (const part of footer?.byPosition ?? []) {
    const { from, to } = doubling ? doublingRange(part) : part;
    const range = `${from} ${to}`;
    parts.set(range, [...(parts.get(range) ?? []), part]);
  }
  return new Map(
    [...parts].map(([range, joined]) => {
      const [from, to] = range.split(" ").map(Number);
      const tokens = joined.reduce((sum, part) => sum + part.tokens, 0);
      const nats = joined.reduce((sum, part) => sum + part.natsPerToken * part.tokens, 0);
      return [range, { from, to, tokens, natsPerToken: nats / tokens }];
    }),
  );
}

/** The range of 0–63, 64–127, 128–255, 256–511, … that a narrower one begins in. */
function doublingRange({ from }: PositionLoss): { readonly from: number; readonly to: number } {
  let to = 64;
  while (to <= from) to *= 2;
  return { from: to === 64 ? 0 : to / 2, to };
}
