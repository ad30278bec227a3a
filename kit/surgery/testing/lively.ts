import * as e from "../../engine/index.js";
import { init, type Model, type ModelConfig } from "../../model/index.js";

/** A model with weights of which none is zero, gains apart: every part of it counts, also those that begin with no effect. */
export function lively(config: ModelConfig): Model<e.Tensor> {
  const { params } = init(config, 1);
  const drawn = e.tree.map<e.Tensor, e.Tensor, typeof params>(params, (leaf, path) =>
    e.add(leaf, e.random.normal(e.random.fold(e.random.key(4), path), leaf.shape, 0.2)),
  );
  return { config, params: drawn as typeof params };
}
