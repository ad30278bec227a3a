import { isTensor, matmulTransposed, type Tensor } from "../engine/index.js";
import { rmsNorm } from "./rmsNorm.js";

/** A matrix behind a norm of its own (SubLN): `gain` has the shape `[in]`. */
export type NormedWeight = { readonly weight: Tensor; readonly gain: Tensor; readonly eps: number };

/** What a linear layer applies: a matrix of shape `[out, in]`, with or without a norm of its own. */
export type Weight = Tensor | NormedWeight;

/** How a linear layer is applied; {@link linear} unless a layer is given another one, such as a ternary. */
export type Linear = (weight: Weight, x: Tensor) => Tensor;

/** What a layer takes from the model around it. */
export type LayerContext = { readonly linear: Linear; readonly normEps: number };

/**
 * `y = x · Wᵀ`, without bias; behind a norm of its own `y = rmsNorm(x) · Wᵀ`.
 *
 * @param weight shape `[out, in]`
 * @param x shape `[..., in]`
 * @returns shape `[..., out]`
 */
export function linear(weight: Weight, x: Tensor): Tensor {
  return matmulTransposed(normed(weight, x), matrixOf(weight));
}

/** The matrix of a weight. */
export function matrixOf(weight: Weight): Tensor {
  return isTensor(weight) ? weight : weight.weight;
}

/** What the matrix of a weight is multiplied by: `x`, or `x` behind the weight's own norm. */
export function normed(weight: Weight, x: Tensor): Tensor {
  return isTensor(weight) ? x : rmsNorm(weight, x, weight.eps);
}
