/** What attention remembers while decoding, for mixers that weigh values by queries and keys. */
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
import { hidden } from "./causal.js";
import { type Clock, pastFilled, recentFilled, recentSeen } from "./clock.js";

/** Heads of keys and of values, and their widths. */
export type CacheHeads = {
  readonly keyHeads: number;
  readonly keyDim: number;
  readonly valueHeads: number;
  readonly valueDim: number;
};

/**
 * What attention remembers: a large past that a step only reads, and a small recent buffer that a step returns anew.
 * Copying the past at every token would cost more than the token.
 *
 * Shapes: `pastKeys` `[B, keyHeads, K, S]` (transposed, so that a step reads rows), `pastValues` `[B, valueHeads, S, V]`,
 * `recentKeys` `[B, keyHeads, K, R]`, `recentValues` `[B, valueHeads, R, V]`.
 */
export type AttentionState = {
  readonly pastKeys: Tensor;
  readonly pastValues: Tensor;
  readonly recentKeys: Tensor;
  readonly recentValues: Tensor;
};

/** Keys `[B, keyHeads, T, K]` and values `[B, valueHeads, T, V]`. */
type KeysAndValues = { readonly keys: Tensor; readonly values: Tensor };

/** An empty cache for `capacity` past and `recent` new tokens. */
export function emptyCache(heads: CacheHeads, batch: number, capacity: number, recent: number): AttentionState {
  const { keyHeads, keyDim, valueHeads, valueDim } = heads;
  return {
    pastKeys: full([batch, keyHeads, keyDim, capacity], 0),
    pastValues: full([batch, valueHeads, capacity, valueDim], 0),
    recentKeys: full([batch, keyHeads, keyDim, recent], 0),
    recentValues: full([batch, valueHeads, recent, valueDim], 0),
  };
}

/**
 * The cache behind a prompt.
 *
 * @param empty its capacity is at least T
 * @param clock lengths of the prompts; rows behind them are padding
 */
export function filledCache(empty: AttentionState, { keys, values }: KeysAndValues, clock: Clock): AttentionState {
  const { T } = dims(keys, "B heads T K");
  // Rows of padding must be zero: later tokens are added to them.
  const filled = where(reshape(pastFilled(clock, T), [-1, 1, T, 1]), 1, 0);
  const capacity = empty.pastKeys.shape[3];
  return {
    ...empty,
    pastKeys: widened(transpose(mul(keys, filled)), 3, capacity),
    pastValues: widened(mul(values, filled), 2, capacity),
  };
}

/** The cache with the next T tokens in its recent buffer, which must have room for them. */
export function appended(state: AttentionState, { keys, values }: KeysAndValues, clock: Clock): AttentionState {
  const { T } = dims(keys, "B heads T K");
  const R = state.recentKeys.shape[3];
  // Products with 0 and 1, exact in float32; of one token without a sum.
  const slots = oneHot(add(clock.recent, range(0, T)), R);
  const [newKeys, newValues] =
    T === 1
      ? [mul(transpose(keys), slots), mul(values, reshape(slots, [R, 1]))]
      : [matmul(transpose(keys), slots), matmul(transpose(slots), values)];
  return {
    ...state,
    recentKeys: add(state.recentKeys, newKeys),
    recentValues: add(state.recentValues, newValues),
  };
}

/**
 * How much the tokens of a step, the last of the cache, weigh each token of it up to themselves.
 *
 * @param queries shape `[B, keyHeads, group, T, K]`, already scaled
 * @returns shape `[B, keyHeads, group, T, S + R]`; each row sums to 1
 */
export function cachedWeights(queries: Tensor, state: AttentionState, clock: Clock): Tensor {
  const { B, H, G, T, K } = dims(queries, "B H G T K");
  const [S, R] = [state.pastKeys.shape[3], state.recentKeys.shape[3]];
  const rows = reshape(queries, [B, H, G * T, K]);
  const old = add(matmul(rows, state.pastKeys), where(pastFilled(clock, S), 0, hidden));
  const fresh = add(
    reshape(matmul(rows, state.recentKeys), [B, H, G, T, R]),
    where(recentSeen(clock, T, R), 0, hidden),
  );
  return softmax(concat([reshape(old, [B, H, G, T, S]), fresh], -1));
}

/** The cache's values, weighed: `[B, valueHeads, group, T, S + R]` → `[B, valueHeads, group, T, V]`. */
export function mixCached(weights: Tensor, state: AttentionState): Tensor {
  const { B, H, G, T } = dims(weights, "B H G T _");
  const { S, V } = dims(state.pastValues, "_ _ S V");
  const R = state.recentKeys.shape[3];
  const rows = reshape(weights, [B, H, G * T, S + R]);
  const mixed = add(
    matmul(narrow(rows, -1, 0, S), state.pastValues),
    matmul(narrow(rows, -1, S, R), state.recentValues),
  );
  return reshape(mixed, [B, H, G, T, V]);
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
  const filled = reshape(where(recentFilled(clock, R), 1, 0), [R, 1]);
  const target = reshape(mul(oneHot(rows, S), filled), [B, 1, R, S]);
  return {
    pastKeys: add(state.pastKeys, matmul(state.recentKeys, target)),
    pastValues: add(state.pastValues, matmul(target, state.recentValues, { left: true })),
    recentKeys: full(state.recentKeys.shape, 0),
    recentValues: full(state.recentValues.shape, 0),
  };
}

/** The same cache with room for `capacity` past tokens and `recent` new ones; as much as there is, unless told. */
export function attentionGrow(
  state: AttentionState,
  { capacity, recent }: { readonly capacity?: number; readonly recent?: number },
): AttentionState {
  return {
    pastKeys: widened(state.pastKeys, 3, capacity),
    pastValues: widened(state.pastValues, 2, capacity),
    recentKeys: widened(state.recentKeys, 3, recent),
    recentValues: widened(state.recentValues, 2, recent),
  };
}

/** Zeros behind what there is along an axis. */
function widened(x: Tensor, axis: 2 | 3, size = x.shape[axis]): Tensor {
  const more = size - x.shape[axis];
  if (more === 0) return x;
  return pad(
    x,
    x.shape.map((_, i): [number, number] => [0, i === axis ? more : 0]),
  );
}
