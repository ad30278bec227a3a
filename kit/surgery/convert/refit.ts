/** Models taken apart into weights by path, and put together again by another config. */
import { type Tensor, tree } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { type Model, type ModelConfig, type ModelParams, type Shape, shapes } from "../../model/index.js";
import type { TensorSource } from "../../weights/index.js";
import { floatOf, type Hand, inMemory, onDisk } from "./hands.js";
import type { Start } from "./starts.js";

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
