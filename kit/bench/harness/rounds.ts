import { setTimeout as sleep } from "node:timers/promises";

/** What a series of measurements says: its middle and its extremes. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number; readonly count: number };

/** @param values at least one */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], count: sorted.length };
}

/**
 * Where the median lies that endless rounds would have, with a confidence of at least 95 %: between two values that are as far
 * from the ends of the series as fair coins allow, whatever the distribution. A few slow rounds do not move it.
 *
 * @param values fewer than six say nothing more than their extremes
 * @source W. J. Conover, Practical Nonparametric Statistics, section 3.2
 */
export function medianInterval(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  // Coins that fall below: P(at most `left`) stays within 2.5 % on either side.
  let [left, probability] = [0, 0.5 ** n];
  for (let binomial = probability; left < n / 2; left++) {
    binomial *= (n - left) / (left + 1);
    if (probability + binomial > 0.025) break;
    probability += binomial;
  }
  return { ...spread(sorted), min: sorted[left], max: sorted[n - 1 - left] };
}

/** Threads of the one measured last may still be spinning: give them time to fall asleep. */
const pauseMs = 60;

/**
 * Measures several things in turn, round after round, so that whatever else happens on the machine happens to all.
 *
 * Each round starts with the next contestant: nobody always runs behind the same neighbour.
 *
 * @param contestants what to measure
 * @param rounds how often each is measured
 * @param measure one measurement, in any unit
 * @returns the measurements of each contestant, in the order of the rounds
 */
export async function interleave<C>(
  contestants: readonly C[],
  rounds: number,
  measure: (contestant: C) => Promise<number>,
): Promise<number[][]> {
  const results: number[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const which = (round + turn) % contestants.length;
      await sleep(pauseMs);
      results[which].push(await measure(contestants[which]));
    }
  }
  return results;
}

/**
 * How many times faster one series is than another: the median of the ratios of neighbouring rounds, which a slow minute
 * of the machine does not change.
 *
 * @param times ms of the one that is asked about, by round
 * @param peer ms of the other, by round
 */
export function speedup(times: readonly number[], peer: readonly number[]): Spread {
  return spread(times.map((ms, round) => peer[round] / ms));
}
