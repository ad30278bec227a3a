import { add, mul, scope, sub, type Tensor, tree } from "../engine/index.js";
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
  return withMatrices(model, (_, values) => values);
}

/**
 * The same model with its matrices on the way to what they are rounded to: `(1 − λ)·w + λ·rounded(w)`. The gradient by `w` is that
 * of the identity, as of a matrix that is rounded in full; activations are rounded throughout.
 *
 * With λ = 0 it has the scores of the weights behind the rounding, with λ = 1 those of the model itself.
 *
 * @param share λ, a scalar from 0 to 1
 */
export function partlyRounded(model: Model<Tensor>, share: Tensor): Model<Tensor> {
  return withMatrices(model, (weight, values) => add(mul(weight, sub(1, share)), mul(values, share)));
}

/** The model with its matrices exchanged for what `of` makes of a weight and its rounded values, applied as they are. */
function withMatrices(model: Model<Tensor>, of: (weight: Tensor, values: Tensor) => Tensor): Model<Tensor> {
  const { config, params } = model;
  const how = linearOf(config.linear).rounded;
  if (how === undefined) return model;
  const matrices = linearPaths(config);
  return scope(() => ({
    config: { ...config, linear: how.spec(config.linear) },
    params: tree.map<Tensor, Tensor, ModelParams<Tensor>>(params, (leaf, path) =>
      matrices.has(path) ? of(leaf, how.matrix(leaf, config.linear)) : leaf,
    ) as ModelParams<Tensor>,
  }));
}
