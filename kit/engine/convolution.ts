import { sum } from "./broadcast.js";
import { dims } from "./dims.js";
import { add, mul } from "./elementwise.js";
import { primitive } from "./primitive.js";
import { scope } from "./scope.js";
import { concat, narrow, pad, reshape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/**
 * Depthwise causal convolution: `y[b, t, d] = Σⱼ kernel[j, d] · x[b, t − (k − 1) + j, d]`, zeros before the start.
 *
 * As `k` shifted products: for kernels of 3 to 8 that compiles to one loop over memory, and so does its gradient.
 *
 * @param x shape `[B, T, D]`
 * @param kernel shape `[k, D]`; row `k − 1` multiplies the present
 * @returns shape `[B, T, D]`
 */
export function causalConvolution(x: Tensor, kernel: Tensor): Tensor {
  const { T, D } = dims(x, "B T D");
  const { k } = dims(kernel, "k D", { D });
  const taps = Array.from({ length: k }, (_, j) => j);
  return primitive(
    [x, kernel],
    () => {
      const past = shifted(x, k - 1, 0);
      return { value: total(taps.map((j) => mul(narrow(past, 1, j, T), narrow(kernel, 0, j, 1)))), save: [x, kernel] };
    },
    (dy, [x, kernel]) => [
      () =>
        scope(() => {
          const future = shifted(dy, 0, k - 1);
          return total(taps.map((j) => mul(narrow(future, 1, k - 1 - j, T), narrow(kernel, 0, j, 1))));
        }),
      () =>
        scope(() => {
          const past = shifted(x, k - 1, 0);
          return concat(taps.map((j) => overTokens(mul(narrow(past, 1, j, T), dy))));
        }),
    ],
  );
}

/** Zeros before and behind the tokens. */
function shifted(x: Tensor, before: number, behind: number): Tensor {
  return pad(x, [
    [0, 0],
    [before, behind],
    [0, 0],
  ]);
}

/** From `[B, T, D]` to `[1, D]`. The sequences are added one to another first: a loop over memory, not a reduction. */
function overTokens(x: Tensor): Tensor {
  const { B, T, D } = dims(x, "B T D");
  const rows = total(Array.from({ length: B }, (_, b) => reshape(narrow(x, 0, b, 1), [T, D])));
  return sum(rows, { axis: 0, keep: true });
}

function total(terms: readonly Tensor[]): Tensor {
  return terms.reduce((a, b) => add(a, b));
}
