import { type PairedComparison, signed } from "../lab/index.js";

/** A difference with its interval and the seeds it rests on. */
export function differenceText({ difference, spread, n }: PairedComparison): string {
  const interval =
    spread === undefined ? "" : ` [${signed(spread.interval.low, 4)}, ${signed(spread.interval.high, 4)}]`;
  return `${signed(difference, 4)}${interval}, ${n === 1 ? "one seed" : `${n} seeds`}`;
}
