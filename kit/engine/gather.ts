/** Rows by their index: the embedding, its gradient, and one-hot vectors. */
import { where } from "./elementwise.js";
import { constant, integer, primitive, run } from "./primitive.js";
import { reshape, transpose } from "./shape.js";
import type { Tensor } from "./tensor.js";

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
    () => ({ value: run("GatherV2", [x, ids, integer(at)], { batch_dims: { int: 0 } }), save: [ids] }),
    (dy, [saved]) => [
      () => {
        const rows = segmentSum(toFront(dy, at, saved.shape.length), saved, x.shape[at]);
        return at === 0 ? rows : transpose(rows, frontTo(x.shape.length, at));
      },
    ],
  );
}

/**
 * Sums rows into the segments their ids name: the gradient of {@link gather} along the first axis, as `gather` is its.
 *
 * @param x shape `[...ids.shape, ...]`
 * @param ids `int32`; a row with a negative id is dropped
 * @returns shape `[count, ...]`
 */
export function segmentSum(x: Tensor, ids: Tensor, count: number): Tensor {
  return primitive(
    [x],
    () => ({ value: run("UnsortedSegmentSum", [x, ids, integer(count)]), save: [ids] }),
    (dy, [saved]) => [
      () => {
        // What was dropped has no row to look up.
        const rows = gather(dy, run("Maximum", [saved, integer(0)]));
        const more = dy.shape.slice(1).map(() => 1);
        return where(reshape(run("GreaterEqual", [saved, integer(0)]), [...saved.shape, ...more]), rows, 0);
      },
    ],
  );
}

/** Brings `count` axes that start at `from` to the front. */
function toFront(x: Tensor, from: number, count: number): Tensor {
  if (from === 0) return x;
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.splice(from, count), ...axes]);
}

/** The order that puts axis 0 at position `at`. */
function frontTo(rank: number, at: number): number[] {
  const order = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  order.splice(at, 0, 0);
  return order;
}

/** `1` where the last axis equals the id, else `0`, all zeros for an id outside; shape `[...ids.shape, depth]`, float32. */
export function oneHot(ids: Tensor, depth: number): Tensor {
  const [on, off] = [constant([1], [], "float32"), constant([0], [], "float32")];
  return run("OneHot", [ids, integer(depth), on, off], { axis: { int: -1 } });
}
