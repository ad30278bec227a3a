/** What the lines of a record say of how training went, besides where it ended. */
import type { RunRecord } from "./record.js";
import { budgetOf, type RunSpec } from "./spec.js";
import { mean, median, standardDeviation } from "./statistics.js";

/**
 * Spread of the norm of the gradient from one recorded step to the next, behind the warm-up: the standard deviation of the
 * differences of its natural logarithm over √2, which for independent norms is the spread of the norms themselves. That of
 * all norms at once would call a run unsteady whose gradients grow smaller as it learns. The norm is that before clipping.
 *
 * @returns nothing for fewer than three steps
 */
export function gradientSpread(record: RunRecord): number | undefined {
  const norms = settled(record).map(({ gradNorm }) => Math.log(gradNorm));
  const spread = standardDeviation(norms.slice(1).map((norm, i) => norm - norms[i]));
  return spread === undefined ? undefined : spread / Math.SQRT2;
}

/** Recorded losses that a spike is compared with. */
const before = 20;

/**
 * Spikes of the loss: recorded steps behind the warm-up whose loss lies more than four standard deviations above the mean
 * of the twenty before it. Two runs of one seed learn from the same batches, so that hard ones raise both their counts.
 *
 * @returns nothing for fewer than 21 steps
 */
export function lossSpikes(record: RunRecord): number | undefined {
  const losses = settled(record).map(({ lossNats }) => lossNats);
  if (losses.length <= before) return undefined;
  const later = losses.slice(before);
  return later.filter((loss, i) => {
    const earlier = losses.slice(i, i + before);
    return loss > mean(earlier)! + 4 * standardDeviation(earlier)!;
  }).length;
}

/**
 * Milliseconds of training a token: the median over the recorded steps but the first, which compiles.
 *
 * @returns nothing for a record of one step
 */
export function millisecondsPerToken({ header, steps }: RunRecord): number | undefined {
  const { batchTokens, accumulate } = specOf(header).training;
  const times = steps.slice(1).map(({ stepMs }) => stepMs / (batchTokens * accumulate));
  return median(times);
}

/**
 * Seconds that a run's steps take where nothing else is in the way: the median of their times, times their number. What the
 * clock said besides holds compiling, validating, and whatever paused the machine.
 *
 * @returns nothing for a record of one step
 */
export function trainingSeconds(record: RunRecord): number | undefined {
  const perToken = millisecondsPerToken(record);
  return perToken === undefined ? undefined : (perToken * budgetOf(specOf(record.header))) / 1000;
}

/**
 * Tokens after which a run's validation loss is down to a value, between validations on a straight line.
 *
 * @param bitsPerByte what is to be reached
 * @returns nothing where it is not reached
 */
export function tokensToReach(record: RunRecord, bitsPerByte: number): number | undefined {
  const points = validated(record);
  const at = points.findIndex((point) => point.bitsPerByte <= bitsPerByte);
  if (at <= 0) return points[at]?.tokens;
  const [last, next] = [points[at - 1], points[at]];
  const share = (last.bitsPerByte - bitsPerByte) / (last.bitsPerByte - next.bitsPerByte);
  return last.tokens + share * (next.tokens - last.tokens);
}

/** Bits per byte after so many tokens, between validations on a straight line; nothing before the first and behind the last. */
export function bitsPerByteAfter(record: RunRecord, tokens: number): number | undefined {
  const points = validated(record);
  const at = points.findIndex((point) => point.tokens >= tokens);
  if (points[at]?.tokens === tokens) return points[at].bitsPerByte;
  if (at <= 0) return undefined;
  const [last, next] = [points[at - 1], points[at]];
  const share = (tokens - last.tokens) / (next.tokens - last.tokens);
  return last.bitsPerByte + share * (next.bitsPerByte - last.bitsPerByte);
}

type Point = { readonly tokens: number; readonly bitsPerByte: number };

/** All validations, that of the end included. */
function validated({ header, validations, footer }: RunRecord): readonly Point[] {
  const end = footer?.bitsPerByte ?? undefined;
  const budget = budgetOf(specOf(header));
  const between = validations.filter(({ tokens }) => tokens < budget);
  return end === undefined ? between : [...between, { tokens: budget, bitsPerByte: end }];
}

function settled({ header, steps }: RunRecord): RunRecord["steps"] {
  const { warmupTokens } = specOf(header).training.schedule;
  return steps.filter(({ tokens }) => tokens > warmupTokens);
}

/** An archive gives a record to who knows its specification. */
function specOf({ spec }: RunRecord["header"]): RunSpec {
  return spec as RunSpec;
}
