/** Differential attention, second version: attention with twice the queries, and a gate for each token. */
import { add, concat, dims, mul, narrow, reshape, sigmoid, sub, type Tensor, transpose } from "../engine/index.js";
import {
  type AttentionParams,
  type AttentionSpec,
  attentionStart,
  joinHeads,
  leastRows,
  type ProjectedHeads,
  projectHeads,
  stepTable,
  wholeTable,
} from "./attention.js";
import { type AttentionState, appended, cachedWeights, filledCache, mixCached } from "./attentionCache.js";
import { causalWeights, mixCausally } from "./causal.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { type Linear, linear, type Weight } from "./linear.js";

/** `heads` counts heads of the output, h; there are twice as many of queries. */
export type DifferentialV2Spec = AttentionSpec & {
  /** Whether the gate has a bias, which begins at 0; default no, as the reference. */
  readonly lambdaBias?: true;
};

/** Shapes: `q` `[2h·K, D]`, `k` and `v` `[kvHeads·K, D]`, `o` `[D, h·K]`, `lambda` `[h, D]`, `lambdaBias` `[h]`. */
export type DifferentialV2Params<Leaf, Matrix = Leaf> = AttentionParams<Matrix> & {
  readonly lambda: Matrix;
  readonly lambdaBias?: Leaf;
};

type Params = DifferentialV2Params<Tensor, Weight>;
type Stepped = { readonly y: Tensor; readonly state: AttentionState };

/**
 * Differential attention, second version, over a whole sequence: query heads 2h and 2h + 1 attend to the same keys, and
 *
 * ```
 * λ_t = σ(x_t·lambdaᵀ)        o_t = a₂ₕ,ₜ − λ_t,ₕ·a₂ₕ₊₁,ₜ        y = o · oᵀ
 * ```
 *
 * No norm, no λ_init. Where λ is 0 it is attention with every second query head.
 *
 * @param x shape `[B, T, D]`; positions count from 0
 * @param documents as for attention
 * @returns shape `[B, T, D]`
 * @source microsoft/unilm, Diff-Transformer-V2 (2026). The bias of the gate is an addition
 */
export function differentialV2(
  params: Params,
  x: Tensor,
  spec: DifferentialV2Spec,
  apply: Linear = linear,
  documents?: Documents,
): Tensor {
  const projected = project(params, x, spec, wholeTable(x, spec, documents), apply);
  return output(params, x, mix(projected, leastRows.whole, documents), apply);
}

function project(
  params: Params,
  x: Tensor,
  spec: DifferentialV2Spec,
  table: Parameters<typeof projectHeads>[3],
  apply: Linear,
): ProjectedHeads {
  return projectHeads(params, x, { ...spec, heads: 2 * spec.heads }, table, apply);
}

function mix({ q, k, v }: ProjectedHeads, least: number, documents?: Documents): Tensor {
  return mixCausally({ queries: mul(q, q.shape[3] ** -0.5), keys: k, values: v, documents }, least);
}

/** From what each query head has mixed, `[B, 2h, T, K]`, to the layer's output. */
function output({ o, lambda, lambdaBias }: Params, x: Tensor, mixed: Tensor, apply: Linear): Tensor {
  const { B, H, T, K } = dims(mixed, "B H T K");
  const pairs = reshape(mixed, [B, H / 2, 2, T, K]);
  const member = (which: 0 | 1): Tensor => reshape(narrow(pairs, 2, which, 1), [B, H / 2, T, K]);
  return apply(o, joinHeads(sub(member(0), mul(member(1), gates({ lambda, lambdaBias }, x, apply)))));
}

/** λ of each token and head, `[B, h, T, 1]`. */
function gates({ lambda, lambdaBias }: Pick<Params, "lambda" | "lambdaBias">, x: Tensor, apply: Linear): Tensor {
  const logits = apply(lambda, x);
  const { B, T, H } = dims(logits, "B T H");
  return reshape(transpose(sigmoid(lambdaBias === undefined ? logits : add(logits, lambdaBias))), [B, H, T, 1]);
}

/** The differences of maps that mix the values, `A₁ − λ_t·A₂`, of each head of the output: shape `[B, h, T, T]`. */
export function differentialV2Maps(
  params: Params,
  x: Tensor,
  spec: DifferentialV2Spec,
  apply: Linear = linear,
  documents?: Documents,
): Tensor {
  const { first, second } = maps(params, x, spec, apply, documents);
  return sub(first, mul(second, gates(params, x, apply)));
}

/** The two maps of each head, `A₁` and `A₂`, before one is taken from the other: shape `[B, 2, h, T, T]`. */
export function differentialV2Pairs(
  params: Params,
  x: Tensor,
  spec: DifferentialV2Spec,
  apply: Linear = linear,
  documents?: Documents,
): Tensor {
  const { first, second } = maps(params, x, spec, apply, documents);
  const { B, H, T } = dims(first, "B H T T");
  return concat(
    [first, second].map((one) => reshape(one, [B, 1, H, T, T])),
    1,
  );
}

/** The maps of both members of each pair: shape `[B, h, T, T]`. */
function maps(
  params: Params,
  x: Tensor,
  spec: DifferentialV2Spec,
  apply: Linear,
  documents?: Documents,
): { readonly first: Tensor; readonly second: Tensor } {
  const { q, k } = project(params, x, spec, wholeTable(x, spec, documents), apply);
  const { B, H, T, K } = dims(q, "B H T K");
  const pairs = reshape(causalWeights({ queries: mul(q, K ** -0.5), keys: k, documents }), [B, H / 2, 2, T, T]);
  const member = (which: 0 | 1): Tensor => reshape(narrow(pairs, 2, which, 1), [B, H / 2, T, T]);
  return { first: member(0), second: member(1) };
}

/** An empty cache for `capacity` past and `recent` new tokens: as large as attention's. */
export const differentialV2Start: typeof attentionStart = attentionStart;

/**
 * {@link differentialV2} over a prompt, and the cache it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 * @param empty Cache whose capacity is at least T.
 * @param clock Lengths of the prompts.
 */
export function differentialV2Prefill(
  params: Params,
  x: Tensor,
  empty: AttentionState,
  clock: Clock,
  spec: DifferentialV2Spec,
  apply: Linear = linear,
): Stepped {
  const projected = project(params, x, spec, wholeTable(x, spec), apply);
  const state = filledCache(empty, { keys: projected.k, values: projected.v }, clock);
  return { y: output(params, x, mix(projected, leastRows.prompt), apply), state };
}

/** The next tokens, `x` of shape `[B, T, D]`; the cache comes back with them in its recent buffer. */
export function differentialV2Step(
  params: Params,
  x: Tensor,
  state: AttentionState,
  clock: Clock,
  spec: DifferentialV2Spec,
  apply: Linear = linear,
): Stepped {
  const { B, T } = dims(x, "B T D");
  const { kvHeads, headDim: K } = spec;
  const { q, k, v } = project(params, x, spec, stepTable(x, state, clock, spec), apply);
  const next = appended(state, { keys: k, values: v }, clock);
  const queries = mul(reshape(q, [B, kvHeads, -1, T, K]), K ** -0.5);
  const mixed = mixCached(cachedWeights(queries, next, clock), next);
  return { y: output(params, x, reshape(mixed, [B, -1, T, K]), apply), state: next };
}
