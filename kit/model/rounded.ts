import { scope, type Tensor, tree } from "../engine/index.js";
import type { Model, ModelParams } from "./config.js";
import { linearOf } from "./registry.js";
import { linearPaths } from "./shapes.js";

/**
 * The same model with its linear layers' matrices rounded once, instead of at every use: same scores, faster decoding. It
 * cannot be trained further, since the weights behind the rounding are gone.
 *
 * @returns the model itself where nothing is rounded; otherwise one that shares all other tensors with it
 */
export function rounded(model: Model<Tensor>): Model<Tensor> {
  const { config, params } = model;
  const how = linearOf(config.linear).rounded;
  if (how === undefined) return model;
  const matrices = linearPaths(config);
  return scope(() => ({
    config: { ...config, linear: how.spec(config.linear) },
    params: tree.map<Tensor, Tensor, ModelParams<Tensor>>(params, (leaf, path) =>
      matrices.has(path) ? how.matrix(leaf, config.linear) : leaf,
    ) as ModelParams<Tensor>,
  }));
}
