import {
  add,
  broadcastTo,
  cast,
  causalMask,
  concat,
  dims,
  equal,
  exp,
  eye,
  matmul,
  mul,
  narrow,
  pad,
  reshape,
  split,
  stack,
  sub,
  type Tensor,
  transpose,
  where,
} from "../engine/index.js";
import type { Documents } from "./documents.js";
import { byHead, type DeltaInputs, type DeltaOptions, type DeltaResult, deltaSizes } from "./gatedDeltaRule.js";
import { unitLowerSolve } from "./triangularInverse.js";

export type ChunkOptions = DeltaOptions & {
  /** Tokens that are computed together, C. */
  readonly chunk: number;
};

/** Its exponential is zero, and unlike −∞ it may meet a zero. */
const never = -1e30;

/**
 * The gated delta rule in chunks: within a chunk by products of matrices, between chunks by a linear recurrence of the
 * memory. Equals {@link gatedDeltaRecurrent} up to rounding; this is the form to train with.
 *
 * With `G` the running sum of the log decays in the chunk and `P` what the prediction sees of it (`G`, or `G − g` for the
 * undecayed rule):
 *
 * ```
 * A     = β_i (k_i·k_j) e^(P_i − G_j)  for i > j
 * [U W] = (I + A)⁻¹·[β ⊙ v, β ⊙ e^P ⊙ k]
 * δ     = U − W·S                                    S ← e^(G_C)·S + (e^(G_C − G) ⊙ k)ᵀ·δ
 * o     = (e^G ⊙ q)·S + ((q·kᵀ) ⊙ e^(G_i − G_j), i ≥ j)·δ
 * ```
 *
 * Every exponent is at most 0: differences are taken before the exponential, so nothing overflows. That is also why the
 * undecayed rule shifts the exponents instead of scaling β by `e^(−g)` and v by `e^g`, which is the same and may overflow.
 * A last chunk that is not full is filled with zeros, which change nothing.
 *
 * Within documents, what one writes is not seen by another: of the chunk's pairs those of two documents are left out, and the
 * memory reaches a token, leaves a chunk, or takes a token up where these are of one document.
 *
 * Work per token and head: `O(C·(K + V) + K·V)`.
 *
 * @param chunk C; a shorter sequence is one chunk
 * @throws UserError when the heads or shapes do not fit
 * @source S. Yang et al., Parallelizing Linear Transformers with the Delta Rule over Sequence Length (2024); with the gate:
 * Gated Delta Networks (2024)
 */
export function gatedDeltaRule(inputs: DeltaInputs, { rule, scale, chunk, documents }: ChunkOptions): DeltaResult {
  const { T, K, V } = deltaSizes(inputs);
  const C = Math.min(chunk, T);
  const { q, k, v, logDecay, beta } = inChunks(byHead(inputs), C);
  const within = documents && bordersOf(documents, C);

  const G = runningSum(logDecay);
  const P = rule === "paper" ? G : sub(G, logDecay);
  const strict = causalMask(C, C, -1);
  const since = transpose(G);
  const decay = only(exp(where(causalMask(C), sub(G, since), never)), within?.pairs);
  const seen = rule === "paper" ? decay : only(exp(where(strict, sub(P, since), never)), within?.pairs);

  const A = where(strict, mul(mul(matmul(k, k, { right: true }), seen), beta), 0);
  // What stands beside what in one matrix goes through one product instead of two.
  const UW = unitLowerSolve(A, concat([mul(beta, v), mul(k, mul(beta, only(exp(P), within?.reached)))], -1));
  const [U, W] = split(UW, [V, K]);

  const end = narrow(G, -2, C - 1, 1);
  const written = mul(k, only(exp(sub(end, G)), within?.taken));
  const [gain, corrected] = split(matmul(written, UW, { left: true }), [V, K]);
  const { starts, state } = memories(sub(mul(eye(K), only(exp(end), within?.left)), corrected), gain, inputs.state);

  const scaled = mul(q, scale);
  const [predicted, read] = split(
    matmul(concat([W, mul(scaled, only(exp(G), within?.reached))], -2), starts),
    [C, C],
    -2,
  );
  const scores = mul(matmul(scaled, k, { right: true }), decay);
  const o = add(read, matmul(scores, sub(U, predicted)));
  return { o: outOfChunks(o, T), state };
}

