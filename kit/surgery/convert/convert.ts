/** Trained models turned into models of other mechanisms. */
import { type Tensor, tree } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import { UserError } from "../../errors.js";
import { type Model, type ModelConfig, type ModelParams, type Shape, shapes } from "../../model/index.js";
import type { TensorSource } from "../../weights/index.js";
import { floatOf, type Hand, inMemory, onDisk } from "./hands.js";
import { convertedConfig, type Recipe } from "./recipe.js";
import { type Start, startsOf } from "./starts.js";

export type ConvertOptions = {
  /** Selects the new parameters that are drawn. Default 0. */
  readonly seed?: number;
};

/**
 * Converts a trained model: its layers get what the recipe says, its weights stay where they fit, new ones begin as the
 * recipe says.
 *
 * In memory the result shares the tensors that stay. On disk nothing is read until the result is saved, and then one tensor at
 * a time; TensorFlow is not loaded.
 *
 * @param model in memory or on disk
 * @param recipe one of {@link recipes}, or any other value
 * @throws UserError when the recipe does nothing, its layers do not exist, their heads cannot be split so, or weights of the
 * model would be lost
 */
export function convert(model: Model<Tensor>, recipe: Recipe, options?: ConvertOptions): Model<Tensor>;
export function convert(
  model: Model<TensorRef> | Model<TensorSource>,
  recipe: Recipe,
  options?: ConvertOptions,
): Model<TensorSource>;
export function convert(
  model: Model<Tensor> | Model<TensorSource>,
  recipe: Recipe,
  { seed = 0 }: ConvertOptions = {},
): Model<Tensor> | Model<TensorSource> {
  const config = convertedConfig(model.config, recipe);
  const start = startsOf(config, recipe.init, seed);
  return rebuilt(model, config, start, projections(model.config, config, recipe, start));
}

/** {@link refitted} of all weights of a model, in memory or on disk. */
export function rebuilt(
  model: Model<Tensor> | Model<TensorSource>,
  config: ModelConfig,
  start: Start,
  refit: Refit,
): Model<Tensor> | Model<TensorSource> {
  if (isInMemory(model)) return refitted(weightsOf(model), config, inMemory, start, refit);
  return refitted(weightsOf(model), config, handFor(model), start, refit);
}

/** The weights of a model by path. */
export function weightsOf<Leaf>({ params }: Model<Leaf>): Map<string, Leaf> {
  return new Map(tree.entries<Leaf>(params));
}

/** Whether the leaves of a model are tensors: all are, or none is. */
export function isInMemory(model: Model<Tensor> | Model<TensorSource>): model is Model<Tensor> {
  return !("file" in model.params.embed || "values" in model.params.embed);
}

/** For a model on disk: what is new gets the embedding's element type. */
export function handFor({ params }: Model<TensorSource>): Hand<TensorSource> {
  return onDisk(floatOf(params.embed));
}

/** What becomes of a weight whose place remains but whose part is another; nothing where it stays as it is. */
export type Refit = (
  path: string,
) => (<Leaf>(leaf: Leaf, shape: readonly number[], hand: Hand<Leaf>) => Leaf) | undefined;

/**
 * The model of another config: a weight stays at its path, or becomes what `refit` makes of it; what the config calls for
 * beyond that begins as `start` says.
 *
 * @throws UserError when a weight has no place, or its place another shape
 */
export function refitted<Leaf>(
  weights: ReadonlyMap<string, Leaf>,
  config: ModelConfig,
  hand: Hand<Leaf>,
  start: Start,
  refit: Refit,
): Model<Leaf> {
  const before = new Map(weights);
  const params = tree.map<Shape, Leaf, ModelParams<Shape>>(shapes(config), ({ shape }, path) => {
    const leaf = before.get(path);
    before.delete(path);
    if (leaf === undefined) return hand.made(shape, () => start(path, shape));
    const other = refit(path)?.(leaf, shape, hand) ?? leaf;
    expectShape(path, (other as Shape).shape, shape);
    return other;
  });
  for (const [path] of before) throw new UserError(`The conversion would lose ${path}`, { fix: "Begin with the base" });
  return { config, params: params as unknown as ModelParams<Leaf> };
}

function expectShape(path: string, found: readonly number[], wanted: readonly number[]): void {
  if (found.join() === wanted.join()) return;
  throw new UserError(`The conversion would lose ${path}, which is [${found.join(", ")}]`, {
    expected: `[${wanted.join(", ")}]`,
    fix: "Begin with the base, or leave these layers out",
  });
}

/** Attention becomes the second version of differential attention: twins of the queries, and twice the output. */
function projections(before: ModelConfig, after: ModelConfig, { init }: Recipe, start: Start): Refit {
  return (path) => {
    const [, layer, name] = /^layers\.(\d+)\.mixer\.([qo])$/.exec(path) ?? [];
    if (layer === undefined) return undefined;
    const [old, mixer] = [before.layers[Number(layer)].mixer, after.layers[Number(layer)].mixer];
    if (mixer.kind !== "differentialV2" || old.kind === mixer.kind) return undefined;
    if (name === "o") return init === "identity" ? (leaf, _, hand) => hand.scaled(leaf, 2) : undefined;
    return (leaf, shape, hand) =>
      hand.reworked(leaf, shape, (first) => {
        const half = [shape[0] / 2, shape[1]];
        const second = init === "identity" ? first : start(`${path}.second`, half);
        return alternating(first, second, mixer.headDim * shape[1]);
      });
  };
}

/** Blocks of two arrays by turns. */
function alternating(first: Float32Array, second: Float32Array, block: number): Float32Array {
  const out = new Float32Array(2 * first.length);
  for (let start = 0; start < first.length; start += block) {
    out.set(first.subarray(start, start + block), 2 * start);
    out.set(second.subarray(start, start + block), 2 * start + block);
  }
  return out;
}
