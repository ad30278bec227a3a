import {
  assertFinite,
  type Compiled,
  carry,
  compile,
  type ExecutionBackend,
  free,
  item,
  type MatmulPrecision,
  scalar,
  scope,
  type Tensor,
  tensor,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import type { Model, ModelConfig, ModelParams } from "../model/index.js";
import type { Batch, DataCursor } from "../text/index.js";
import { type Part, whole } from "./part.js";
import type { Schedule } from "./schedule.js";
import {
  type Accumulated,
  type AccumulatingStep,
  accumulatingStep,
  type LossInputs,
  type StepInputs,
  type StepOptions,
  type Stepped,
  type TrainingState,
  trainingStart,
  trainingStep,
} from "./step.js";

/** What a step needs of a batch: ids `[B, T]`, row after row, and the same one token later. */
export type TokenBatch = Pick<Batch, "inputs" | "targets" | "shape"> & Partial<Pick<Batch, "segments" | "cursor">>;

/** How far a run has come. */
export type Position = {
  readonly step: number;
  /** Tokens seen. */
  readonly tokens: number;
  /** Where the next batch begins, if the batches say so. */
  readonly cursor?: DataCursor;
};

/** All of a run that its next step depends on. */
export type Snapshot<P = ModelParams<Tensor>> = { readonly state: TrainingState<P>; readonly position: Position };

/** What is trained: a model, or the part of one. */
export type Trained<P> = { readonly model: Model<Tensor> } | { readonly part: Part<P> };

export type TrainingOptions<P = ModelParams<Tensor>> = StepOptions &
  Trained<P> & {
    /** From the position on, where the run does not begin at its beginning. */
    readonly batches: Iterable<TokenBatch>;
    /** Steps of the whole run; fewer when the batches run out. */
    readonly steps: number;
    readonly learningRate: Schedule;
    /** Decoupled decay per step, times the learning rate. Default: 0.1 throughout. */
    readonly weightDecay?: Schedule;
    /** λ of `partlyRounded`: how much of the rounding of ternary weights is done, from 0 to 1. Default: all, throughout. */
    readonly rounding?: Schedule;
    /** `apart`: documents of a row see nothing of each other. Default: a row is one text. */
    readonly documents?: "apart";
    /** Batches whose gradients are added up to one step. Default 1. */
    readonly accumulate?: number;
    /** Default `auto`. */
    readonly backend?: ExecutionBackend | "auto";
    /** Operands of the linear layers' and the head's products; weights stay float32. Default `"float32"`. */
    readonly matmul?: MatmulPrecision;
    /** Goes on from there, in place of what the model or part holds. The state then belongs to the run. */
    readonly from?: Snapshot<P>;
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

/** The loss is not a number. The state is the one before the step. */
export class Diverged extends UserError {}

type CompiledStep<P> = Compiled<[TrainingState<P>, Tensor, Tensor, StepInputs], Stepped<P>>;

/**
 * A training run: an asynchronous sequence of step records, and the model as it stands.
 *
 * Control returns to the event loop between steps, so that a live figure draws and an interrupt arrives. A run is a function
 * of its start, its batches and its options: from a {@link Snapshot} it continues to the last bit as it would have, in the
 * same backend with as many threads.
 */
export class Training<P = ModelParams<Tensor>> implements AsyncIterable<StepRecord> {
  private state: TrainingState<P>;
  private at: Position;
  private readonly part: Part<P>;
  private readonly batches: Iterator<TokenBatch>;
  private readonly whole: CompiledStep<P>;
  private readonly parts: AccumulatingStep<P>;

  constructor(private readonly options: TrainingOptions<P>) {
    const { backend = "auto", matmul = "float32", from, batches } = options;
    // Without a part P is what `whole` trains: its default.
    this.part = "part" in options ? options.part : (whole(options.model) as unknown as Part<P>);
    if (options.rounding !== undefined) expectRounding(this.part.config);
    this.state = from?.state ?? trainingStart(this.part, options.optimiser);
    this.at = from?.position ?? { step: 0, tokens: 0 };
    this.batches = batches[Symbol.iterator]();
    const parts = accumulatingStep(this.part, options);
    const compiling = { backend, matmul, newShapes: "expect" } as const;
    this.whole = compile(trainingStep(this.part, options), { ...compiling, name: "trainingStep" });
    this.parts = {
      start: parts.start,
      add: compile(parts.add, { ...compiling, name: "accumulate" }),
      finish: compile(parts.finish, { ...compiling, name: "update" }),
    };
  }

  /**
   * The model after the last step, factors and additions multiplied in. Its tensors are replaced by the next step: use it
   * before going on.
   */
  get model(): Model<Tensor> {
    return this.part.merged(this.state.params);
  }

  /** The factors that are fitted, by path, where these are what is trained. */
  get factors(): Readonly<Record<string, number>> | undefined {
    return this.part.factors?.(this.state.params);
  }

  /** All that the next step depends on. Its tensors are replaced by that step. */
  get snapshot(): Snapshot<P> {
    return { state: this.state, position: this.at };
  }

  /** Goes back to the weights of a snapshot, which then belongs to the run. The batches do not go back: this is an end. */
  restore({ state, position }: Snapshot<P>): void {
    free(this.state);
    this.state = state;
    this.at = position;
  }

  /**
   * Runs to the end and calls `each` with every record: `for await` for a notebook cell, which has none. Called again, it
   * goes on where it was left.
   *
   * @param each Ends the run early by returning `false`.
   */
  async run(each?: (record: StepRecord) => unknown): Promise<void> {
    for await (const record of this) if ((await each?.(record)) === false) return;
  }

  /** @throws Diverged when the loss is not a number */
  async *[Symbol.asyncIterator](): AsyncGenerator<StepRecord> {
    while (this.at.step < this.options.steps) {
      const batches = this.nextBatches();
      if (batches === undefined) return;
      yield this.take(batches);
      await new Promise((resume) => setImmediate(resume));
    }
  }

  /** Frees the state, the model included. */
  dispose(): void {
    free(this.state);
  }

  /** The batches of a step, or nothing when there are too few left. */
  private nextBatches(): readonly TokenBatch[] | undefined {
    const taken: TokenBatch[] = [];
    while (taken.length < (this.options.accumulate ?? 1)) {
      const next = this.batches.next();
      if (next.done === true) return undefined;
      taken.push(next.value);
    }
    return taken;
  }

  private take(batches: readonly TokenBatch[]): StepRecord {
    const start = performance.now();
    const { step, tokens } = this.at;
    const learningRate = this.options.learningRate(tokens);
    const weightDecay = this.options.weightDecay?.(tokens) ?? 0.1;
    let [lossNats, gradNorm] = [Number.NaN, Number.NaN];
    this.state = carry(this.state, (state) => {
      const rates = { learningRate: scalar(learningRate), weightDecay: scalar(weightDecay) };
      const result =
        batches.length === 1
          ? this.whole(state, inputsOf(batches[0]), targetsOf(batches[0]), { ...rates, ...this.given(batches[0]) })
          : this.parts.finish(state, this.accumulated(state, batches), rates);
      [lossNats, gradNorm] = [item(result.loss), item(result.norm)];
      if (!Number.isFinite(lossNats) || !Number.isFinite(gradNorm)) diverged(step + 1, state, this.options.matmul);
      return result.state;
    });
    this.at = {
      step: step + 1,
      tokens: tokens + batches.reduce((sum, { inputs }) => sum + inputs.length, 0),
      cursor: batches[batches.length - 1].cursor,
    };
    const stepMs = performance.now() - start;
    return { step: this.at.step, tokens: this.at.tokens, lossNats, learningRate, gradNorm, stepMs };
  }

  /** What the loss of a batch needs besides its tokens, in this run. */
  private given(batch: TokenBatch): LossInputs {
    const { rounding, documents } = this.options;
    return {
      ...(rounding === undefined ? {} : { rounding: scalar(rounding(this.at.tokens)) }),
      ...(documents === undefined ? {} : { segments: segmentsOf(batch) }),
    };
  }

  private accumulated({ params }: TrainingState<P>, batches: readonly TokenBatch[]): Accumulated<P> {
    const counts = batches.map(({ targets }) => targets.reduce((count, id) => (id >= 0 ? count + 1 : count), 0));
    const all = Math.max(
      1,
      counts.reduce((a, b) => a + b),
    );
    return batches.reduce(
      (sums, batch, i) =>
        carry(sums, () => {
          const weight = scalar(counts[i] / all);
          return this.parts.add(params, sums, inputsOf(batch), targetsOf(batch), { ...this.given(batch), weight });
        }),
      scope(() => this.parts.start(params)),
    );
  }
}

/** @throws UserError when no weights are rounded, or they have been for good */
function expectRounding({ linear }: ModelConfig): void {
  if (linear.kind === "ternary" && linear.rounded !== true) return;
  throw new UserError("rounding is to set in, and no weights are rounded", { expected: "ternary linear layers" });
}

function inputsOf({ inputs, shape }: TokenBatch): Tensor {
  return tensor(inputs, shape);
}

function targetsOf({ targets, shape }: TokenBatch): Tensor {
  return tensor(targets, shape);
}

/** @throws UserError when the batch does not tell documents apart */
function segmentsOf({ segments, shape }: TokenBatch): Tensor {
  if (segments === undefined) {
    throw new UserError("documents are to be kept apart, and a batch does not number them", {
      expected: "segments, as the packers give them",
    });
  }
  return tensor(segments, shape);
}

/** The weights before the step tell whether the step or its past went wrong. */
function diverged(step: number, state: TrainingState<unknown>, matmul?: MatmulPrecision): never {
  try {
    assertFinite(state.params, `the weights before step ${step}`);
  } catch (error) {
    if (error instanceof UserError) throw new Diverged(error.message);
    throw error;
  }
  throw new Diverged(`the loss is not a number at step ${step}`, {
    fix: `Lower the learning rate${matmul === "bf16" ? ", clip harder, or leave bf16 out" : " or clip harder"}`,
  });
}
