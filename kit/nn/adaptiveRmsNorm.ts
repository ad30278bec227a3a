/** RMSNorm whose gain depends on the text so far. */
import { add, mul, type Tensor } from "../engine/index.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { linear } from "./linear.js";
import { type PoolSpec, type PoolState, pool, poolPrefill, poolStep } from "./pool.js";
import { type RmsNormParams, unitRms } from "./rmsNorm.js";

export type AdaptiveRmsNormSpec = {
  /** Rank r of the matrix W that turns the context into gains; `full` stores all of it. */
  readonly rank: number | "full";
  readonly pool: PoolSpec;
};

/**
 * Shapes: `gain` `[D]`; of a full W `matrix` `[D, D]`; of rank r, `W = up · down`, `down` `[r, D]` and `up` `[D, r]`.
 */
export type AdaptiveRmsNormParams<Leaf> = RmsNormParams<Leaf> & {
  readonly matrix?: Leaf;
  readonly down?: Leaf;
  readonly up?: Leaf;
};

type Params = AdaptiveRmsNormParams<Tensor>;

/**
 * `y_t = (gain + W·c_t) ⊙ x̂_t` with `x̂ = x / √(mean(x²) + eps)` and the context `c = pool(x̂)`.
 *
 * With `W = 0` it is RMSNorm, to the last bit.
 *
 * @param x shape `[B, T, D]`
 * @param eps as for RMSNorm
 * @param documents Default: a row is one.
 * @returns shape of `x`
 * @source The model cards of Liquid Metal name the module and what it is for: "adaptive scaling based on the global context
 * of each input batch". Decided here: the scale is a gain per channel, added to the gain there was; the context is pooled
 * from what is already normed, so that the module, like RMSNorm, does not depend on the size of the residual stream
 */
export function adaptiveRmsNorm(
  params: Params,
  x: Tensor,
  spec: AdaptiveRmsNormSpec,
  eps: number,
  documents?: Documents,
): Tensor {
  const unit = unitRms(x, eps);
  return mul(unit, gains(params, pool(unit, spec.pool, documents)));
}

/** The gains that {@link adaptiveRmsNorm} takes for each token, shape `[B, T, D]`, or `[B, 1, D]` of a pool over all. */
export function adaptiveGains(params: Params, x: Tensor, spec: AdaptiveRmsNormSpec, eps: number): Tensor {
  return gains(params, pool(unitRms(x, eps), spec.pool));
}

/** Gains for each context, shape `[B, T, D]`. */
function gains({ gain, matrix, down, up }: Params, context: Tensor): Tensor {
  return add(linear(matrix ?? up!, matrix === undefined ? linear(down!, context) : context), gain);
}

/**
 * {@link adaptiveRmsNorm} over a prompt, and the state it leaves; `poolStart` is the one before the first token.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 */
export function adaptiveRmsNormPrefill(
  params: Params,
  x: Tensor,
  clock: Clock,
  spec: AdaptiveRmsNormSpec,
  eps: number,
): { readonly y: Tensor; readonly state: PoolState } {
  const unit = unitRms(x, eps);
  const { y, state } = poolPrefill(unit, clock, spec.pool);
  return { y: mul(unit, gains(params, y)), state };
}

/** The next tokens, `x` of shape `[B, T, D]`. */
export function adaptiveRmsNormStep(
  params: Params,
  x: Tensor,
  state: PoolState,
  clock: Clock,
  spec: AdaptiveRmsNormSpec,
  eps: number,
): { readonly y: Tensor; readonly state: PoolState } {
  const unit = unitRms(x, eps);
  const pooled = poolStep(unit, state, clock, spec.pool);
  return { y: mul(unit, gains(params, pooled.y)), state: pooled.state };
}
