/** Pools: what a module knows of a whole text, as a mean over its tokens. */
import {
  add,
  cast,
  dims,
  div,
  full,
  matmul,
  mean,
  mul,
  narrow,
  pad,
  reshape,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
} from "../engine/index.js";
import { type Clock, positions } from "./clock.js";
import type { Documents } from "./documents.js";
import { lastInputs } from "./shortConvolution.js";

/**
 * Which tokens a token's mean is over.
 *
 * | kind | token `t` knows | |
 * |---|---|---|
 * | `prefix` | the mean of tokens `0 … t` | |
 * | `ema` | the same, where a token counts `decay` times as much as the one after it | `decay` from 0 to 1 |
 * | `sequence` | the mean of all tokens | leaks: it sees the future |
 *
 * While decoding there is no future, so `sequence` knows what `prefix` does: what it was trained with and what it generates
 * with are two functions.
 */
export type PoolSpec =
  | { readonly kind: "prefix" }
  | { readonly kind: "ema"; readonly decay: number }
  | { readonly kind: "sequence" };

/** Shape of `mean`: `[B, 1, D]`, over the tokens so far. */
export type PoolState = { readonly mean: Tensor };

type Kind<Spec> = {
  /** Whether a token's mean depends on later tokens. */
  readonly leaks: boolean;
  /** How much less each token counts than the one after it, while decoding. */
  readonly decay: (spec: Spec) => number;
  /** Of a whole sequence `[B, T, D]`: `[B, T, D]`, or `[B, 1, D]` where all tokens have one mean. */
  readonly whole: (x: Tensor, spec: Spec) => Tensor;
};

const pools: { readonly [K in PoolSpec["kind"]]: Kind<Extract<PoolSpec, { kind: K }>> } = {
  prefix: { leaks: false, decay: () => 1, whole: (x) => runningMean(x, 1) },
  ema: {
    leaks: false,
    decay: ({ decay }) => decay,
    whole: (x, { decay }) => runningMean(x, decay),
  },
  sequence: {
    leaks: true,
    decay: () => 1,
    whole: (x) => mean(x, { axis: 1, keep: true }),
  },
};

function kindOf(spec: PoolSpec): Kind<PoolSpec> {
  return pools[spec.kind] as Kind<PoolSpec>;
}

/** Whether a pool sees the future. */
export function poolLeaks(spec: PoolSpec): boolean {
  return kindOf(spec).leaks;
}

/**
 * The mean that each token knows.
 *
 * @param x shape `[B, T, D]`
 * @param documents The mean is over tokens of the same one: a product with a matrix for each row. Default: a row is one.
 * @returns shape `[B, T, D]`, or `[B, 1, D]` where all tokens have one mean
 */
export function pool(x: Tensor, spec: PoolSpec, documents?: Documents): Tensor {
  const { leaks, decay, whole } = kindOf(spec);
  if (documents === undefined) return whole(x, spec);
  const same = cast(documents.seen, "float32");
  const weights = leaks
    ? same
    : mul(
        triangle(dims(x, "B T D").T, 0, (age) => decay(spec) ** age),
        same,
      );
  return div(matmul(weights, x), sum(weights, { axis: -1, keep: true }));
}

/** What a pool remembers before the first token. */
export function poolStart(batch: number, width: number): PoolState {
  return { mean: full([batch, 1, width], 0) };
}

/**
 * {@link pool} over a prompt, and the state it leaves. No padding counts, not even in a `sequence`.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 * @param clock lengths of the prompts
 */
export function poolPrefill(
  x: Tensor,
  clock: Clock,
  spec: PoolSpec,
): { readonly y: Tensor; readonly state: PoolState } {
  const kind = kindOf(spec);
  const running = runningMean(x, kind.decay(spec));
  const last = lastInputs(running, clock.past, 1);
  return { y: kind.leaks ? last : running, state: { mean: last } };
}

/**
 * The next tokens: `m_t = m + (n_t − m)·w'_t / w_t`, where `n_t` is the mean of the step's own tokens up to `t`, `w'_t = Σⱼ decayʲ`
 * their weight, and `w_t` that of all tokens so far. Of one token, `m + (x − m) / w`.
 *
 * @param x shape `[B, T, D]`
 * @returns the mean after each token, `[B, T, D]`; the last is the state as well
 */
