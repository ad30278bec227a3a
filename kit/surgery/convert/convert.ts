/** Trained models turned into models of other mechanisms. */
import type { Tensor } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import type { Model, ModelConfig } from "../../model/index.js";
import type { TensorSource } from "../../weights/index.js";
import { addHeads, addLayers, type NewHeads } from "./grow.js";
import { chosenLayers } from "./layers.js";
import { expectChange, type Recipe, withParts } from "./recipe.js";
import { isInMemory, type Refit, rebuilt } from "./refit.js";
import { type Start, startsOf } from "./starts.js";
import { ternarise } from "./ternarise.js";

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
  expectChange(recipe);
  const config = withParts(model.config, recipe);
  const start = startsOf(config, recipe.init, seed);
  const grown = withNewHeads(withNewLayers(model, recipe), recipe, seed);
  const converted = rebuilt(grown, config, start, projections(grown.config, config, recipe, start));
  if (recipe.ternary === undefined) return converted;
  return isInMemory(converted) ? ternarise(converted, recipe.ternary) : ternarise(converted, recipe.ternary);
}

function withNewLayers(
  model: Model<Tensor> | Model<TensorSource>,
  { newLayers }: Recipe,
): Model<Tensor> | Model<TensorSource> {
  if (newLayers === undefined) return model;
  const after = [...chosenLayers(newLayers, model.config.layers.length)];
  return isInMemory(model) ? addLayers(model, { after }) : addLayers(model, { after });
}

function withNewHeads(
  model: Model<Tensor> | Model<TensorSource>,
  { heads, layers }: Recipe,
  seed: number,
): Model<Tensor> | Model<TensorSource> {
  if (heads === undefined) return model;
  const more: NewHeads = { groups: heads, layers, seed };
  return isInMemory(model) ? addHeads(model, more) : addHeads(model, more);
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
