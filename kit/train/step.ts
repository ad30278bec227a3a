import { share, type Tensor, tree, valueAndGradient } from "../engine/index.js";
import type { Model, ModelConfig, ModelParams } from "../model/index.js";
import { nextTokenLoss } from "./loss.js";
import { type AdamOptions, type AdamState, adamW, clipByNorm } from "./optimiser.js";

/** What a step hands to the next. */
export type TrainingState = { readonly params: ModelParams<Tensor>; readonly optimiser: AdamState };

/** The next state, and two scalars: the loss before the update in nats, the norm of the gradients before clipping. */
export type Stepped = { readonly state: TrainingState; readonly loss: Tensor; readonly norm: Tensor };

export type StepOptions = {
  readonly optimiser?: AdamOptions;
  /** Largest norm of the gradients over all parameters. Default 1. */
  readonly clip?: number;
};

/**
 * A whole training step as one pure function: loss, gradients, clipping, update. Compile it, or call it as it is.
 *
 * Arguments of the function: state, inputs and targets `[B, T]` int32, learning rate (a scalar).
 */
export function trainingStep(
  config: ModelConfig,
  { optimiser, clip = 1 }: StepOptions = {},
): (state: TrainingState, inputs: Tensor, targets: Tensor, learningRate: Tensor) => Stepped {
  const adam = adamW(optimiser);
  return (state, inputs, targets, learningRate) => {
    const loss = (params: ModelParams<Tensor>): Tensor => nextTokenLoss({ config, params }, inputs, targets);
    const { value, gradients } = valueAndGradient(loss, state.params);
    const clipped = clipByNorm(gradients, clip);
    const updated = adam.update(clipped.gradients, state.optimiser, state.params, learningRate);
    return { state: { params: updated.params, optimiser: updated.state }, loss: value, norm: clipped.norm };
  };
}

/** The state before the first step. It shares memory with the model, and is freed without it. */
export function trainingStart({ params }: Model<Tensor>, optimiser?: AdamOptions): TrainingState {
  const own = tree.map<Tensor, Tensor, ModelParams<Tensor>>(params, share) as unknown as ModelParams<Tensor>;
  return { params: own, optimiser: adamW(optimiser).init(own) };
}
