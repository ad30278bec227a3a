/** Depthwise causal convolution over the last few tokens, for a whole sequence and one token at a time. */
import {
  add,
  causalConvolution,
  concat,
  dims,
  greaterEqual,
  matmul,
  mul,
  narrow,
  oneHot,
  pad,
  range,
  reshape,
  silu,
  sum,
  type Tensor,
  where,
} from "../engine/index.js";
import type { Documents } from "./documents.js";

/**
 * `y = silu(conv(x))`: each channel sees its own last `k` tokens.
 *
 * @param x shape `[B, T, D]`
 * @param kernel shape `[k, D]`; row `k − 1` multiplies the present
 * @param documents Default: a row is one.
 * @returns shape `[B, T, D]`
 * @source T. Dao's causal_conv1d, as used by Mamba and Gated DeltaNet (k = 4, no bias); those store `[D, 1, k]`
 */
export function shortConvolution(x: Tensor, kernel: Tensor, documents?: Documents): Tensor {
  return silu(convolution(x, kernel, documents));
}

/**
 * The engine's `causalConvolution`, within documents: before its first token a document has zeros.
 *
 * @param x shape `[B, T, D]`
 * @param kernel shape `[k, D]`
 * @param documents Default: a row is one.
 */
export function convolution(x: Tensor, kernel: Tensor, documents?: Documents): Tensor {
  if (documents === undefined) return causalConvolution(x, kernel);
  const { B, T } = dims(x, "B T D");
  const { k } = dims(kernel, "k D");
  const terms = Array.from({ length: Math.min(k, T) }, (_, age) => {
    const reached = reshape(where(greaterEqual(documents.positions, age), 1, 0), [B, T, 1]);
    return mul(delayed(x, age), mul(narrow(kernel, 0, k - 1 - age, 1), reached));
  });
  return terms.reduce(add);
}

/** Each token's place is taken by the one `age` tokens before it, the first places by zeros. */
function delayed(x: Tensor, age: number): Tensor {
  const { T } = dims(x, "B T D");
  const shifted = pad(x, [
    [0, 0],
    [age, 0],
    [0, 0],
  ]);
  return narrow(shifted, 1, 0, T);
}

/**
 * {@link shortConvolution} of the next tokens.
 *
 * @param x shape `[B, T, D]`
 * @param tail The last `k − 1` inputs, shape `[B, k − 1, D]`; zeros before the first.
 * @returns `y` of shape `[B, T, D]`, and the tail that follows
 */
export function shortConvolutionStep(x: Tensor, tail: Tensor, kernel: Tensor): { y: Tensor; tail: Tensor } {
  const stepped = causalConvolutionStep(x, tail, kernel);
  return { ...stepped, y: silu(stepped.y) };
}

/** The engine's `causalConvolution` of the next tokens; shapes as in {@link shortConvolutionStep}. */
export function causalConvolutionStep(x: Tensor, tail: Tensor, kernel: Tensor): { y: Tensor; tail: Tensor } {
  const { T } = dims(x, "B T D");
  const { k } = dims(kernel, "k D");
  const window = concat([tail, x], 1);
  const y =
    T === 1
      ? sum(mul(window, kernel), { axis: 1, keep: true })
      : narrow(causalConvolution(window, kernel), 1, k - 1, T);
  return { y, tail: narrow(window, 1, T, k - 1) };
}

/**
 * The last inputs of each sequence of a padded batch, zeros where there are fewer.
 *
 * A product with a 0/1 matrix, exact in float32.
 *
 * @param x shape `[B, T, D]`
 * @param lengths shape `[B]` int32, at most T
 * @param count How many: `k − 1`.
 * @returns shape `[B, count, D]`
 */
export function lastInputs(x: Tensor, lengths: Tensor, count: number): Tensor {
  const { T } = dims(x, "B T D");
  const rows = add(reshape(lengths, [-1, 1]), range(-count, 0));
  // A row before the start is outside of the one-hot vector, which makes it zero.
  return matmul(oneHot(rows, T), x);
}
