/** Operations that rearrange elements without computing. */
import { UserError } from "../errors.js";
import { constantPrimitive, execute, type Integers, integer, integers, primitive } from "./primitive.js";
import { type DType, scalar, sizeOf, type Tensor, tensor } from "./tensor.js";

/**
 * The same elements under another shape.
 *
 * @param shape One axis may be −1: it takes what the others leave.
 * @throws UserError when the sizes disagree.
 */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const known = sizeOf(shape.filter((axis) => axis !== -1));
  const full = shape.map((axis) => (axis === -1 ? x.size / known : axis));
  if (sizeOf(full) !== x.size || full.some((axis) => !Number.isInteger(axis))) {
    throw new UserError(`reshape: [${x.shape}] does not fit into [${shape}]`);
  }
  return primitive(
    [x],
    () => ({ value: execute("Reshape", [x, integers(full)])[0] }),
    (dy) => [() => reshape(dy, x.shape)],
  );
}

/** Inserts axes of size one so that they stand at the positions `axes` of the result. */
export function expandAt(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.shape.length + axes.length;
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)),
  );
}

/** Reorders axes; without `order` it swaps the last two. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = order ?? swapLast(x.shape.length);
  const inverse = axes.map((_, i) => axes.indexOf(i));
  return primitive(
    [x],
    () => ({ value: execute("Transpose", [x, integers(axes)])[0] }),
    (dy) => [() => transpose(dy, inverse)],
  );
}

function swapLast(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
}

/** The block that starts at `begin`; a size of −1 goes to the end of its axis. */
export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  const sizes = size.map((n, i) => (n === -1 ? x.shape[i] - begin[i] : n));
  return primitive(
    [x],
    () => ({ value: execute("Slice", [x, integers(begin), integers(sizes)])[0] }),
    (dy) => [
      () =>
        pad(
          dy,
          begin.map((start, i) => [start, x.shape[i] - start - sizes[i]]),
        ),
    ],
  );
}

/** `count` elements of one axis, from `start` on. */
export function narrow(x: Tensor, axis: number, start: number, count: number): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return slice(
    x,
    x.shape.map((_, i) => (i === at ? start : 0)),
    x.shape.map((n, i) => (i === at ? count : n)),
  );
}

/** Adds zeros before and after each axis. */
export function pad(x: Tensor, paddings: readonly (readonly number[])[]): Tensor {
  const widths: Integers = { integers: paddings.flat(), shape: [paddings.length, 2] };
  return primitive(
    [x],
    () => ({ value: execute("Pad", [x, widths])[0] }),
    (dy) => [
      () =>
        slice(
          dy,
          paddings.map(([before]) => before),
          x.shape,
        ),
    ],
  );
}

/** Joins tensors along one axis. */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  if (parts.length === 1) return parts[0];
  const at = axis < 0 ? axis + parts[0].shape.length : axis;
  return primitive(
    parts,
    () => ({
      value: execute("ConcatV2", [...parts, integer(at)], {
        N: { int: parts.length },
        T: { dtype: parts[0].dtype },
      })[0],
    }),
    (dy) => {
      let start = 0;
      return parts.map((part) => {
        const from = start;
        start += part.shape[at];
        return () => narrow(dy, at, from, part.shape[at]);
      });
    },
  );
}

/** Joins tensors of one shape along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const at = axis < 0 ? axis + parts[0].shape.length + 1 : axis;
  return concat(
    parts.map((part) => expandAt(part, [at])),
    at,
  );
}

/** Cuts one axis into parts of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis = -1): Tensor[] {
  let start = 0;
  return sizes.map((size) => {
    const part = narrow(x, axis, start, size);
    start += size;
    return part;
  });
}

/**
 * Rows of a table: `y[..., :] = table[ids[...], :]`, and with `axis` the same along another axis.
 *
 * The package's gather checks the indices on the host; this one stays in TensorFlow. An index outside the table fails in
 * the `graph` and `eager` backends and is clamped under XLA, so validate ids where they enter.
 *
 * @param ids `int32`, any shape.
 */
export function gather(x: Tensor, ids: Tensor, axis = 0): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return primitive(
    [x],
    () => ({ value: execute("GatherV2", [x, ids, integer(at)], { batch_dims: { int: 0 } })[0], save: [ids] }),
    (dy, [saved]) => [
      () => {
        const front = moveAxes(dy, at, saved.shape.length);
        const [rows] = execute("UnsortedSegmentSum", [front, saved, integer(x.shape[at])]);
        return at === 0 ? rows : transpose(rows, toPosition(x.shape.length, at));
      },
    ],
  );
}

/** Brings `count` axes that start at `from` to the front. */
function moveAxes(x: Tensor, from: number, count: number): Tensor {
  if (from === 0) return x;
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.splice(from, count), ...axes]);
}

/** The order that puts axis 0 at position `at`. */
function toPosition(rank: number, at: number): number[] {
  const order = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  order.splice(at, 0, 0);
  return order;
}

/** `1` where the last axis equals the id, else `0`; shape `[...ids.shape, depth]`, float32. */
export function oneHot(ids: Tensor, depth: number): Tensor {
  return constantPrimitive("OneHot", [ids, integer(depth), scalar(1), scalar(0)], { axis: { int: -1 } });
}

/** A tensor filled with one value. */
export function full(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  return constantPrimitive("Fill", [integers(shape), scalar(value, dtype)]);
}

export const zeros = (shape: readonly number[], dtype: DType = "float32"): Tensor => full(shape, 0, dtype);
export const ones = (shape: readonly number[], dtype: DType = "float32"): Tensor => full(shape, 1, dtype);

/** `start, start + 1, …` up to but without `stop`, `int32`. */
export function range(start: number, stop: number): Tensor {
  return tensor(Int32Array.from({ length: stop - start }, (_, i) => start + i));
}

/** The identity matrix `[n, n]`. */
export function eye(n: number): Tensor {
  return oneHot(range(0, n), n);
}

/** `true` where key position `j ≤ i + offset`: what query `i` may see. Shape `[queries, keys]`, bool. */
export function causalMask(queries: number, keys: number = queries, offset = 0): Tensor {
  const rows = reshape(range(offset, offset + queries), [queries, 1]);
  return constantPrimitive("GreaterEqual", [rows, range(0, keys)]);
}
