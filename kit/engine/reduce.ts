/** Means, extremes, softmax and running sums along axes. */
import { axesOf, type Reduction, sum } from "./broadcast.js";
import { add, cast, div, equal, exp, finiteMask, log, mul, stopGradient, sub, where } from "./elementwise.js";
import { integer, integers, primitive, run } from "./primitive.js";
import { scope } from "./scope.js";
import { expandAt, reshape } from "./shape.js";
import { sizeOf, type Tensor } from "./tensor.js";

/** The arithmetic mean along the axes. */
export function mean(x: Tensor, reduction: Reduction = {}): Tensor {
  const count = sizeOf(axesOf(x, reduction.axis).map((i) => x.shape[i]));
  return scope(() => mul(sum(x, reduction), 1 / count));
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
      const value = run(op, [x, integers(axes)], { keep_dims: keep });
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
  return run("ArgMax", [x, integer(position)], { output_type: { dtype: "int32" } });
}

/** Whether every element is true. */
export function all(x: Tensor): Tensor {
  return run("All", [x, integers(axesOf(x, undefined))], { keep_dims: false });
}

/** `eˣ / Σ eˣ` along the last axis. */
export function softmax(x: Tensor): Tensor {
  return primitive(
    [x],
    () => {
      const value = run("Softmax", [x]);
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
      const value = run("LogSoftmax", [x]);
      return { value, save: [value] };
    },
    (dy, [y]) => [() => sub(dy, mul(exp(y), sum(dy, { axis: -1, keep: true })))],
  );
}

/** `log Σ eˣ` along one axis, without overflow. */
export function logSumExp(x: Tensor, { axis = -1, keep = false }: { axis?: number; keep?: boolean } = {}): Tensor {
  return scope(() => {
    // The peak only guards against overflow: neither the result nor the gradient depends on it. Where all elements are
    // −∞ it would make ∞ − ∞.
    const peak = stopGradient(max(x, { axis, keep: true }));
    const shift = where(finiteMask(peak), peak, 0);
    const total = add(log(sum(exp(sub(x, shift)), { axis, keep: true })), shift);
    if (keep) return total;
    const [dropped] = axesOf(x, axis);
    return reshape(
      total,
      total.shape.filter((_, i) => i !== dropped),
    );
  });
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
    () => ({ value: run("Cumsum", [x, integer(position)], { exclusive, reverse }) }),
    (dy) => [() => cumsum(dy, position, { exclusive, reverse: !reverse })],
  );
}
