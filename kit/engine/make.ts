/** Tensors made from sizes alone. */
import { oneHot } from "./gather.js";
import { constant, integer, integers, run } from "./primitive.js";
import { scope } from "./scope.js";
import { reshape } from "./shape.js";
import type { DType, Tensor } from "./tensor.js";

/** A tensor filled with one value. */
export function full(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  return run("Fill", [integers(shape), constant([value], [], dtype)]);
}

export const zeros = (shape: readonly number[], dtype?: DType): Tensor => full(shape, 0, dtype);
export const ones = (shape: readonly number[], dtype?: DType): Tensor => full(shape, 1, dtype);

/** `start, start + 1, …` up to but without `stop`, `int32`. */
export function range(start: number, stop: number): Tensor {
  return run("Range", [integer(start), integer(stop), integer(1)]);
}

/** The identity matrix `[n, n]`, float32. */
export function eye(n: number): Tensor {
  return scope(() => oneHot(range(0, n), n));
}

/** `true` where key position `j ≤ i + offset`: what query `i` may see. Shape `[queries, keys]`, bool. */
export function causalMask(queries: number, keys: number = queries, offset = 0): Tensor {
  return scope(() => {
    const rows = reshape(range(offset, offset + queries), [queries, 1]);
    return run("GreaterEqual", [rows, range(0, keys)]);
  });
}
