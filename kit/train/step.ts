import { add, mul, share, type Tensor, tree, valueAndGradient, zeros } from "../engine/index.js";
import {
  type ForwardOptions,
  type LeakOptions,
  type Model,
  type ModelConfig,
  type ModelParams,
  refuseLeaks,
} from "../model/index.js";
import { nextTokenLoss } from "./loss.js";
import { type AdamOptions, type AdamState, adamW, clipByNorm, type Rates } from "./optimiser.js";

/** What a step hands to the next. */
export type TrainingState = { readonly params: ModelParams<Tensor>; readonly optimiser: AdamState };

/** The next state, and two scalars: the loss before the update in nats, the norm of the gradients before clipping. */
export type Stepped = { readonly state: TrainingState; readonly loss: Tensor; readonly norm: Tensor };

/** Mean loss of a batch, a scalar in nats; inputs and targets `[B, T]` int32. */
export type Loss = (model: Model<Tensor>, inputs: Tensor, targets: Tensor, options: ForwardOptions) => Tensor;

export type StepOptions = ForwardOptions &
  LeakOptions & {
    readonly optimiser?: AdamOptions;
    /** Largest norm of the gradients over all parameters. Default 1. */
    readonly clip?: number;
    /** Default {@link nextTokenLoss}. */
    readonly loss?: Loss;
  };

/**
 * A whole training step as one pure function: loss, gradients, clipping, update. Compile it, or call it as it is.
 *
 * Arguments of the function: state, inputs and targets `[B, T]` int32, rates (scalars).
 *
 * @throws UserError when the model sees the future and that is not allowed: its loss would be one of reading, not predicting
 */
export function trainingStep(
  config: ModelConfig,
  options: StepOptions = {},
): (state: TrainingState, inputs: Tensor, targets: Tensor, rates: Rates) => Stepped {
  const differentiated = differentiatedLoss(config, options);
  const apply = applied(options);
  return (state, inputs, targets, rates) => {
    const { value, gradients } = differentiated(state.params, inputs, targets);
    return { ...apply(state, gradients, rates), loss: value };
  };
}

/** Gradients and loss of the batches seen so far, each times its weight. */
export type Accumulated = { readonly gradients: ModelParams<Tensor>; readonly loss: Tensor };

/** The same step over several batches, one after another, with the memory of one and a copy of the gradients. */
export type AccumulatingStep = {
  /** Before the first batch. */
  readonly start: (params: ModelParams<Tensor>) => Accumulated;
  /** Adds a batch; `weight`, a scalar, is its share of all targets. */
  readonly add: (
    params: ModelParams<Tensor>,
    sums: Accumulated,
    inputs: Tensor,
    targets: Tensor,
    weight: Tensor,
  ) => Accumulated;
  /** Clips and updates. */
  readonly finish: (state: TrainingState, sums: Accumulated, rates: Rates) => Stepped;
};

export function accumulatingStep(config: ModelConfig, options: StepOptions = {}): AccumulatingStep {
  const differentiated = differentiatedLoss(config, options);
  const apply = applied(options);
  return {
    start: (params) => ({
      gradients: tree.map<Tensor, Tensor, unknown>(params, ({ shape }) => zeros(shape)) as ModelParams<Tensor>,
      loss: zeros([]),
    }),
    add: (params, sums, inputs, targets, weight) => {
      const { value, gradients } = differentiated(params, inputs, targets);
      const fresh = tree.leaves<Tensor>(gradients);
      let next = 0;
      const summed = tree.map<Tensor, Tensor, unknown>(sums.gradients, (sum) => add(sum, mul(fresh[next++], weight)));
      return { gradients: summed as ModelParams<Tensor>, loss: add(sums.loss, mul(value, weight)) };
    },
    finish: (state, { gradients, loss }, rates) => ({ ...apply(state, gradients, rates), loss }),
  };
}

function differentiatedLoss(config: ModelConfig, { loss = nextTokenLoss, recompute, allowLeak }: StepOptions) {
  refuseLeaks(config, "Training", { allowLeak });
  return (params: ModelParams<Tensor>, inputs: Tensor, targets: Tensor) =>
    valueAndGradient((of: ModelParams<Tensor>) => loss({ config, params: of }, inputs, targets, { recompute }), params);
}

function applied({ optimiser, clip = 1 }: StepOptions) {
  const adam = adamW(optimiser);
  return (state: TrainingState, gradients: ModelParams<Tensor>, rates: Rates): Omit<Stepped, "loss"> => {
    const clipped = clipByNorm(gradients, clip);
    const updated = adam.update(clipped.gradients, state.optimiser, state.params, rates);
    return { state: { params: updated.params, optimiser: updated.state }, norm: clipped.norm };
  };
}

/** The state before the first step. It shares memory with the model, and is freed without it. */
export function trainingStart({ params }: Model<Tensor>, optimiser?: AdamOptions): TrainingState {
  const own = tree.map<Tensor, Tensor, ModelParams<Tensor>>(params, share) as unknown as ModelParams<Tensor>;
  return { params: own, optimiser: adamW(optimiser).init(own) };
}
