/**
 * McNemar's test, exact: how likely two models that are equally good would disagree at least so unevenly.
 *
 * `min(1, 2 · Σ_{k ≤ min(a, b)} C(n, k) / 2ⁿ)` with `n = a + b`: of the documents that only one has right, each model has
 * every one with probability ½.
 *
 * @param onlyA documents that only the first has right
 * @param onlyB documents that only the second has right
 * @returns the two-sided p value; 1 when there are none
 * @source McNemar, Psychometrika 12 (1947); in the exact form of the binomial test
 */
export function mcNemar(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  // By logarithms: 2⁻ⁿ is too small for a number from n = 1075 on.
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
