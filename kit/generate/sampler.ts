import { random } from "../engine/index.js";
import { UserError } from "../errors.js";

export type SamplingOptions = {
  /** Scores are divided by it; 0 takes the best token. Default 0. */
  readonly temperature?: number;
  /** Only the `topK` best tokens. Default: all. */
  readonly topK?: number;
  /** Only the best tokens that together reach this probability. Default 1. */
  readonly topP?: number;
  /** Scores of tokens already seen are divided by it when positive, multiplied when negative. Default 1. */
  readonly repetitionPenalty?: number;
  /** Selects the random numbers. Default 0. */
  readonly seed?: number;
};

/** Chooses the next token from scores `[N]` and the ids so far. */
export type Sampler = (scores: Float32Array, seen: readonly number[]) => number;

/**
 * A sampler that applies penalty, temperature, top-k and top-p in this order, as transformers does.
 *
 * The `n`-th choice depends on the seed and `n` only.
 *
 * @throws UserError for an option outside its range.
 */
export function sampler(options: SamplingOptions = {}): Sampler {
  const { temperature = 0, topK = Number.POSITIVE_INFINITY, topP = 1, repetitionPenalty = 1, seed = 0 } = options;
  check("temperature", temperature, temperature >= 0, "0 or more");
  check("topK", topK, topK >= 1, "1 or more");
  check("topP", topP, topP > 0 && topP <= 1, "above 0, at most 1");
  check("repetitionPenalty", repetitionPenalty, repetitionPenalty > 0, "above 0");
  const key = random.key(seed);
  const words = new Uint32Array(4);
  let choices = 0;
  return (scores, seen) => {
    const penalised = repetitionPenalty === 1 ? scores : penalise(scores, seen, repetitionPenalty);
    if (temperature === 0) return best(penalised);
    random.philox(words, choices++, 0, key);
    return draw(penalised, temperature, topK, topP, words[0] / 2 ** 32);
  };
}

function check(name: string, value: number, fits: boolean, expected: string): void {
  if (!fits) throw new UserError(`sampling: ${name} is ${value}`, { expected });
}

function penalise(scores: Float32Array, seen: readonly number[], penalty: number): Float32Array {
  const changed = scores.slice();
  for (const id of new Set(seen)) changed[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
  return changed;
}

/** Index of the highest score; the first one at a tie. */
export function best(scores: Float32Array): number {
  let at = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[at]) at = i;
  return at;
}

/** One token by its weight `exp((score − best) / temperature)`, among those that pass top-k and top-p. */
function draw(scores: Float32Array, temperature: number, topK: number, topP: number, uniform: number): number {
  const { threshold, peak } = cut(scores, temperature, topK, topP);
  const weight = (score: number): number => (score < threshold ? 0 : Math.exp((score - peak) / temperature));
  let total = 0;
  for (const score of scores) total += weight(score);
  let left = uniform * total;
  let last = 0;
  for (let id = 0; id < scores.length; id++) {
    const w = weight(scores[id]);
    if (w === 0) continue;
    left -= w;
    last = id;
    if (left < 0) break;
  }
  return last;
}

/** The lowest score that may be drawn. Tokens that tie with it may be drawn too. */
function cut(
  scores: Float32Array,
  temperature: number,
  topK: number,
  topP: number,
): { threshold: number; peak: number } {
  if (topK >= scores.length && topP === 1) return { threshold: Number.NEGATIVE_INFINITY, peak: scores[best(scores)] };
  const ascending = scores.slice().sort();
  const peak = ascending[ascending.length - 1];
  const kept = Array.from(ascending.subarray(Math.max(0, ascending.length - topK))).reverse();
  const weights = kept.map((score) => Math.exp((score - peak) / temperature));
  const limit = topP * weights.reduce((sum, weight) => sum + weight, 0);
  // Top-p keeps the token that crosses the limit, so that one always remains.
  let mass = 0;
  const last = weights.findIndex((weight) => (mass += weight) >= limit);
  return { threshold: kept[last === -1 ? kept.length - 1 : last], peak };
}
