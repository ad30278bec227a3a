import { dims } from "./dims.js";
import { add, mul } from "./elementwise.js";
import { scope } from "./scope.js";
import { narrow, pad } from "./shape.js";
import type { Tensor } from "./tensor.js";

/**
 * Depthwise causal convolution: `y[b, t, d] = Σⱼ kernel[j, d] · x[b, t − (k − 1) + j, d]`, zeros before the start.
 *
 * As `k` shifted products: for kernels of 3 to 8 that compiles to one loop over memory, and its gradient is theirs.
 *
 * @param x shape `[B, T, D]`
 * @param kernel shape `[k, D]`; row `k − 1` multiplies the present
 * @returns shape `[B, T, D]`
 */
export function causalConvolution(x: Tensor, kernel: Tensor): Tensor {
  const { T, D } = dims(x, "B T D");
  const { k } = dims(kernel, "k D", { D });
  const widths = [
    [0, 0],
    [k - 1, 0],
    [0, 0],
  ];
  return scope(() => {
    const padded = pad(x, widths);
    const shifted = Array.from({ length: k }, (_, j) => mul(narrow(padded, 1, j, T), narrow(kernel, 0, j, 1)));
    return shifted.reduce((a, b) => add(a, b));
  });
}
