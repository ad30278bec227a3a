import { add, isTensor, matmulTransposed, mul, type Tensor } from "../engine/index.js";
import type { Documents } from "./documents.js";
import { rmsNorm } from "./rmsNorm.js";

/** A matrix behind a norm of its own (SubLN): `gain` has the shape `[in]`. */
export type NormedWeight = { readonly weight: Tensor | AdaptedWeight; readonly gain: Tensor; readonly eps: number };

/** A matrix and a low-rank addition, `W + scale · up · down`, that is never written: `down` `[r, in]`, `up` `[out, r]`. */
export type AdaptedWeight = {
  readonly weight: Tensor;
  readonly up: Tensor;
  readonly down: Tensor;
  readonly scale: number;
};

/** What a linear layer applies: a matrix of shape `[out, in]`, with or without a norm of its own and a low-rank addition. */
export type Weight = Tensor | NormedWeight | AdaptedWeight;

/** How a linear layer is applied; {@link linear} unless a layer is given another one, such as a ternary. */
export type Linear = (weight: Weight, x: Tensor) => Tensor;

/** What a layer takes from the model around it. */
export type LayerContext = {
  readonly linear: Linear;
  readonly normEps: number;
  /** Nothing is seen across their borders. Absent: a row is one document. Whole sequences only; a prompt is one. */
  readonly documents?: Documents;
};

/**
 * `y = x · Wᵀ`, without bias; behind a norm of its own `y = rmsNorm(x) · Wᵀ`; with a low-rank addition
 * `y = x · Wᵀ + scale · (x · downᵀ) · upᵀ`.
 *
 * @param weight shape `[out, in]`
 * @param x shape `[..., in]`
 * @returns shape `[..., out]`
 */
export function linear(weight: Weight, x: Tensor): Tensor {
  const input = normed(weight, x);
  const y = matmulTransposed(input, matrixOf(weight));
  const added = additionOf(weight);
  if (added === undefined) return y;
  return add(y, mul(matmulTransposed(matmulTransposed(input, added.down), added.up), added.scale));
}

/** The matrix of a weight, without a low-rank addition. */
export function matrixOf(weight: Weight): Tensor {
  return isTensor(weight) ? weight : matrixOf(weight.weight);
}

/** What the matrix of a weight is multiplied by: `x`, or `x` behind the weight's own norm. */
export function normed(weight: Weight, x: Tensor): Tensor {
  return !isTensor(weight) && "gain" in weight ? rmsNorm(weight, x, weight.eps) : x;
}

function additionOf(weight: Weight): AdaptedWeight | undefined {
  if (isTensor(weight)) return undefined;
  return "up" in weight ? weight : additionOf(weight.weight);
}
