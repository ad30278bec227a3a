import { add, concat, gather, mul, narrow, reshape, stack, sub, type Tensor, tensor } from "../engine/index.js";

/** Rotary position embedding. `half` rotates `(i, i + K/2)` as Hugging Face does, `interleaved` `(2i, 2i + 1)` as GPT-J. */
export type RopeSpec = { readonly theta: number; readonly layout: "half" | "interleaved" };

/** Cosine and sine of `position · θ^(−2i/K)`, each of shape `[..., K/2]`. */
export type RopeTable = { readonly cos: Tensor; readonly sin: Tensor };

/**
 * The table for positions `0 … length − 1`, computed in float64 and rounded once.
 *
 * @returns both of shape `[length, K/2]`
 */
export function ropeTable({ theta }: RopeSpec, headDim: number, length: number): RopeTable {
  const half = headDim / 2;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let i = 0; i < half; i++) {
    const frequency = theta ** ((-2 * i) / headDim);
    for (let position = 0; position < length; position++) {
      cos[position * half + i] = Math.cos(position * frequency);
      sin[position * half + i] = Math.sin(position * frequency);
    }
  }
  return { cos: tensor(cos, [length, half]), sin: tensor(sin, [length, half]) };
}

/** The rows of a table at given positions; shape of each `[...positions.shape, K/2]`. */
export function ropeAt(table: RopeTable, positions: Tensor): RopeTable {
  return { cos: gather(table.cos, positions), sin: gather(table.sin, positions) };
}

/**
 * Rotates each pair of a head by its position's angle: `(a, b) → (a cos − b sin, b cos + a sin)`.
 *
 * @param x shape `[..., T, K]`
 * @param table broadcastable to `[..., T, K/2]`
 * @returns shape of `x`
 * @source J. Su et al., RoFormer (2021)
 */
export function rope(x: Tensor, { cos, sin }: RopeTable, layout: RopeSpec["layout"]): Tensor {
  const half = x.shape[x.shape.length - 1] / 2;
  const rotate = (a: Tensor, b: Tensor): [Tensor, Tensor] => [
    sub(mul(a, cos), mul(b, sin)),
    add(mul(b, cos), mul(a, sin)),
  ];
  if (layout === "half") return concat(rotate(narrow(x, -1, 0, half), narrow(x, -1, half, half)), -1);
  const pairs = reshape(x, [...x.shape.slice(0, -1), half, 2]);
  const member = (which: number): Tensor => reshape(narrow(pairs, -1, which, 1), [...x.shape.slice(0, -1), half]);
  return reshape(stack(rotate(member(0), member(1)), -1), x.shape);
}
