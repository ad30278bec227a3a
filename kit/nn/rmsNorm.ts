import { add, mean, mul, rsqrt, square, type Tensor } from "../engine/index.js";

/** Shape of `gain`: `[D]`. */
export type RmsNormParams<Leaf> = { readonly gain: Leaf };

/**
 * `y = gain · x / √(mean(x²) + eps)` over the last axis.
 *
 * @param x shape `[..., D]`
 * @param eps Added to the mean square, so that a zero vector stays zero.
 * @returns shape `[..., D]`
 * @source B. Zhang, R. Sennrich, Root Mean Square Layer Normalization (2019)
 */
export function rmsNorm({ gain }: RmsNormParams<Tensor>, x: Tensor, eps: number): Tensor {
  return mul(unitRms(x, eps), gain);
}

/** {@link rmsNorm} without its gain: every vector's root mean square becomes 1. */
export function unitRms(x: Tensor, eps: number): Tensor {
  return mul(x, rsqrt(add(mean(square(x), { axis: -1, keep: true }), eps)));
}
