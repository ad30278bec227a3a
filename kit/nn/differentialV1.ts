/** Differential attention, first version: one attention map minus λ times another. */
import { add, concat, dims, exp, mul, narrow, reshape, sub, sum, type Tensor } from "../engine/index.js";
import {
  type AttentionParams,
  type AttentionSpec,
  joinHeads,
  leastRows,
  type ProjectedHeads,
  projectHeads,
  stepTable,
  wholeTable,
} from "./attention.js";
import { type AttentionState, appended, cachedWeights, emptyCache, filledCache, mixCached } from "./attentionCache.js";
import { causalWeights, mixCausally } from "./causal.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { type HeadSplit, pairings } from "./headPairs.js";
import { type LayerContext, linear, type Weight } from "./linear.js";
import { unitRms } from "./rmsNorm.js";

/** `heads` and `kvHeads` count heads as an attention layer of the same projections has them. */
export type DifferentialV1Spec = AttentionSpec & {
  readonly split: HeadSplit;
  /**
   * What becomes of the difference. `subNorm`: each pair mixes the values of both its heads, and what it mixed is normed,
   * with a gain, and scaled by 1 − λ_init. `plainSubNorm`: the same without a gain. `residual`, of halved heads: each head
   * keeps its own map and values, less λ times its partner's map, and nothing is normed; with λ = 0 it is attention.
   */
  readonly output: "subNorm" | "plainSubNorm" | "residual";
  /** λ where its four vectors are zero. Stored, because a merge may move a layer to another depth. */
  readonly lambdaInit: number;
};

/**
 * Shapes: `q`, `k`, `v`, `o` as attention's; `lambdaQ1`, `lambdaK1`, `lambdaQ2`, `lambdaK2` as wide as a map's queries; with
 * `subNorm` `subNormGain` as wide as a pair's values.
 */
export type DifferentialV1Params<Leaf, Matrix = Leaf> = AttentionParams<Matrix> & {
  readonly lambdaQ1: Leaf;
  readonly lambdaK1: Leaf;
  readonly lambdaQ2: Leaf;
  readonly lambdaK2: Leaf;
  readonly subNormGain?: Leaf;
};

type Params = DifferentialV1Params<Tensor, Weight>;
type Stepped = { readonly y: Tensor; readonly state: AttentionState };

const plain: LayerContext = { linear, normEps: 1e-5 };

/** λ_init of a layer, counted from 0: `0.8 − 0.6·e^(−0.3·depth)`. */
export function lambdaInitAt(depth: number): number {
  return 0.8 - 0.6 * Math.exp(-0.3 * depth);
}

/**
 * Differential attention over a whole sequence: for each pair of maps
 *
 * ```
 * λ = exp(λq1·λk1) − exp(λq2·λk2) + λ_init        A_i = softmax(q_i·k_iᵀ/√K + mask)
 * o = (A₁ − λ·A₂)·v                               y = (1 − λ_init)·rmsNorm(o) · oᵀ
 * ```
 *
 * with one λ for all pairs of the layer, and the values of both heads of a pair side by side.
 *
 * @param x shape `[B, T, D]`; positions count from 0
 * @returns shape `[B, T, D]`
 * @source T. Ye et al., Differential Transformer (2024); microsoft/unilm, `multihead_flashdiff_1.py`: under grouped queries its
 * `multihead_diffattn.py` gives both maps of a pair the same keys, which is not what the paper says. `withinHead` is what the
 * model card of the differential Liquid Metal says, "splitting query and key vectors into two groups"
 */
export function differentialV1(
  params: Params,
  x: Tensor,
  spec: DifferentialV1Spec,
  context: LayerContext = plain,
): Tensor {
  const { documents } = context;
  const members = membersOfWhole(params, x, spec, context);
  return output(params, mix(params, { ...members, documents }, spec, leastRows.whole), spec, context);
}

/** The differences of maps that mix the values, `A₁ − λ·A₂`, of each pair, or head: shape `[B, pairs, T, T]`. */
export function differentialV1Maps(
  params: Params,
  x: Tensor,
  spec: DifferentialV1Spec,
  context: LayerContext = plain,
): Tensor {
  const members = membersOfWhole(params, x, spec, context);
  const maps = difference(
    causalWeights({ ...members, documents: context.documents }),
    differentialLambda(params, spec.lambdaInit),
    spec,
  );
  const { B, T } = dims(x, "B T D");
  return reshape(maps, [B, -1, T, T]);
}

/** The two maps of each pair, `A₁` and `A₂`, before one is taken from the other: shape `[B, 2, pairs, T, T]`. */
export function differentialV1Pairs(
  params: Params,
  x: Tensor,
  spec: DifferentialV1Spec,
  context: LayerContext = plain,
): Tensor {
  const members = membersOfWhole(params, x, spec, context);
  const { B, T } = dims(x, "B T D");
  // All first maps come before all second ones.
  return reshape(causalWeights({ ...members, documents: context.documents }), [B, 2, -1, T, T]);
}

