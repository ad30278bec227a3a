import { PythonRandom } from "../python/random.js";
import { sampleDeviation } from "./moments.js";

/** Resamples of one generator; each chunk has its own, seeded with its number. */
const CHUNK = 1000;

/**
 * The standard error of a statistic by drawing the documents again with replacement, as the harness does: the same
 * generators, the same draws.
 *
 * @param statistic of the values
 * @param resamples how often; rounded down to whole chunks
 */
export function bootstrapError<T>(
  statistic: (values: readonly T[]) => number,
  values: readonly T[],
  resamples: number,
): number {
  const chunk = Math.min(CHUNK, resamples);
  const chunks = Math.floor(resamples / chunk);
  const results = new Float64Array(chunk * chunks);
  const drawn = new Array<T>(values.length);
  for (let i = 0; i < results.length; ) {
    const random = new PythonRandom(i / chunk);
    for (let left = chunk; left > 0; left--) {
      for (let j = 0; j < drawn.length; j++) drawn[j] = values[Math.floor(random.random() * values.length)];
      results[i++] = statistic(drawn);
    }
  }
  return sampleDeviation(results);
}
