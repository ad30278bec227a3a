/** The gated convolution: a mixer without attention or memory, which sees the last `k` tokens. */
import { dims, full, mul, narrow, sigmoid, type Tensor } from "../engine/index.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { type Linear, linear, type Weight } from "./linear.js";
import { causalConvolutionStep, convolution, lastInputs } from "./shortConvolution.js";

export type GatedConvSpec = {
  /** Tokens a channel sees, k. */
  readonly kernel: number;
};

/** Shapes: `up` `[2D, D]` (gates first, then values), `conv` `[k, D]`, `down` `[D, D]`. */
export type GatedConvParams<Leaf, Matrix = Leaf> = {
  readonly up: Matrix;
  readonly conv: Leaf;
  readonly down: Matrix;
};

/** Shape of `tail`: `[B, k − 1, D]`, the last values. */
export type GatedConvState = { readonly tail: Tensor };

type Params = GatedConvParams<Tensor, Weight>;

/**
 * `y = (σ(g) ⊙ conv(v)) · downᵀ` with `g, v = x · upᵀ`.
 *
 * @param x shape `[B, T, D]`
 * @param documents Default: a row is one.
 * @returns shape `[B, T, D]`
 * @source FlashLM v4, the mixer before Gated DeltaNet in the teeny-s model; no activation follows its convolution
 */
export function gatedConv(params: Params, x: Tensor, apply: Linear = linear, documents?: Documents): Tensor {
  const { gate, value } = project(params, x, apply);
  return apply(params.down, mul(convolution(value, params.conv, documents), gate));
}

function project(params: Params, x: Tensor, apply: Linear): { gate: Tensor; value: Tensor } {
  const both = apply(params.up, x);
  const { D } = dims(x, "B T D");
  return { gate: sigmoid(narrow(both, -1, 0, D)), value: narrow(both, -1, D, D) };
}

/** What the mixer remembers before the first token. */
export function gatedConvStart({ kernel }: GatedConvSpec, batch: number, width: number): GatedConvState {
  return { tail: full([batch, kernel - 1, width], 0) };
}

/**
 * {@link gatedConv} over a prompt, and the state it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 */
export function gatedConvPrefill(
  params: Params,
  x: Tensor,
  clock: Clock,
  spec: GatedConvSpec,
  apply: Linear = linear,
): { readonly y: Tensor; readonly state: GatedConvState } {
  const { gate, value } = project(params, x, apply);
  const y = apply(params.down, mul(convolution(value, params.conv), gate));
  return { y, state: { tail: lastInputs(value, clock.past, spec.kernel - 1) } };
}

/** The next tokens, `x` of shape `[B, T, D]`. */
export function gatedConvStep(
  params: Params,
  x: Tensor,
  state: GatedConvState,
  apply: Linear = linear,
): { readonly y: Tensor; readonly state: GatedConvState } {
  const { gate, value } = project(params, x, apply);
  const { y, tail } = causalConvolutionStep(value, state.tail, params.conv);
  return { y: apply(params.down, mul(y, gate)), state: { tail } };
}
