import { add, less, range, reshape, type Tensor } from "../engine/index.js";

/**
 * Where each sequence of a batch stands while decoding; one for all layers.
 *
 * A sequence's tokens are first collected in a recent buffer and moved to the past when that is full. All sequences of a
 * batch fill the buffer together; their pasts may differ in length.
 */
export type Clock = {
  /** Tokens in the past of each sequence, `[B]` int32. */
  readonly past: Tensor;
  /** Tokens in the recent buffer, a scalar int32. During a step: without the token of the step. */
  readonly recent: Tensor;
};

/** Position of the token of a step, `[B]`. */
export function position({ past, recent }: Clock): Tensor {
  return add(past, recent);
}

/** Which of `size` past rows are filled: `[B, 1, 1, size]`, bool. */
export function pastFilled({ past }: Clock, size: number): Tensor {
  return less(range(0, size), reshape(past, [-1, 1, 1, 1]));
}

/** Which of `size` recent rows are filled: `[size]`, bool. `extra` counts the token of a step. */
export function recentFilled({ recent }: Clock, size: number, extra: 0 | 1): Tensor {
  return less(reshape(range(-extra, size - extra), [size]), recent);
}
