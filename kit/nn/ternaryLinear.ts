import {
  abs,
  clip,
  customGradient,
  div,
  matmulTransposed,
  max,
  maximum,
  mul,
  round,
  scope,
  type Tensor,
} from "../engine/index.js";
import { matrixOf, normed, type Weight } from "./linear.js";
import { type TernaryScale, ternaryValues } from "./ternary.js";

export type TernaryLinearSpec = {
  readonly scale: TernaryScale;
  /** Bits of an activation, when these are rounded too (W1.58A8). */
  readonly activationBits?: 8;
  /** The matrices hold ternary values already, as those of a packed model do: they are applied as they are. */
  readonly rounded?: true;
};

/**
 * A linear layer with ternary weights (BitLinear): `y = round₈(norm(x)) · ternary(W)ᵀ`.
 *
 * Weights are stored and trained in float32 and rounded at every use; gradients pass straight through both roundings. The
 * norm is the weight's own if it has one; without activation bits `x` is not rounded.
 *
 * @param weight shape `[out, in]`
 * @param x shape `[..., in]`
 * @returns shape `[..., out]`
 * @source H. Wang et al., BitNet (2023); S. Ma et al., The Era of 1-bit LLMs (2024)
 */
export function ternaryLinear(
  weight: Weight,
  x: Tensor,
  { scale, activationBits, rounded }: TernaryLinearSpec,
): Tensor {
  return scope(() => {
    const input = normed(weight, x);
    const matrix = matrixOf(weight);
    return matmulTransposed(
      activationBits === 8 ? roundActivations(input) : input,
      rounded === true ? matrix : ternaryValues(matrix, scale),
    );
  });
}

/**
 * Rounds each row to 8 bits, `round(x · s) / s`, with the gradient of the identity.
 *
 * @param x shape `[..., D]`
 * @returns shape of `x`
 */
export function roundActivations(x: Tensor): Tensor {
  return customGradient(
    [x],
    () => {
      const { codes, scale } = activationCodes(x);
      return { value: div(codes, scale) };
    },
    (dy) => [() => dy],
  );
}

/**
 * The 8-bit codes of each row: `round(x · s)`, limited to −128 … 127, with `s = 127 / max |x|`. Halves round to even.
 *
 * @param x shape `[..., D]`; the maximum is taken over the last axis and is at least 1e−5
 * @returns `codes` of the shape of `x`, float32; `scale` `[..., 1]`
 */
export function activationCodes(x: Tensor): { readonly codes: Tensor; readonly scale: Tensor } {
  const scale = div(127, maximum(max(abs(x), { axis: -1, keep: true }), 1e-5));
  return { codes: clip(round(mul(x, scale)), -128, 127), scale };
}
