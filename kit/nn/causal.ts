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

/** Added to the score of a key that must not be seen. Finite, so that a row without any key stays a number. */
export const hidden: number = -1e30;

/** The queries, and what they may look at. */
type Heads = { readonly queries: Tensor; readonly keys: Tensor; readonly values: Tensor };

/**
 * Causal mixing of heads: `softmax(q·kᵀ + mask)·v`, where row `t` sees rows `0 … t`.
 *
 * The rows are cut into up to four blocks, and a block meets only the keys up to its own end: of all products up to 3/8
 * are left out.
 *
 * @param heads `queries` `[B, H, T, K]`, already scaled; `keys` and `values` `[B, kvHeads, T, K]`
 * @param least Fewest rows of a block. Smaller blocks leave out more products and take longer to compile.
 * @returns shape `[B, H, T, K]`
 */
export function mixCausally({ queries, keys, values }: Heads, least: number): Tensor {
  const { B, H, T, K } = dims(queries, "B H T K");
  const kvHeads = keys.shape[1];
  const group = H / kvHeads;
  const grouped = reshape(queries, [B, kvHeads, group, T, K]);
  const size = Math.max(least, Math.ceil(T / 4));
  const blocks = Array.from({ length: Math.ceil(T / size) }, (_, i) => {
    const start = i * size;
    const rows = Math.min(size, T - start);
    const seen = start + rows;
    // The queries that share a key head become more rows of one product, so that no key is repeated in memory.
    const own = reshape(narrow(grouped, 3, start, rows), [B, kvHeads, group * rows, K]);
    const scores = matmul(own, narrow(keys, 2, 0, seen), { right: true });
    const mask = where(causalMask(rows, seen, start), 0, hidden);
    const weights = softmax(add(reshape(scores, [B, kvHeads, group, rows, seen]), mask));
    const mixed = matmul(reshape(weights, [B, kvHeads, group * rows, seen]), narrow(values, 2, 0, seen));
    return reshape(mixed, [B, H, rows, K]);
  });
  return concat(blocks, 2);
}
