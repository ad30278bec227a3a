import { availableParallelism } from "node:os";
import { UserError } from "../errors.js";
import { broadcastTo, sumTo } from "./broadcast.js";
import { executor } from "./executor.js";
import { primitive, run } from "./primitive.js";
import { scope } from "./scope.js";
import { reshape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Which operand is read transposed (its last two axes swapped). */
export type Transposed = { readonly left?: boolean; readonly right?: boolean };

/**
 * Matrix product of the last two axes, `C[..., i, j] = Σₖ A[..., i, k] · B[..., k, j]`; leading axes broadcast.
 *
 * Of two matrices it takes operands in bfloat16 where {@link CompileOptions} says so; with more axes it is always float32.
 *
 * @param a shape `[..., I, K]` (`[..., K, I]` when `left` is transposed)
 * @param b shape `[..., K, J]` (`[..., J, K]` when `right` is transposed)
 * @returns shape `[..., I, J]`
 * @throws UserError when the inner sizes differ.
 */
export function matmul(a: Tensor, b: Tensor, { left = false, right = false }: Transposed = {}): Tensor {
  const inner = [a.shape.at(left ? -2 : -1), b.shape.at(right ? -1 : -2)];
  if (a.shape.length < 2 || b.shape.length < 2 || inner[0] !== inner[1]) {
    throw new UserError(`matmul: [${a.shape}]${left ? "ᵀ" : ""} times [${b.shape}]${right ? "ᵀ" : ""}`, {
      expected: "equal inner sizes and at least two axes each",
    });
  }
  return primitive(
    [a, b],
    () => ({ value: product(a, b, left, right), save: [a, b] }),
    (dy, [x, y]) => [
      () => sumTo(left ? matmul(y, dy, { left: right, right: true }) : matmul(dy, y, { right: !right }), a.shape),
      () => sumTo(right ? matmul(dy, x, { left: true, right: left }) : matmul(x, dy, { left: !left }), b.shape),
    ],
  );
}

/** Two matrices take MatMul, which TensorFlow hands to its fastest kernel; more axes take the batched form. */
function product(a: Tensor, b: Tensor, left: boolean, right: boolean): Tensor {
  const [rows, columns] = b.shape.slice(-2);
  if (a.shape.length > 2 && a.shape.length >= b.shape.length && !left && b.size === rows * columns) {
    // One matrix for all: rows of one product. Of [B, 1, I, K] TensorFlow's batched form writes beyond its result (2.21 with oneDNN).
    return scope(() => {
      const both = [reshape(a, [-1, a.shape[a.shape.length - 1]]), reshape(b, [rows, columns])];
      const value = run("MatMul", both, { transpose_a: false, transpose_b: right });
      return reshape(value, [...a.shape.slice(0, -1), right ? rows : columns]);
    });
  }
  if (a.shape.length > 2 || b.shape.length > 2) return run("BatchMatMulV2", [a, b], { adj_x: left, adj_y: right });
  const { multiply } = executor();
  return multiply === undefined
    ? run("MatMul", [a, b], { transpose_a: left, transpose_b: right })
    : multiply(a, b, { left, right });
}

/**
 * `y = x · Wᵀ` over the last axis.
 *
 * One row takes as long as reading the matrix does, and a product of one row runs on one core: the matrix is cut into a
 * block for each core. Decoding SmolLM2-135M on two cores then takes 28–30 ms a token instead of 37.
 *
 * @param x shape `[..., in]`
 * @param weight shape `[out, in]`, as checkpoints store it
 * @returns shape `[..., out]`
 */
export function matmulTransposed(x: Tensor, weight: Tensor): Tensor {
  const inner = x.shape[x.shape.length - 1];
  const out = weight.shape[0];
  const cores = availableParallelism();
  // Products that are to be rounded are those of two matrices.
  const cut = executor().multiply === undefined && out % cores === 0;
  const oneRow = x.size === inner && inner === weight.shape[1] && cut;
  return scope(() => {
    const whole = [...x.shape.slice(0, -1), out];
    if (!oneRow) return reshape(matmul(reshape(x, [-1, inner]), weight, { right: true }), whole);
    const blocks = reshape(weight, [cores, out / cores, inner]);
    return reshape(matmul(blocks, broadcastTo(reshape(x, [1, inner, 1]), [cores, inner, 1])), whole);
  });
}
