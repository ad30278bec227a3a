/** Grouped-query attention with rotary positions: over a whole sequence, and one token at a time with a cache. */
import { dims, mul, reshape, type Tensor, transpose } from "../engine/index.js";
import { type AttentionState, appended, cachedWeights, emptyCache, filledCache, mixCached } from "./attentionCache.js";
import { causalWeights, mixCausally } from "./causal.js";
import { type Clock, positions } from "./clock.js";
import type { Documents } from "./documents.js";
import { type Linear, linear, type Weight } from "./linear.js";
import { type RopeSpec, type RopeTable, rope, ropeAt, ropeTable } from "./rope.js";

export type AttentionSpec = {
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads; each serves `heads / kvHeads` query heads. */
  readonly kvHeads: number;
  /** Width of a head, K. */
  readonly headDim: number;
  readonly rope: RopeSpec;
};

/** Shapes: `q` `[H·K, D]`, `k` and `v` `[kvHeads·K, D]`, `o` `[D, H·K]`. */
export type AttentionParams<Leaf> = { readonly q: Leaf; readonly k: Leaf; readonly v: Leaf; readonly o: Leaf };

type Params = AttentionParams<Weight>;

/**
 * Causal attention over a whole sequence: `softmax(q·kᵀ/√K + mask)·v` per head.
 *
 * @param x shape `[B, T, D]`; positions count from 0
 * @param documents Attention stays within them, and positions count from where they begin. Default: a row is one.
 * @returns shape `[B, T, D]`
 * @source A. Vaswani et al. (2017); J. Ainslie et al., GQA (2023)
 */
export function attention(
  params: Params,
  x: Tensor,
  spec: AttentionSpec,
  apply: Linear = linear,
  documents?: Documents,
): Tensor {
  const projected = projectHeads(params, x, spec, wholeTable(x, spec, documents), apply);
  return attend(params, projected, leastRows.whole, apply, documents);
}

/** What each token takes from which: `softmax(q·kᵀ/√K + mask)`, shape `[B, H, T, T]`; parameters as {@link attention}'s. */
export function attentionMaps(
  params: Params,
  x: Tensor,
  spec: AttentionSpec,
  apply: Linear = linear,
  documents?: Documents,
): Tensor {
  const { q, k } = projectHeads(params, x, spec, wholeTable(x, spec, documents), apply);
  const { B, H, T, K } = dims(q, "B H T K");
  return reshape(causalWeights({ queries: mul(q, K ** -0.5), keys: k, documents }), [B, H, T, T]);
}

/** Rotated queries, keys and values, each `[B, heads, T, K]`. */
export type ProjectedHeads = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };

/**
 * Queries, keys and values of each token, per head and rotated.
 *
 * @param table broadcastable to `[B, heads, T, K/2]`
 */
export function projectHeads(
  params: Pick<Params, "q" | "k" | "v">,
  x: Tensor,
  spec: AttentionSpec,
  table: RopeTable,
  apply: Linear,
): ProjectedHeads {
  const { B, T } = dims(x, "B T D");
  const split = (weight: Weight, heads: number): Tensor =>
    transpose(reshape(apply(weight, x), [B, T, heads, spec.headDim]), [0, 2, 1, 3]);
  return {
    q: rope(split(params.q, spec.heads), table, spec.rope.layout),
    k: rope(split(params.k, spec.kvHeads), table, spec.rope.layout),
    v: split(params.v, spec.kvHeads),
  };
}

/** Angles of a whole sequence `[B, T, D]`, or of documents in it. */
export function wholeTable(x: Tensor, { rope, headDim }: AttentionSpec, documents?: Documents): RopeTable {
  const { B, T } = dims(x, "B T D");
  const table = ropeTable(rope, headDim, T);
  return documents === undefined ? table : perHead(ropeAt(table, documents.positions), [B, 1, T, headDim / 2]);
}

function perHead({ cos, sin }: RopeTable, shape: readonly number[]): RopeTable {
  return { cos: reshape(cos, shape), sin: reshape(sin, shape) };
}

/** Angles of the tokens of a step, `x` of shape `[B, T, D]`. */
export function stepTable(x: Tensor, state: AttentionState, clock: Clock, { rope, headDim }: AttentionSpec): RopeTable {
  const { T } = dims(x, "B T D");
  const longest = state.pastKeys.shape[3] + state.recentKeys.shape[3];
  return perHead(ropeAt(ropeTable(rope, headDim, longest), positions(clock, T)), [-1, 1, T, headDim / 2]);
}

/** Fewest rows of a block: training repeats its steps, a prompt is wanted soon. */
export const leastRows = { whole: 64, prompt: 256 } as const;

function attend(
  params: Params,
  { q, k, v }: ProjectedHeads,
  least: number,
  apply: Linear,
  documents?: Documents,
): Tensor {
  const { K } = dims(q, "B H T K");
  return apply(params.o, joinHeads(mixCausally({ queries: mul(q, K ** -0.5), keys: k, values: v, documents }, least)));
}

/** Heads side by side: `[B, H, T, V]` → `[B, T, H·V]`. */
export function joinHeads(x: Tensor): Tensor {
  const { B, H, T, V } = dims(x, "B H T V");
  return reshape(transpose(x, [0, 2, 1, 3]), [B, T, H * V]);
}

/** An empty cache for `capacity` past and `recent` new tokens. */
export function attentionStart(spec: AttentionSpec, batch: number, capacity: number, recent: number): AttentionState {
  const { kvHeads, headDim } = spec;
  const heads = { keyHeads: kvHeads, keyDim: headDim, valueHeads: kvHeads, valueDim: headDim };
  return emptyCache(heads, batch, capacity, recent);
}

/**
 * {@link attention} over a prompt, and the cache it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 * @param empty Cache whose capacity is at least T.
 * @param clock Lengths of the prompts.
 */
export function attentionPrefill(
  params: Params,
  x: Tensor,
  empty: AttentionState,
  clock: Clock,
  spec: AttentionSpec,
  apply: Linear = linear,
): { readonly y: Tensor; readonly state: AttentionState } {
  const projected = projectHeads(params, x, spec, wholeTable(x, spec), apply);
  const state = filledCache(empty, { keys: projected.k, values: projected.v }, clock);
  return { y: attend(params, projected, leastRows.prompt, apply), state };
}

/**
 * One more token, or several at once: as many for each sequence.
 *
 * @param x shape `[B, T, D]`
 * @returns `y` of shape `[B, T, D]`, and the cache with the tokens in its recent buffer.
 */
export function attentionStep(
  params: Params,
  x: Tensor,
  state: AttentionState,
  clock: Clock,
  spec: AttentionSpec,
  apply: Linear = linear,
): { readonly y: Tensor; readonly state: AttentionState } {
  const { B, T } = dims(x, "B T D");
  const { kvHeads, heads, headDim: K } = spec;
  const { q, k, v } = projectHeads(params, x, spec, stepTable(x, state, clock, spec), apply);
  const next = appended(state, { keys: k, values: v }, clock);
  const queries = mul(reshape(q, [B, kvHeads, heads / kvHeads, T, K]), K ** -0.5);
  const mixed = mixCached(cachedWeights(queries, next, clock), next);
  return { y: apply(params.o, joinHeads(reshape(mixed, [B, heads, T, K]))), state: next };
}
