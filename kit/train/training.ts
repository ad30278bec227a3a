import {
  assertFinite,
  type Compiled,
  carry,
  compile,
  type ExecutionBackend,
  free,
  item,
  scalar,
  type Tensor,
  tensor,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import type { Model } from "../model/index.js";
import type { Batch } from "../text/index.js";
import type { Schedule } from "./schedule.js";
import { type StepOptions, type Stepped, type TrainingState, trainingStart, trainingStep } from "./step.js";

/** What a step needs of a batch: ids `[B, T]`, row after row, and the same one token later. */
export type TokenBatch = Pick<Batch, "inputs" | "targets" | "shape">;

export type TrainingOptions = StepOptions & {
  readonly model: Model<Tensor>;
  readonly batches: Iterable<TokenBatch>;
  /** Steps to take; fewer when the batches run out. */
  readonly steps: number;
  readonly learningRate: Schedule;
  /** Default `auto`. */
  readonly backend?: ExecutionBackend | "auto";
};

/** What one step did. */
export type StepRecord = {
  /** From 1. */
  readonly step: number;
  /** Tokens seen, this step's included. */
  readonly tokens: number;
  /** Mean over the batch, before the update. */
  readonly lossNats: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly stepMs: number;
};

/**
 * A training run: an asynchronous sequence of step records, and the model as it stands.
 *
 * Control returns to the event loop between steps, so that a live figure draws and an interrupt arrives.
 */
export class Training implements AsyncIterable<StepRecord> {
  private state: TrainingState;
  private step = 0;
  private tokens = 0;
  private readonly compiled: Compiled<[TrainingState, Tensor, Tensor, Tensor], Stepped>;

  constructor(private readonly options: TrainingOptions) {
    const { model, backend = "auto" } = options;
    this.state = trainingStart(model, options.optimiser);
    this.compiled = compile(trainingStep(model.config, options), { backend, name: "trainingStep" });
  }

  /** The model after the last step. Its tensors are replaced by the next one: use it before going on. */
  get model(): Model<Tensor> {
    return { config: this.options.model.config, params: this.state.params };
  }

  /**
   * Runs to the end and calls `each` with every record: `for await` for a notebook cell, which has none.
   *
   * @param each Ends the run early by returning `false`.
   */
  async run(each?: (record: StepRecord) => unknown): Promise<void> {
    for await (const record of this) if ((await each?.(record)) === false) return;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StepRecord> {
    for (const batch of this.options.batches) {
      if (this.step >= this.options.steps) return;
      yield this.take(batch);
      await new Promise((resume) => setImmediate(resume));
    }
  }

  /** Frees the state, the model included. */
  dispose(): void {
    free(this.state);
  }

  private take(batch: TokenBatch): StepRecord {
    const start = performance.now();
    const learningRate = this.options.learningRate(this.tokens);
    const { shape } = batch;
    let [lossNats, gradNorm] = [Number.NaN, Number.NaN];
    this.state = carry(this.state, (state) => {
      const [inputs, targets] = [tensor(batch.inputs, shape), tensor(batch.targets, shape)];
      const result = this.compiled(state, inputs, targets, scalar(learningRate));
      [lossNats, gradNorm] = [item(result.loss), item(result.norm)];
      if (!Number.isFinite(lossNats)) diverged(this.step + 1, state);
      return result.state;
    });
    this.step++;
    this.tokens += batch.inputs.length;
    return {
      step: this.step,
      tokens: this.tokens,
      lossNats,
      learningRate,
      gradNorm,
      stepMs: performance.now() - start,
    };
  }
}

/** The weights before the step tell whether the step or its past went wrong. */
function diverged(step: number, state: TrainingState): never {
  assertFinite(state.params, `the weights before step ${step}`);
  throw new UserError(`the loss is not a number at step ${step}`, { fix: "Lower the learning rate or clip harder" });
}
