import { add, less, lessEqual, range, reshape, sub, type Tensor } from "../engine/index.js";

/**
 * Where each sequence of a batch stands while decoding; one for all layers.
 *
 * A sequence's tokens are first collected in a recent buffer and moved to the past when that is full. All sequences of a
 * batch fill the buffer together; their pasts may differ in length.
 */
export type Clock = {
  /** Tokens in the past of each sequence, `[B]` int32. */
  readonly past: Tensor;
  /** Tokens in the recent buffer, a scalar int32. During a step: without the tokens of the step. */
  readonly recent: Tensor;
};

/** Positions of the tokens of a step, `[B, tokens]`. */
export function positions({ past, recent }: Clock, tokens: number): Tensor {
  return add(reshape(add(past, recent), [-1, 1]), range(0, tokens));
}

/** Which of `size` past rows are filled: `[B, 1, 1, size]`, bool. */
export function pastFilled({ past }: Clock, size: number): Tensor {
  return less(range(0, size), reshape(past, [-1, 1, 1, 1]));
}

/** Which of `size` recent rows are filled: `[size]`, bool. */
export function recentFilled({ recent }: Clock, size: number): Tensor {
  return less(reshape(range(0, size), [size]), recent);
}

/** Which of `size` recent rows each token of a step sees, its own the last of them: `[tokens, size]`, bool. */
export function recentSeen({ recent }: Clock, tokens: number, size: number): Tensor {
  const ages = sub(range(0, size), reshape(range(0, tokens), [tokens, 1]));
  return lessEqual(ages, recent);
}
