/** Summing along axes and its opposite, repeating along axes: each is the other's gradient. */
import { integers, primitive, run } from "./primitive.js";
import { scope } from "./scope.js";
import { expandAt, reshape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Which axes to reduce: all by default; negative ones count from the end. `keep` leaves them with size one. */
export type Reduction = { readonly axis?: number | readonly number[]; readonly keep?: boolean };

/** The axes of a reduction, counted from the front. */
export function axesOf(x: Tensor, axis: Reduction["axis"]): number[] {
  const rank = x.shape.length;
  if (axis === undefined) return x.shape.map((_, i) => i);
  return (typeof axis === "number" ? [axis] : [...axis]).map((i) => (i < 0 ? i + rank : i));
}

/** `Σ x` along the axes. */
export function sum(x: Tensor, { axis, keep = false }: Reduction = {}): Tensor {
  const axes = axesOf(x, axis);
  return primitive(
    [x],
    () => ({ value: run("Sum", [x, integers(axes)], { keep_dims: keep }) }),
    (dy) => [() => broadcastTo(keep ? dy : expandAt(dy, axes), x.shape)],
  );
}

/** Repeats axes of size one (and adds axes in front) until the shape is `shape`. */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  return primitive(
    [x],
    () => ({ value: run("BroadcastTo", [x, integers(shape)]) }),
    (dy) => [() => sumTo(dy, x.shape)],
  );
}

/** Sums the axes that broadcasting `shape` would have repeated; `x` itself when there are none. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < extra || (shape[i - extra] === 1 && x.shape[i] !== 1));
  return axes.length === 0 ? x : scope(() => reshape(sum(x, { axis: axes }), shape));
}
