import { mul, silu, type Tensor } from "../engine/index.js";
import { type Linear, linear, type Weight } from "./linear.js";

/** Shapes: `gate` and `up` `[F, D]`, `down` `[D, F]`. */
export type SwigluParams<Leaf> = { readonly gate: Leaf; readonly up: Leaf; readonly down: Leaf };

/**
 * Gated feed-forward layer: `y = (silu(x · gateᵀ) ⊙ (x · upᵀ)) · downᵀ`.
 *
 * @param x shape `[..., D]`
 * @returns shape `[..., D]`
 * @source N. Shazeer, GLU Variants Improve Transformer (2020)
 */
export function swiglu({ gate, up, down }: SwigluParams<Weight>, x: Tensor, apply: Linear = linear): Tensor {
  return apply(down, mul(silu(apply(gate, x)), apply(up, x)));
}