/**
 * Sums of the first 1, 2, … C rows, `[..., C, 1]`, as a product with a triangle of ones: what XLA makes of a cumulative sum is
 * finished in each element of the decays that reads it, on whole numbers; a product it computes once.
 */
function runningSum(rows: Tensor): Tensor {
  return matmul(cast(causalMask(rows.shape[rows.shape.length - 2]), "float32"), rows);
}

/** Where documents let the memory pass, as ones and zeros. */
type Borders = {
  /** From one token of a chunk to another, `[B, 1, N, C, C]`. */
  readonly pairs: Tensor;
  /** From before the chunk to a token, `[B, 1, N, C, 1]`. */
  readonly reached: Tensor;
  /** From a token to the chunk's end, `[B, 1, N, C, 1]`. */
  readonly taken: Tensor;
  /** From before the chunk to its end, `[B, 1, N, 1, 1]`. */
  readonly left: Tensor;
};

function bordersOf({ segments }: Documents, C: number): Borders {
  const { B, T } = dims(segments, "B T");
  const N = Math.ceil(T / C);
  const [last, missing] = [narrow(segments, 1, T - 1, 1), N * C - T];
  // What fills the last chunk belongs to the last document.
  const filled = missing === 0 ? segments : concat([segments, broadcastTo(last, [B, missing])], 1);
  const own = reshape(filled, [B, 1, N, C, 1]);
  const end = narrow(own, 3, C - 1, 1);
  const first = narrow(narrow(own, 2, 0, 1), 3, 0, 1);
  const before = narrow(concat([first, end], 2), 2, 0, N);
  const same = (a: Tensor, b: Tensor): Tensor => cast(equal(a, b), "float32");
  return {
    pairs: same(own, reshape(filled, [B, 1, N, 1, C])),
    reached: same(own, before),
    taken: same(own, end),
    left: same(end, before),
  };
}

/** `x` where a mask of ones and zeros lets it pass; without a mask, everywhere. */
function only(x: Tensor, mask: Tensor | undefined): Tensor {
  return mask === undefined ? x : mul(x, mask);
}

/** Cuts `[B, Hv, T, X]` into `[B, Hv, ⌈T/C⌉, C, X]`, zeros behind the end. */
function inChunks(rows: Omit<DeltaInputs, "state">, C: number): Omit<DeltaInputs, "state"> {
  const cut = (x: Tensor): Tensor => {
    const { B, H, T, X } = dims(x, "B H T X");
    const N = Math.ceil(T / C);
    const missing = N * C - T;
    const padded =
      missing === 0
        ? x
        : pad(x, [
            [0, 0],
            [0, 0],
            [0, missing],
            [0, 0],
          ]);
    return reshape(padded, [B, H, N, C, X]);
  };
  const { q, k, v, logDecay, beta } = rows;
  return { q: cut(q), k: cut(k), v: cut(v), logDecay: cut(logDecay), beta: cut(beta) };
}

/** From `[B, Hv, N, C, V]` to `[B, T, Hv, V]`. */
function outOfChunks(o: Tensor, T: number): Tensor {
  const { B, H, N, C, V } = dims(o, "B H N C V");
  const rows = transpose(reshape(o, [B, H, N * C, V]), [0, 2, 1, 3]);
  return N * C === T ? rows : narrow(rows, 1, 0, T);
}

/**
 * The memory before each chunk and after the last: `S ← keep·S + gain`.
 *
 * @param keep shape `[B, Hv, N, K, K]`
 * @param gain shape `[B, Hv, N, K, V]`
 * @returns `starts` of shape `[B, Hv, N, K, V]`
 */
function memories(keep: Tensor, gain: Tensor, start: Tensor): { starts: Tensor; state: Tensor } {
  const { B, H, N, K, V } = dims(gain, "B H N K V");
  const starts: Tensor[] = [];
  let state = start;
  for (let n = 0; n < N; n++) {
    starts.push(state);
    const [kept, gained] = [reshape(narrow(keep, 2, n, 1), [B, H, K, K]), reshape(narrow(gain, 2, n, 1), [B, H, K, V])];
    state = add(matmul(kept, state), gained);
  }
  return { starts: stack(starts, 2), state };
}
