import { add, mul, type Tensor, tree, valueAndGradient, zeros } from "../engine/index.js";
import {
  type ForwardOptions,
  type LeakOptions,
  type Model,
  type ModelParams,
  partlyRounded,
  refuseLeaks,
} from "../model/index.js";
import { nextTokenLoss } from "./loss.js";
import { type AdamOptions, type AdamState, adamW, clipByNorm, type Rates } from "./optimiser.js";
import type { Part } from "./part.js";

/** What a step hands to the next: the weights that are trained, and what the optimiser remembers of them. */
export type TrainingState<P = ModelParams<Tensor>> = { readonly params: P; readonly optimiser: AdamState };

/** The next state, and two scalars: the loss before the update in nats, the norm of the gradients before clipping. */
export type Stepped<P = ModelParams<Tensor>> = {
  readonly state: TrainingState<P>;
  readonly loss: Tensor;
  readonly norm: Tensor;
};

/** How a step computes its loss: inputs that are given anew each time, and that only some runs have. */
export type LossInputs = {
  /** λ of `partlyRounded`, a scalar: how much of the rounding of ternary weights is done. Absent: all of it. */
  readonly rounding?: Tensor;
  /** Numbers of documents, as `ForwardOptions` has them. Absent: a row is one document. */
  readonly segments?: Tensor;
};

/** What a step is given beside its state and its batch. */
export type StepInputs = Rates & LossInputs;

/** Mean loss of a batch, a scalar in nats; inputs and targets `[B, T]` int32. */
export type Loss = (model: Model<Tensor>, inputs: Tensor, targets: Tensor, options: ForwardOptions) => Tensor;

export type StepOptions = Omit<ForwardOptions, "segments"> &
  LeakOptions & {
    readonly optimiser?: AdamOptions;
    /** Largest norm of the gradients over all weights that are trained. Default 1. */
    readonly clip?: number;
    /** Default {@link nextTokenLoss}. */
    readonly loss?: Loss;
  };

/**
 * A whole training step as one pure function: loss, gradients, clipping, update. Compile it, or call it as it is.
 *
 * Arguments of the function: state, inputs and targets `[B, T]` int32, rates (scalars) and what else it needs.
 *
 * @throws UserError when the model sees the future and that is not allowed: its loss would be one of reading, not predicting
 */
export function trainingStep<P>(
  part: Part<P>,
  options: StepOptions = {},
): (state: TrainingState<P>, inputs: Tensor, targets: Tensor, given: StepInputs) => Stepped<P> {
  const differentiated = differentiatedLoss(part, options);
  const apply = applied<P>(options);
  return (state, inputs, targets, given) => {
    const { value, gradients } = differentiated(state.params, inputs, targets, given);
    return { ...apply(state, gradients, given), loss: value };
  };
}

/** Gradients and loss of the batches seen so far, each times its weight. */
export type Accumulated<P = ModelParams<Tensor>> = { readonly gradients: P; readonly loss: Tensor };

/** The same step over several batches, one after another, with the memory of one and a copy of the gradients. */
export type AccumulatingStep<P = ModelParams<Tensor>> = {
  /** Before the first batch. */
  readonly start: (params: P) => Accumulated<P>;
  /** Adds a batch; `weight`, a scalar, is its share of all targets. */
  readonly add: (
    params: P,
    sums: Accumulated<P>,
    inputs: Tensor,
    targets: Tensor,
    given: LossInputs & { readonly weight: Tensor },
  ) => Accumulated<P>;
  /** Clips and updates. */
  readonly finish: (state: TrainingState<P>, sums: Accumulated<P>, rates: Rates) => Stepped<P>;
};

export function accumulatingStep<P>(part: Part<P>, options: StepOptions = {}): AccumulatingStep<P> {
  const differentiated = differentiatedLoss(part, options);
  const apply = applied<P>(options);
  return {
    start: (params) => ({
      gradients: tree.map<Tensor, Tensor, unknown>(params, ({ shape }) => zeros(shape)) as P,
      loss: zeros([]),
    }),
    add: (params, sums, inputs, targets, { weight, ...given }) => {
      const { value, gradients } = differentiated(params, inputs, targets, given);
      const fresh = tree.leaves<Tensor>(gradients);
      let next = 0;
      const summed = tree.map<Tensor, Tensor, unknown>(sums.gradients, (sum) => add(sum, mul(fresh[next++], weight)));
      return { gradients: summed as P, loss: add(sums.loss, mul(value, weight)) };
    },
    finish: (state, { gradients, loss }, rates) => ({ ...apply(state, gradients, rates), loss }),
  };
}

function differentiatedLoss<P>(
  { config, model }: Part<P>,
  { loss = nextTokenLoss, recompute, allowLeak }: StepOptions,
) {
  refuseLeaks(config, "Training", { allowLeak });
  return (trained: P, inputs: Tensor, targets: Tensor, { rounding, segments }: LossInputs) =>
    valueAndGradient((of: P) => {
      const whole = model(of);
      const rounded = rounding === undefined ? whole : partlyRounded(whole, rounding);
      return loss(rounded, inputs, targets, { recompute, segments });
    }, trained);
}

function applied<P>({ optimiser, clip = 1 }: StepOptions) {
  const adam = adamW(optimiser);
  return (state: TrainingState<P>, gradients: P, rates: Rates): Omit<Stepped<P>, "loss"> => {
    const clipped = clipByNorm(gradients, clip);
    const updated = adam.update(clipped.gradients, state.optimiser, state.params, rates);
    return { state: { params: updated.params, optimiser: updated.state }, norm: clipped.norm };
  };
}

/** The state before the first step. It shares memory with the model, and is freed without it. */
export function trainingStart<P>({ start }: Part<P>, optimiser?: AdamOptions): TrainingState<P> {
  const params = start();
  return { params, optimiser: adamW(optimiser).init(params) };
}
