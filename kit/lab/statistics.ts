/** Statistics that hold for a handful of seeds. A value that is not finite counts as missing, and so does what needs it. */

/** Values of one measure by seed. */
export type BySeed = ReadonlyMap<number, number>;

/** From `low` to `high`, both within. */
export type Interval = { readonly low: number; readonly high: number };

/** What the seeds that two arms share say about their difference. */
export type PairedComparison = {
  /** Seeds that both arms have. */
  readonly n: number;
  /** Mean of arm − baseline over these seeds. */
  readonly difference: number;
  /** The rest needs two seeds. */
  readonly spread?: {
    /** Standard deviation of the differences. */
    readonly sd: number;
    /** Where the true difference lies, with the confidence asked for. */
    readonly interval: Interval;
    /** Two-sided p value of "there is no difference". */
    readonly p: number;
    /** The smallest true difference that so many seeds would show; see {@link detectableDifference}. */
    readonly detectable: number;
  };
};

/** @returns nothing when there are no values */
export function mean(values: readonly number[]): number | undefined {
  const known = values.filter(Number.isFinite);
  return known.length === 0 ? undefined : total(known) / known.length;
}

/** @returns the middle value, or the mean of the two in the middle; nothing when there are no values */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return mean([sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]].filter((value) => value !== undefined));
}

/**
 * Standard deviation of what the values are a sample of: `√(Σ(x − x̄)² / (n − 1))`.
 *
 * @returns nothing for fewer than two values
 */
export function standardDeviation(values: readonly number[]): number | undefined {
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return undefined;
  const centre = total(known) / known.length;
  return Math.sqrt(total(known.map((value) => (value - centre) ** 2)) / (known.length - 1));
}

/**
 * Compares an arm with the baseline by the seeds both have, Student's paired t: `d̄ ± t₍₁₋α⁄₂, n₋₁₎ · s_d / √n`.
 *
 * A seed decides initial weights and the order of the data, so that its two runs have much of their luck in common, and
 * their difference varies less than either. Differences are taken to be normal. With one seed there is no interval.
 *
 * @param alpha 1 − confidence; default 0.05
 * @returns nothing when no seed is common
 */
export function pairedComparison(arm: BySeed, baseline: BySeed, alpha = 0.05): PairedComparison | undefined {
  const differences = [...arm.keys()]
    .sort((a, b) => a - b)
    .map((seed) => arm.get(seed)! - (baseline.get(seed) ?? Number.NaN))
    .filter(Number.isFinite);
  const n = differences.length;
  const difference = mean(differences);
  if (difference === undefined) return undefined;
  const sd = standardDeviation(differences);
  if (sd === undefined) return { n, difference };
  const error = sd / Math.sqrt(n);
  const reach = studentQuantile(1 - alpha / 2, n - 1) * error;
  const interval = { low: difference - reach, high: difference + reach };
  // Differences that are all equal are as sure as can be; if they are all zero, nothing speaks for a difference.
  const p = difference === 0 ? 1 : twoSided(difference / error, n - 1);
  return { n, difference, spread: { sd, interval, p, detectable: detectableDifference(sd, n, alpha) } };
}

/**
 * The smallest true difference that a paired t test finds with probability `power`:
 * `(t₍₁₋α⁄₂, n₋₁₎ + t₍power, n₋₁₎) · s_d / √n`. An arm whose difference is below it has not been shown to be equal.
 *
 * @param sd standard deviation of the differences
 * @param n pairs, at least two
 * @source Zar, Biostatistical Analysis, section 9.3. It puts the central t distribution in place of the noncentral one, so
 * that the true power is a little less: 0.73 for two pairs, 0.77 for three, 0.79 for five.
 */
export function detectableDifference(sd: number, n: number, alpha = 0.05, power = 0.8): number {
  return ((studentQuantile(1 - alpha / 2, n - 1) + studentQuantile(power, n - 1)) * sd) / Math.sqrt(n);
}

/**
 * Holm's correction of p values for how many were asked for at once: the i-th smallest of m times m + 1 − i, made
 * non-decreasing, at most 1. The chance of one wrong rejection among them all stays below alpha.
 *
 * @param values in any order; what is missing is not counted and stays missing
 * @returns in the order of `values`
 */
export function holm(values: readonly (number | undefined)[]): readonly (number | undefined)[] {
  const order = values
    .map((p, at) => ({ p: p ?? Number.NaN, at }))
    .filter(({ p }) => Number.isFinite(p))
    .sort((a, b) => a.p - b.p || a.at - b.at);
  const adjusted: (number | undefined)[] = values.map(() => undefined);
  let least = 0;
  for (const [i, { p, at }] of order.entries()) {
    least = Math.max(least, Math.min(1, p * (order.length - i)));
    adjusted[at] = least;
  }
  return adjusted;
}

/**
 * The value below which Student's t lies with a probability: the inverse of {@link studentCdf}.
 *
 * @param probability between 0 and 1
 * @param degrees of freedom, a positive whole number
 * @returns NaN for anything else
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1) || Number.isNaN(cdfAt(0, degrees))) return Number.NaN;
  // Halving the angle whose tangent is t/√ν, until it cannot be halved any more.
  let [low, high] = [-Math.PI / 2, Math.PI / 2];
  for (let middle = 0; low < middle && middle < high; middle = (low + high) / 2) {
    if (cdfAt(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/**
 * Probability that Student's t is at most `t`, by the finite sums that hold for whole degrees of freedom; to 1e-14.
 *
 * With `θ = atan(t/√ν)`, the probability within ±t is, for odd ν, `(2/π)(θ + sin θ (cos θ + 2/3 cos³θ + …))`, and for even
 * ν, `sin θ (1 + 1/2 cos²θ + 1·3/(2·4) cos⁴θ + …)`, both up to `cos^{ν−2} θ`.
 *
 * @param degrees of freedom, a positive whole number
 * @source Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4
 */
export function studentCdf(t: number, degrees: number): number {
  return cdfAt(Math.atan(t / Math.sqrt(degrees)), degrees);
}

function cdfAt(angle: number, degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1) return Number.NaN;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2 === 1;
  let [term, sum] = odd ? [cosine, degrees === 1 ? 0 : cosine] : [1, 1];
  for (let power = odd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= (cosine * cosine * (power - 1)) / power;
    sum += term;
  }
  const within = odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return (1 + within) / 2;
}

function twoSided(t: number, degrees: number): number {
  return Math.max(0, Math.min(1, 2 * studentCdf(-Math.abs(t), degrees)));
}

/** Of no values 0. */
export function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