export function poolStep(
  x: Tensor,
  state: PoolState,
  clock: Clock,
  spec: PoolSpec,
): { readonly y: Tensor; readonly state: PoolState } {
  const decay = kindOf(spec).decay(spec);
  const { T } = dims(x, "B T D");
  const count = add(cast(reshape(positions(clock, T), [-1, T, 1]), "float32"), 1);
  const weight = decay === 1 ? count : div(fallen(mul(count, -Math.log(decay))), 1 - decay);
  // w_t = decay^(t+1)·w + w'_t, where w'_t belongs to the tokens of the step alone.
  const own = tensor(
    Array.from({ length: T }, (_, t) => weightOf(decay, t + 1)),
    [T, 1],
  );
  const y = add(state.mean, div(mul(sub(runningMean(x, decay), state.mean), own), weight));
  return { y, state: { mean: narrow(y, 1, T - 1, 1) } };
}

/** `1 − e⁻ˣ = 2h / (1 + h)` with `h = tanh(x/2)`, exact in proportion where x is small: `1 − exp(−x)` would cancel. */
function fallen(x: Tensor): Tensor {
  const half = tanh(mul(x, 0.5));
  return div(mul(half, 2), add(half, 1));
}

/** Tokens that are summed in one product. */
const chunk = 32;

/**
 * The mean of all tokens so far, of which each counts `decay` times as much as the one after it:
 * `m_t = Σⱼ decay^(t−j)·x_j / Σⱼ decay^(t−j)`, `j` from 0 to `t`.
 *
 * In chunks of 32 tokens, two products with triangular matrices: sums within each chunk, then what the chunks before it
 * leave. Forward and backward take half as long as those of a running sum, and a third of one product over all tokens.
 *
 * @param x shape `[B, T, D]`
 * @param decay above 0, at most 1
 * @returns shape of `x`
 */
export function runningMean(x: Tensor, decay: number): Tensor {
  const { B, T, D } = dims(x, "B T D");
  if (T === 1) return x;
  const C = Math.min(chunk, T);
  const n = Math.ceil(T / C);
  const chunks = reshape(padded(x, n * C - T), [B * n, C, D]);
  const inside = matmul(
    triangle(C, 0, (age) => decay ** age),
    chunks,
  );
  const sums = n === 1 ? inside : withEarlier(reshape(inside, [B, n, C, D]), decay);
  const weights = Array.from({ length: T }, (_, t) => 1 / weightOf(decay, t + 1));
  return mul(narrow(reshape(sums, [B, n * C, D]), 1, 0, T), tensor(weights, [T, 1]));
}

/** Adds to each chunk `[B, n, C, D]` what those before it leave: their sums, decayed. */
function withEarlier(inside: Tensor, decay: number): Tensor {
  const { B, n, C, D } = dims(inside, "B n C D");
  const totals = reshape(narrow(inside, 2, C - 1, 1), [B, n, D]);
  const left = matmul(
    triangle(n, 1, (age) => decay ** ((age - 1) * C)),
    totals,
  );
  const aged = tensor(
    Array.from({ length: C }, (_, t) => decay ** (t + 1)),
    [C, 1],
  );
  return add(inside, mul(reshape(left, [B, n, 1, D]), aged));
}

/** A matrix `[1, n, n]` whose entries depend on row − column alone, zero where that is below `least`. */
function triangle(n: number, least: 0 | 1, value: (age: number) => number): Tensor {
  const entries = Float32Array.from({ length: n * n }, (_, i) => {
    const age = Math.floor(i / n) - (i % n);
    return age < least ? 0 : value(age);
  });
  return tensor(entries, [1, n, n]);
}

/** Zeros behind the tokens. */
function padded(x: Tensor, more: number): Tensor {
  if (more === 0) return x;
  return pad(x, [
    [0, 0],
    [0, more],
    [0, 0],
  ]);
}

/** `Σⱼ decayʲ` over `count` tokens. */
function weightOf(decay: number, count: number): number {
  return decay === 1 ? count : (1 - decay ** count) / (1 - decay);
}
