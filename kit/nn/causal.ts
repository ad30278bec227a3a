import {
  add,
  causalMask,
  concat,
  dims,
  matmul,
  narrow,
  reshape,
  softmax,
  type Tensor,
  where,
} from "../engine/index.js";
import type { Documents } from "./documents.js";

/** Added to the score of a key that must not be seen. Finite, so that a row without any key stays a number. */
export const hidden: number = -1e30;

/** The queries, and what they may look at. */
type Heads = {
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** A row sees those of its own document. Default: a sequence is one. */
  readonly documents?: Documents;
};

/** What becomes of the weights before they meet the values: `[B, keyHeads, G, T, S]` → `[B, valueHeads, G, T, S]`. */
export type Weighing = (weights: Tensor) => Tensor;

/**
 * The weights of causal attention, `softmax(q·kᵀ + mask)`, all at once: to be looked at. {@link mixCausally} never holds them
 * together.
 *
 * @param heads as there
 * @returns shape `[B, keyHeads, H/keyHeads, T, T]`
 */
export function causalWeights({ queries, keys, documents }: Omit<Heads, "values">): Tensor {
  const { B, H, T, K } = dims(queries, "B H T K");
  const keyHeads = keys.shape[1];
  const scores = matmul(reshape(queries, [B, keyHeads, (H / keyHeads) * T, K]), keys, { right: true });
  const causal = where(causalMask(T, T, 0), 0, hidden);
  const mask = documents === undefined ? causal : add(causal, foreign(documents, 0, T, T));
  return softmax(add(reshape(scores, [B, keyHeads, H / keyHeads, T, T]), mask));
}

/**
 * Causal mixing of heads: `weigh(softmax(q·kᵀ + mask))·v`, where row `t` sees rows `0 … t`.
 *
 * The rows are cut into up to four blocks, and a block meets only the keys up to its own end: of all products up to 3/8
 * are left out.
 *
 * @param heads `queries` `[B, H, T, K]`, already scaled; `keys` `[B, keyHeads, T, K]`; `values` `[B, valueHeads, T, V]`
 * @param least Fewest rows of a block. Smaller blocks leave out more products and take longer to compile.
 * @param weigh Default: the weights as they are, with as many heads of values as of keys.
 * @returns shape `[B, H·valueHeads/keyHeads, T, V]`
 */
export function mixCausally(
  { queries, keys, values, documents }: Heads,
  least: number,
  weigh: Weighing = (weights) => weights,
): Tensor {
  const { B, H, T, K } = dims(queries, "B H T K");
  const { valueHeads, V } = dims(values, "B valueHeads T V");
  const keyHeads = keys.shape[1];
  const group = H / keyHeads;
  const grouped = reshape(queries, [B, keyHeads, group, T, K]);
  const size = Math.max(least, Math.ceil(T / 4));
  const blocks = Array.from({ length: Math.ceil(T / size) }, (_, i) => {
    const start = i * size;
    const rows = Math.min(size, T - start);
    const seen = start + rows;
    // The queries that share a key head become more rows of one product, so that no key is repeated in memory.
    const own = reshape(narrow(grouped, 3, start, rows), [B, keyHeads, group * rows, K]);
    const scores = matmul(own, narrow(keys, 2, 0, seen), { right: true });
    const causal = where(causalMask(rows, seen, start), 0, hidden);
    const mask = documents === undefined ? causal : add(causal, foreign(documents, start, rows, seen));
    const weights = weigh(softmax(add(reshape(scores, [B, keyHeads, group, rows, seen]), mask)));
    const mixed = matmul(reshape(weights, [B, valueHeads, group * rows, seen]), narrow(values, 2, 0, seen));
    return reshape(mixed, [B, valueHeads * group, rows, V]);
  });
  return concat(blocks, 2);
}

/** What hides the keys of other documents, and of other branches, from rows `start … start + rows − 1`; shape `[B, 1, 1, rows, seen]`. */
function foreign({ seen: visible }: Documents, start: number, rows: number, seen: number): Tensor {
  const block = narrow(narrow(visible, 1, start, rows), 2, 0, seen);
  return reshape(where(block, 0, hidden), [visible.shape[0], 1, 1, rows, seen]);
}
