/** Grouped-query attention with rotary positions: over a whole sequence, and one token at a time with a cache. */
import {
  add,
  concat,
  dims,
  full,
  matmul,
  mul,
  narrow,
  oneHot,
  pad,
  range,
  reshape,
  softmax,
  type Tensor,
  transpose,
  where,
} from "../engine/index.js";
import { hidden, mixCausally } from "./causal.js";
import { type Clock, pastFilled, position, recentFilled } from "./clock.js";
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

/**
 * What attention remembers: a large past that a step only reads, and a small recent buffer that a step returns anew.
 * Copying the past at every token would cost more than the token.
 *
 * Shapes: `pastKeys` `[B, kvHeads, K, S]` (transposed, so that a step reads rows), `pastValues` `[B, kvHeads, S, K]`,
 * `recentKeys` `[B, kvHeads, K, R]`, `recentValues` `[B, kvHeads, R, K]`.
 */
export type AttentionState = {
  readonly pastKeys: Tensor;
  readonly pastValues: Tensor;
  readonly recentKeys: Tensor;
  readonly recentValues: Tensor;
};

type Params = AttentionParams<Weight>;

/**
 * Causal attention over a whole sequence: `softmax(q·kᵀ/√K + mask)·v` per head.
 *
 * @param x shape `[B, T, D]`; positions count from 0
 * @returns shape `[B, T, D]`
 * @source A. Vaswani et al. (2017); J. Ainslie et al., GQA (2023)
 */
export function attention(params: Params, x: Tensor, spec: AttentionSpec, apply: Linear = linear): Tensor {
  const { T } = dims(x, "B T D");
  const table = ropeTable(spec.rope, spec.headDim, T);
  return attend(params, project(params, x, spec, table, apply), leastRows.whole, apply);
}

type Projected = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };

/** Rotated queries, keys and values, each `[B, heads, T, K]`. `table` is broadcastable to `[B, heads, T, K/2]`. */
function project(params: Params, x: Tensor, spec: AttentionSpec, table: RopeTable, apply: Linear): Projected {
  const { B, T } = dims(x, "B T D");
  const split = (weight: Weight, heads: number): Tensor =>
    transpose(reshape(apply(weight, x), [B, T, heads, spec.headDim]), [0, 2, 1, 3]);
  return {
    q: rope(split(params.q, spec.heads), table, spec.rope.layout),
    k: rope(split(params.k, spec.kvHeads), table, spec.rope.layout),
    v: split(params.v, spec.kvHeads),
  };
}

/** Fewest rows of a block: training repeats its steps, a prompt is wanted soon. */
const leastRows = { whole: 64, prompt: 256 };

function attend(params: Params, { q, k, v }: Projected, least: number, apply: Linear): Tensor {
  const { B, H, T, K } = dims(q, "B H T K");
  const mixed = mixCausally({ queries: mul(q, K ** -0.5), keys: k, values: v }, least);
  return apply(params.o, reshape(transpose(mixed, [0, 2, 1, 3]), [B, T, H * K]));
}

/** An empty cache for `capacity` past and `recent` new tokens. */
export function attentionStart(spec: AttentionSpec, batch: number, capacity: number, recent: number): AttentionState {
  const { kvHeads, headDim } = spec;
  return {
    pastKeys: full([batch, kvHeads, headDim, capacity], 0),
    pastValues: full([batch, kvHeads, capacity, headDim], 0),
    recentKeys: full([batch, kvHeads, headDim, recent], 0),
    recentValues: full([batch, kvHeads, recent, headDim], 0),
  };
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
  const { T } = dims(x, "B T D");
  const projected = project(params, x, spec, ropeTable(spec.rope, spec.headDim, T), apply);
  // Rows of padding must be zero: later tokens are added to them.
  const filled = where(reshape(pastFilled(clock, T), [-1, 1, T, 1]), 1, 0);
  const [keys, values] = [mul(projected.k, filled), mul(projected.v, filled)];
  const room = empty.pastKeys.shape[3] - T;
  const state = {
    ...empty,
    pastKeys: pad(transpose(keys), [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, room],
    ]),
    pastValues: pad(values, [
      [0, 0],
      [0, 0],
      [0, room],
      [0, 0],
    ]),
  };
  return { y: attend(params, projected, leastRows.prompt, apply), state };
}

/**
 * One more token.
 *
 * @param x shape `[B, 1, D]`
 * @returns `y` of shape `[B, 1, D]`, and the cache with the token in its recent buffer.
 */
export function attentionStep(
  params: Params,
  x: Tensor,
  state: AttentionState,
  clock: Clock,
  spec: AttentionSpec,
  apply: Linear = linear,
): { readonly y: Tensor; readonly state: AttentionState } {
  const { B } = dims(x, "B 1 D");
  const { kvHeads, heads, headDim: K } = spec;
  const S = state.pastKeys.shape[3];
  const R = state.recentKeys.shape[3];
  const at = ropeAt(ropeTable(spec.rope, K, S + R), position(clock));
  const table = { cos: reshape(at.cos, [B, 1, 1, K / 2]), sin: reshape(at.sin, [B, 1, 1, K / 2]) };
  const { q, k, v } = project(params, x, spec, table, apply);
  const slot = oneHot(clock.recent, R);
  const recentKeys = add(state.recentKeys, mul(transpose(k), slot));
  const recentValues = add(state.recentValues, mul(v, reshape(slot, [R, 1])));

  const queries = mul(reshape(q, [B, kvHeads, heads / kvHeads, K]), K ** -0.5);
  const old = add(matmul(queries, state.pastKeys), where(pastFilled(clock, S), 0, hidden));
  const fresh = add(matmul(queries, recentKeys), where(recentFilled(clock, R, 1), 0, hidden));
  const weights = softmax(concat([old, fresh], -1));
  const mixed = add(
    matmul(narrow(weights, -1, 0, S), state.pastValues),
    matmul(narrow(weights, -1, S, R), recentValues),
  );
  const y = apply(params.o, reshape(mixed, [B, 1, heads * K]));
  return { y, state: { ...state, recentKeys, recentValues } };
}

/**
 * Moves the recent buffer into the past, and empties it.
 *
 * Recent token `r` of sequence `b` goes to row `past[b] + r`: a product with a 0/1 matrix, exact in float32.
 */
export function attentionSettle(state: AttentionState, clock: Clock): AttentionState {
  const { B, S } = dims(state.pastValues, "B _ S _");
  const R = state.recentKeys.shape[3];
  const rows = add(reshape(clock.past, [B, 1]), range(0, R));
  const filled = reshape(where(recentFilled(clock, R, 0), 1, 0), [R, 1]);
  const target = reshape(mul(oneHot(rows, S), filled), [B, 1, R, S]);
  return {
    pastKeys: add(state.pastKeys, matmul(state.recentKeys, target)),
    pastValues: add(state.pastValues, matmul(target, state.recentValues, { left: true })),
    recentKeys: full(state.recentKeys.shape, 0),
    recentValues: full(state.recentValues.shape, 0),
  };
}

/** The same cache with room for `capacity` past tokens. */
export function attentionGrow(state: AttentionState, capacity: number): AttentionState {
  const more = capacity - state.pastKeys.shape[3];
  return {
    ...state,
    pastKeys: pad(state.pastKeys, [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, more],
    ]),
    pastValues: pad(state.pastValues, [
      [0, 0],
      [0, 0],
      [0, more],
      [0, 0],
    ]),
  };
}
