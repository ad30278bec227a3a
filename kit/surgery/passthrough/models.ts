import { mul, type Tensor, tree } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import { UserError } from "../../errors.js";
import type { LayerParams, Model, ModelParams } from "../../model/index.js";
import { type ScaleRules, scaleOf } from "./rules.js";
import { type Slice, type Stack, stacked } from "./stack.js";

/** Layers of a model, from the first number up to but not including the second, and factors of their tensors. */
export type ModelSlice<Leaf> = {
  readonly model: Model<Leaf>;
  readonly layers: readonly [from: number, to: number];
  /** By path, such as `mlp.down` or `layers.3.mixer.o` with the number the layer has in `model`. */
  readonly scale?: ScaleRules;
};

type Part<Leaf> = Partial<Omit<ModelParams<Leaf>, "layers">> | LayerParams<Leaf>;

type Taken<Leaf> = ModelSlice<Leaf> & Slice<Part<Leaf>>;

/**
 * Stacks layers of one or several models: slices of their lists of layers, one behind the other.
 *
 * The embedding comes from the first slice, the last norm and the head from the last one; their factors too. A tied head is the
 * embedding, scaled as it is. On disk a factor stays pending, in memory the product is a new tensor.
 *
 * @param slices at least one; models of the same width and vocabulary
 * @returns a model whose config lists the layers taken
 * @throws UserError when there is no slice, a model has no such layers, or the models do not fit together
 */
export function passthrough<Leaf extends Tensor | TensorRef>(slices: readonly ModelSlice<Leaf>[]): Model<Leaf> {
  const taken = slices.map((slice): Taken<Leaf> => {
    const [from, to] = rangeOf(slice);
    return { ...slice, stack: stackOf(slice.model), from, to };
  });
  const [first] = slices;
  if (first === undefined) throw new UserError("A merge of no slices", { expected: "at least one" });
  for (const [i, { model }] of slices.entries()) expectFit(first.model, model, i);
  const { before, layers, after } = stacked<Part<Leaf>, Taken<Leaf>, Part<Leaf>>(
    taken,
    (part, slice, { part: at, t }) =>
      tree.map<Leaf, Leaf, Part<Leaf>>(part, (leaf, path) => {
        const factor = scaleOf([slice.scale ?? []], typeof at === "number" ? `layers.${at}.${path}` : path, t);
        return factor === undefined ? leaf : scaled(leaf, factor);
      }) as Part<Leaf>,
  );
  const specs = taken.flatMap(({ model, from, to }) => model.config.layers.slice(from, to));
  // Parts come back as they were cut off: the embedding before, layers between, norm and head behind.
  const params = { ...before, layers, ...after } as ModelParams<Leaf>;
  return { config: { ...first.model.config, layers: specs }, params };
}

function stackOf<Leaf>({ params: { layers, embed, ...after } }: Model<Leaf>): Stack<Part<Leaf>> {
  return { before: { embed }, layers, after };
}

function rangeOf<Leaf>({ model, layers: [from, to] }: ModelSlice<Leaf>): readonly [number, number] {
  const depth = model.config.layers.length;
  if (Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from < to && to <= depth) return [from, to];
  throw new UserError(`There are no layers [${from}, ${to}]`, {
    expected: `two whole numbers with 0 ≤ from < to ≤ ${depth}, the number of layers`,
  });
}

function expectFit<Leaf>({ config: a }: Model<Leaf>, { config: b }: Model<Leaf>, slice: number): void {
  for (const field of ["width", "vocab", "tied", "normEps", "linear"] as const) {
    const [first, here] = [JSON.stringify(a[field]), JSON.stringify(b[field])];
    if (first === here) continue;
    throw new UserError(`The model of slice ${slice} has ${field} ${here}`, { expected: `${first}, as the first has` });
  }
}

function scaled<Leaf extends Tensor | TensorRef>(leaf: Leaf, factor: number): Leaf {
  if ("file" in leaf) return { ...leaf, scale: (leaf.scale ?? 1) * factor };
  return mul(leaf as Tensor, factor) as Leaf;
}
