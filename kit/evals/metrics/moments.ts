/** Sums in the order of the values, as Python 3.11 adds them up. */

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** `√(Σ(x − x̄)² / (n − 1))`. */
export function sampleDeviation(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const centre = mean(list);
  return Math.sqrt(sum(list.map((value) => (value - centre) ** 2)) / (list.length - 1));
}
