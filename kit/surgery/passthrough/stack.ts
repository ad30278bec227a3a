/** A model as what a passthrough merge sees of it: layers, and what stands before and behind them. */
export type Stack<Part> = { readonly before: Part; readonly layers: readonly Part[]; readonly after: Part };

/** Layers of a stack, from `from` up to but not including `to`, as in `Array.slice`. */
export type Slice<Part> = { readonly stack: Stack<Part>; readonly from: number; readonly to: number };

/**
 * Where a part of the result comes from: a layer by its number, or what stands before or behind the layers. `t` is its place
 * in the slice: 0 at the first layer, 1 at the last, 1 where there is only one, 0 outside the layers.
 */
export type Origin = { readonly part: "before" | "after" | number; readonly t: number };

/**
 * Stacks layers of one or several models into one model: the whole of passthrough merging.
 *
 *   before(first slice) · layers(slice) for each slice · after(last slice)
 *
 * @param slices at least one, each with `0 ≤ from < to ≤ layers.length`
 * @param take makes a part of the result from a part of a slice's stack
 * @see mergekit 0.1.5, plan.MergePlanner: `t` of a lone layer and of what stands outside the layers are its choices
 */
export function stacked<Part, S extends Slice<Part>, Out>(
  slices: readonly S[],
  take: (part: Part, slice: S, origin: Origin) => Out,
): Stack<Out> {
  const [first, last] = [slices[0], slices[slices.length - 1]];
  return {
    before: take(first.stack.before, first, { part: "before", t: 0 }),
    layers: slices.flatMap((slice) => {
      const layers = slice.stack.layers.slice(slice.from, slice.to);
      return layers.map((layer, i) => {
        const t = layers.length === 1 ? 1 : i / (layers.length - 1);
        return take(layer, slice, { part: slice.from + i, t });
      });
    }),
    after: take(last.stack.after, last, { part: "after", t: 0 }),
  };
}
