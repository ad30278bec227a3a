/** Sums, means and extremes along axes, and their opposite, broadcasting. */
import { add, cast, div, equal, exp, log, mul, sub } from "./elementwise.js";
import { constantPrimitive, execute, integer, integers, primitive } from "./primitive.js";
import { expandAt, reshape } from "./shape.js";
import { sizeOf, type Tensor } from "./tensor.js";

/** Which axes to reduce: all by default; negative ones count from the end. `keep` leaves them with size one. */
export type Reduction = { readonly axis?: number | readonly number[]; readonly keep?: boolean };

function axesOf(x: Tensor, axis: Reduction["axis"]): number[] {
  const rank = x.shape.length;
  if (axis === undefined) return x.shape.map((_, i) => i);
  return (typeof axis === "number" ? [axis] : [...axis]).map((i) => (i < 0 ? i + rank : i));
}

/** Repeats axes of size one (and adds axes in front) until the shape is `shape`. */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  return primitive(
    [x],
    () => ({ value: execute("BroadcastTo", [x, integers(shape)])[0] }),
    (dy) => [() => sumTo(dy, x.shape)],
  );
}

/** Sums the axes that broadcasting `shape` would have repeated; the gradient of {@link broadcastTo}. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < extra || (shape[i - extra] === 1 && x.shape[i] !== 1));
  return axes.length === 0 ? x : reshape(sum(x, { axis: axes }), shape);
}

/** `Σ x` along the axes. */
export function sum(x: Tensor, { axis, keep = false }: Reduction = {}): Tensor {
  const axes = axesOf(x, axis);
  return primitive(
    [x],
    () => ({ value: execute("Sum", [x, integers(axes)], { keep_dims: keep })[0] }),
    (dy) => [() => broadcastTo(keep ? dy : expandAt(dy, axes), x.shape)],
  );
}

/** The arithmetic mean along the axes. */
export function mean(x: Tensor, reduction: Reduction = {}): Tensor {
  const count = sizeOf(axesOf(x, reduction.axis).map((i) => x.shape[i]));
  return mul(sum(x, reduction), 1 / count);
}

/** The largest value along the axes. Its gradient is shared equally among ties. */
export function max(x: Tensor, { axis, keep = false }: Reduction = {}): Tensor {
  return extreme("Max", x, axesOf(x, axis), keep);
}

/** The smallest value along the axes. Its gradient is shared equally among ties. */
export function min(x: Tensor, { axis, keep = false }: Reduction = {}): Tensor {
  return extreme("Min", x, axesOf(x, axis), keep);
}

function extreme(op: string, x: Tensor, axes: readonly number[], keep: boolean): Tensor {
  return primitive(
    [x],
    () => {
      const [value] = execute(op, [x, integers(axes)], { keep_dims: keep });
      return { value, save: [x, value] };
    },
    (dy, [input, value]) => [
      () => {
        const [y, g] = keep ? [value, dy] : [expandAt(value, axes), expandAt(dy, axes)];
        const ties = cast(equal(input, y), "float32");
        return mul(ties, div(g, sum(ties, { axis: axes, keep: true })));
      },
    ],
  );
}

/** Index of the largest value along one axis, `int32`; the first one at a tie. */
export function argmax(x: Tensor, axis = -1): Tensor {
  const [position] = axesOf(x, axis);
  return constantPrimitive("ArgMax", [x, integer(position)], { output_type: { dtype: "int32" } });
}

/** Whether every element is true. */
export function all(x: Tensor): Tensor {
  return constantPrimitive("All", [x, integers(axesOf(x, undefined))], { keep_dims: false });
}

/** `eˣ / Σ eˣ` along the last axis. */
export function softmax(x: Tensor): Tensor {
  return primitive(
    [x],
    () => {
      const [value] = execute("Softmax", [x]);
      return { value, save: [value] };
    },
    (dy, [y]) => [() => mul(y, sub(dy, sum(mul(dy, y), { axis: -1, keep: true })))],
  );
}

/** `x − log Σ eˣ` along the last axis, without overflow. */
export function logSoftmax(x: Tensor): Tensor {
  return primitive(
    [x],
    () => {
      const [value] = execute("LogSoftmax", [x]);
      return { value, save: [value] };
    },
    (dy, [y]) => [() => sub(dy, mul(exp(y), sum(dy, { axis: -1, keep: true })))],
  );
}

/** `log Σ eˣ` along one axis, without overflow. */
export function logSumExp(x: Tensor, { axis = -1, keep = false }: { axis?: number; keep?: boolean } = {}): Tensor {
  const peak = max(x, { axis, keep: true });
  const total = add(log(sum(exp(sub(x, peak)), { axis, keep: true })), peak);
  return keep
    ? total
    : reshape(
        total,
        total.shape.filter((_, i) => i !== axesOf(x, axis)[0]),
      );
}

/**
 * Running sum along one axis.
 *
 * @param options `exclusive` leaves out the element itself; `reverse` sums from the end.
 */
export function cumsum(x: Tensor, axis = -1, options: { exclusive?: boolean; reverse?: boolean } = {}): Tensor {
  const [position] = axesOf(x, axis);
  const { exclusive = false, reverse = false } = options;
  return primitive(
    [x],
    () => ({ value: execute("Cumsum", [x, integer(position)], { exclusive, reverse })[0] }),
    (dy) => [() => cumsum(dy, position, { exclusive, reverse: !reverse })],
  );
}
