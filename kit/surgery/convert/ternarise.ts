/** Trained linear layers turned ternary. */
import type { Tensor } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import { UserError } from "../../errors.js";
import {
  initialValues,
  type LinearSpec,
  linears,
  type Model,
  type ModelConfig,
  mixers,
  mlps,
} from "../../model/index.js";
import type { TensorSource } from "../../weights/index.js";
import { type Hand, inMemory } from "./hands.js";
import { handFor, isInMemory, refitted, weightsOf } from "./refit.js";

/** How matrices become ternary; `rounded` is for models that are not trained any more: `model.rounded` makes them. */
export type TernariseSpec = Omit<Extract<LinearSpec, { kind: "ternary" }>, "kind" | "rounded">;

/**
 * The same weights in linear layers that round them at every use: the model that healing begins with.
 *
 * The weights stay as they are, so that what is rounded away is still there to learn from. A norm of its own in front of a
 * linear layer begins with the gain of the block's norm where it takes that one's place, and with 1 in front of a matrix that
 * writes to the residual stream, which had none: there the model is another one, whatever the rounding.
 *
 * @throws UserError when the linear layers are ternary already, or a trained norm would have no place
 */
export function ternarise(model: Model<Tensor>, spec: TernariseSpec): Model<Tensor>;
export function ternarise(model: Model<TensorRef> | Model<TensorSource>, spec: TernariseSpec): Model<TensorSource>;
export function ternarise(
  model: Model<Tensor> | Model<TensorSource>,
  spec: TernariseSpec,
): Model<Tensor> | Model<TensorSource> {
  return isInMemory(model) ? ternarised(model, spec, inMemory) : ternarised(model, spec, handFor(model));
}

function ternarised<Leaf>(model: Model<Leaf>, spec: TernariseSpec, hand: Hand<Leaf>): Model<Leaf> {
  const config = ternaryConfig(model.config, spec);
  const weights = moved(weightsOf(model), config);
  return refitted(weights, config, hand, initialValues(config, 0), () => undefined);
}

/**
 * The config of a model whose linear layers are ternary.
 *
 * @throws UserError when they are already
 */
export function ternaryConfig(config: ModelConfig, spec: TernariseSpec): ModelConfig {
  if (config.linear.kind === "ternary") throw new UserError("The linear layers are ternary already");
  return { ...config, linear: { kind: "ternary", ...spec } };
}

/** The gains of the blocks' norms, moved to the linear layers behind them where these have norms and the blocks have none. */
function moved<Leaf>(weights: Map<string, Leaf>, { layers, linear }: ModelConfig): Map<string, Leaf> {
  const { block, own } = linears.ternary.norms(linear as Extract<LinearSpec, { kind: "ternary" }>);
  if (block || !own) return weights;
  for (const [i, { mixer, mlp }] of layers.entries()) {
    for (const [half, { linears, writer }] of [
      ["mixer", mixers[mixer.kind]] as const,
      ["mlp", mlps[mlp.kind]] as const,
    ]) {
      const from = `layers.${i}.${half}Norm.gain`;
      const gain = weights.get(from);
      if (gain === undefined) continue;
      weights.delete(from);
      for (const name of linears) {
        if (name !== writer) weights.set(`layers.${i}.linearNorms.${half}.${name}.gain`, gain);
      }
    }
  }
  return weights;
}
