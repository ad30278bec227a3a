/**
 * Products of two matrices whose operands are rounded to bfloat16 (8 bits of mantissa), with a float32 result: half the
 * memory to read, and the form that the matrix units of processors and GPUs take.
 */
import { add, cast, greater } from "./elementwise.js";
import { run } from "./primitive.js";
import { reshape, slice, transpose } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Which operand is read transposed. */
export type Turned = { readonly left: boolean; readonly right: boolean };

/** A product of which the right operand may be read transposed. */
type RowProduct = (a: Tensor, b: Tensor, right: boolean) => Tensor;

/**
 * A product in the form that XLA runs in bfloat16: its kernels (YNNPACK) take the left matrix by rows only. A left operand
 * that is read transposed is laid out anew, or, where it is the larger one, the product is computed transposed.
 *
 * @param product one whose left operand is read by rows
 */
export function byRows(a: Tensor, b: Tensor, { left, right }: Turned, product: RowProduct): Tensor {
  if (!left) return product(a, b, right);
  if (right || a.shape[1] <= b.shape[1]) return product(laidOut(a), b, right);
  return transpose(product(laidOut(b), a, false));
}

/**
 * The transpose, in memory. XLA would fold a transposition into the product that reads it, which the barrier prevents, and
 * takes its result for another layout of the same memory, which reshaping ends.
 */
function laidOut(x: Tensor): Tensor {
  const turned = transpose(x);
  return run("XlaOptimizationBarrier", [reshape(reshape(turned, [-1]), turned.shape)]);
}

/**
 * 1, as only we know: nothing is greater than infinity. A product times this may be transposed; of a bare one XLA would
 * exchange the operands, and then read the left one by columns.
 *
 * @param x a matrix
 */
export function hiddenOne(x: Tensor): Tensor {
  const element = reshape(slice(x, [0, 0], [1, 1]), []);
  return add(cast(greater(element, Number.POSITIVE_INFINITY), "float32"), 1);
}
