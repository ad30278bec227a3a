/** Operations that rearrange elements without computing. */
import { UserError } from "../errors.js";
import { integer, integers, primitive, run } from "./primitive.js";
import { scope } from "./scope.js";
import { sizeOf, type Tensor } from "./tensor.js";

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
    () => ({ value: run("Reshape", [x, integers(full)]) }),
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
    () => ({ value: run("Transpose", [x, integers(axes)]) }),
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
    () => ({ value: run("Slice", [x, integers(begin), integers(sizes)]) }),
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
  const widths = integers(paddings.flat(), [paddings.length, 2]);
  return primitive(
    [x],
    () => ({ value: run("Pad", [x, widths]) }),
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
  if (parts.length === 0) throw new UserError("concat: there is nothing to join");
  if (parts.length === 1) return reshape(parts[0], parts[0].shape);
  const at = axis < 0 ? axis + parts[0].shape.length : axis;
  return primitive(
    parts,
    () => ({
      value: run("ConcatV2", [...parts, integer(at)], { N: { int: parts.length }, T: { dtype: parts[0].dtype } }),
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
  return scope(() => {
    const at = axis < 0 ? axis + parts[0].shape.length + 1 : axis;
    return concat(
      parts.map((part) => expandAt(part, [at])),
      at,
    );
  });
}

/**
 * Cuts one axis into parts of the given sizes.
 *
 * @throws UserError when the sizes do not add up to the axis.
 */
export function split(x: Tensor, sizes: readonly number[], axis = -1): Tensor[] {
  const whole = x.shape.at(axis);
  if (sizes.reduce((a, b) => a + b, 0) !== whole) {
    throw new UserError(`split: the sizes ${sizes.join(" + ")} do not make ${whole}`, { where: `shape [${x.shape}]` });
  }
  let start = 0;
  return sizes.map((size) => {
    const part = narrow(x, axis, start, size);
    start += size;
    return part;
  });
}
