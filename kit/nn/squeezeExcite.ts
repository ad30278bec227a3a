/** Squeeze-and-excitation: the text so far decides how much of each channel passes. */
import { add, mul, relu, sigmoid, type Tensor } from "../engine/index.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { linear } from "./linear.js";
import { type PoolSpec, type PoolState, pool, poolPrefill, poolStep } from "./pool.js";

export type SqueezeExciteSpec = {
  /** Width of the squeezed vector: D/16 in the original, whose reduction is 16. */
  readonly hidden: number;
  readonly pool: PoolSpec;
  /** `doubleSigmoid` is 2σ, from 0 to 2: where its input is zero, everything passes as it is. `sigmoid` is the original's. */
  readonly gate: "doubleSigmoid" | "sigmoid";
  /** Whether both linear layers have one; default no. */
  readonly bias?: true;
};

/** Shapes: `down` `[hidden, D]`, `up` `[D, hidden]`; `downBias` `[hidden]`, `upBias` `[D]`. */
export type SqueezeExciteParams<Leaf> = {
  readonly down: Leaf;
  readonly up: Leaf;
  readonly downBias?: Leaf;
  readonly upBias?: Leaf;
};

type Params = SqueezeExciteParams<Tensor>;
type Stepped = { readonly y: Tensor; readonly state: PoolState };

/**
 * `y_t = x_t ⊙ gate(up · relu(down · c_t))` with the context `c = pool(x)`.
 *
 * With `up = 0` and the gate 2σ it changes nothing, to the last bit.
 *
 * @param x shape `[B, T, D]`: what the feed-forward layer has put out
 * @param documents Default: a row is one.
 * @returns shape of `x`
 * @source J. Hu et al., Squeeze-and-Excitation Networks (2018), where the pool is the whole image. Over a whole text it would
 * see the future, so that the pool is the text so far unless asked otherwise
 */
export function squeezeExcite(params: Params, x: Tensor, spec: SqueezeExciteSpec, documents?: Documents): Tensor {
  return mul(x, squeezeExciteGates(params, x, spec, documents));
}

/** How much of each channel {@link squeezeExcite} lets pass, shape `[B, T, D]`, or `[B, 1, D]` of a pool over all. */
export function squeezeExciteGates(params: Params, x: Tensor, spec: SqueezeExciteSpec, documents?: Documents): Tensor {
  return gates(params, pool(x, spec.pool, documents), spec);
}

const gateKinds: { readonly [G in SqueezeExciteSpec["gate"]]: (x: Tensor) => Tensor } = {
  sigmoid,
  doubleSigmoid: (x) => mul(sigmoid(x), 2),
};

/** How much of each channel passes, for each context; shape `[B, T, D]`. */
function gates({ down, up, downBias, upBias }: Params, context: Tensor, { gate }: SqueezeExciteSpec): Tensor {
  const squeezed = relu(biased(linear(down, context), downBias));
  return gateKinds[gate](biased(linear(up, squeezed), upBias));
}

function biased(x: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? x : add(x, bias);
}

/**
 * {@link squeezeExcite} over a prompt, and the state it leaves; `poolStart` is the one before the first token.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 */
export function squeezeExcitePrefill(params: Params, x: Tensor, clock: Clock, spec: SqueezeExciteSpec): Stepped {
  const { y, state } = poolPrefill(x, clock, spec.pool);
  return { y: mul(x, gates(params, y, spec)), state };
}

/** The next tokens, `x` of shape `[B, T, D]`. */
export function squeezeExciteStep(
  params: Params,
  x: Tensor,
  state: PoolState,
  clock: Clock,
  spec: SqueezeExciteSpec,
): Stepped {
  const pooled = poolStep(x, state, clock, spec.pool);
  return { y: mul(x, gates(params, pooled.y, spec)), state: pooled.state };
}