/** λ of a layer, a scalar. */
export function differentialLambda(params: Omit<Params, "q" | "k" | "v" | "o">, lambdaInit: number): Tensor {
  const { lambdaQ1, lambdaK1, lambdaQ2, lambdaK2 } = params;
  const [first, second] = [exp(sum(mul(lambdaQ1, lambdaK1))), exp(sum(mul(lambdaQ2, lambdaK2)))];
  return add(sub(first, second), lambdaInit);
}

/** Queries and keys of the first maps, then of the second ones; values as the maps meet them. */
type Members = { readonly queries: Tensor; readonly keys: Tensor; readonly values: Tensor };

function membersOf({ q, k, v }: ProjectedHeads, { split, output, headDim, rope }: DifferentialV1Spec): Members {
  const { apart, joined, maps } = pairings[split];
  return {
    queries: mul(apart(q, rope.layout), (headDim / maps) ** -0.5),
    keys: apart(k, rope.layout),
    values: output === "residual" ? v : joined(v),
  };
}

/** Those of a whole sequence, or a prompt. */
function membersOfWhole(params: Params, x: Tensor, spec: DifferentialV1Spec, context: LayerContext): Members {
  const { documents, linear } = context;
  return membersOf(projectHeads(params, x, spec, wholeTable(x, spec, documents), linear), spec);
}

function mix(
  params: Params,
  members: Members & { readonly documents?: Documents },
  spec: DifferentialV1Spec,
  least: number,
): Tensor {
  const lambda = differentialLambda(params, spec.lambdaInit);
  return mixCausally(members, least, (weights) => difference(weights, lambda, spec));
}

/** The difference of the maps of each pair; axis 1 holds all first maps, then all second ones. */
function difference(weights: Tensor, lambda: Tensor, { output }: DifferentialV1Spec): Tensor {
  const half = weights.shape[1] / 2;
  const [first, second] = [narrow(weights, 1, 0, half), narrow(weights, 1, half, half)];
  if (output === "residual") return sub(weights, mul(concat([second, first], 1), lambda));
  return sub(first, mul(second, lambda));
}

/** From what each pair, or head, has mixed, `[B, pairs, T, V]`, to the layer's output. */
function output(params: Params, mixed: Tensor, spec: DifferentialV1Spec, { linear, normEps }: LayerContext): Tensor {
  if (spec.output === "residual") return linear(params.o, joinHeads(mixed));
  const unit = unitRms(mixed, normEps);
  const normed = params.subNormGain === undefined ? unit : mul(unit, params.subNormGain);
  return linear(params.o, joinHeads(mul(normed, 1 - spec.lambdaInit)));
}

/** Widths and numbers of what the maps are made of. */
export function differentialV1Heads({ kvHeads, headDim, split, output }: DifferentialV1Spec): {
  readonly queryDim: number;
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly valueDim: number;
} {
  const { maps } = pairings[split];
  const own = output === "residual" || maps === 2;
  return {
    queryDim: headDim / maps,
    keyHeads: kvHeads * maps,
    valueHeads: own ? kvHeads : kvHeads / 2,
    valueDim: own ? headDim : 2 * headDim,
  };
}

/** An empty cache for `capacity` past and `recent` new tokens. */
export function differentialV1Start(
  spec: DifferentialV1Spec,
  batch: number,
  capacity: number,
  recent: number,
): AttentionState {
  const { queryDim, ...heads } = differentialV1Heads(spec);
  return emptyCache({ ...heads, keyDim: queryDim }, batch, capacity, recent);
}

/**
 * {@link differentialV1} over a prompt, and the cache it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 * @param empty Cache whose capacity is at least T.
 * @param clock Lengths of the prompts.
 */
export function differentialV1Prefill(
  params: Params,
  x: Tensor,
  empty: AttentionState,
  clock: Clock,
  spec: DifferentialV1Spec,
  context: LayerContext = plain,
): Stepped {
  const members = membersOfWhole(params, x, spec, context);
  const state = filledCache(empty, members, clock);
  return { y: output(params, mix(params, members, spec, leastRows.prompt), spec, context), state };
}

/** The next tokens, `x` of shape `[B, T, D]`; the cache comes back with them in its recent buffer. */
export function differentialV1Step(
  params: Params,
  x: Tensor,
  state: AttentionState,
  clock: Clock,
  spec: DifferentialV1Spec,
  context: LayerContext = plain,
): Stepped {
  const { B, T } = dims(x, "B T D");
  const { queryDim, keyHeads, valueDim } = differentialV1Heads(spec);
  const projected = projectHeads(params, x, spec, stepTable(x, state, clock, spec), context.linear);
  const { queries, ...fresh } = membersOf(projected, spec);
  const next = appended(state, fresh, clock);
  const weights = cachedWeights(reshape(queries, [B, keyHeads, -1, T, queryDim]), next, clock);
  const lambda = differentialLambda(params, spec.lambdaInit);
  const mixed = reshape(mixCached(difference(weights, lambda, spec), next), [B, -1, T, valueDim]);
  return { y: output(params, mixed, spec, context), state: next };
}
