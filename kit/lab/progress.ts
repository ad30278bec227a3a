/** A run from step to step: lines, checkpoints, validations, its end. */
import { scope, type Tensor, tensor } from "../engine/index.js";
import { type DocumentLosses, type DocumentScorer, documentScorer, linearFigures } from "../measure/index.js";
import type { Model } from "../model/index.js";
import { type Documents, joinDocuments, type Tokenizer } from "../text/index.js";
import { type Checkpoints, Diverged, type Position, type StepRecord, type Training } from "../train/index.js";
import type { CompanionOptions } from "../weights/index.js";
import { weightsHash } from "./models.js";
import type { RecordFooter } from "./record.js";
import type { RecordWriter } from "./recordWriter.js";
import type { RunData } from "./runData.js";
import { type Run, stepsOf } from "./spec.js";

export type RunOptions = {
  /** Called after every step. */
  readonly report?: (step: StepRecord) => void;
  /** Told what happens besides steps: a resume, a damaged checkpoint. */
  readonly say?: (message: string) => void;
  /** Ends the run after the current step with a checkpoint; it goes on when it is called again. */
  readonly signal?: AbortSignal;
  /** Seconds between checkpoints. Default 60. */
  readonly checkpointSeconds?: number;
  /** Called with the trained model before it is freed; of a run that diverged with what is kept of it, if anything is. */
  readonly trained?: (trained: TrainedModel) => Promise<void>;
  /** Looks at the model every so many steps. */
  readonly look?: { readonly every: number; readonly at: (trained: TrainedModel, step: StepRecord) => unknown };
  /** Folders of records and checkpoints; default the project's. */
  readonly records?: string;
  readonly checkpoints?: string;
};

/** What a run leaves behind, while it is in memory. */
export type TrainedModel = {
  readonly model: Model<Tensor>;
  readonly tokenizer: Tokenizer;
  /** What is saved with the model, so that it can read. */
  readonly companions: CompanionOptions;
  /** The factors that were fitted, by path, where these are what was trained; the model has them multiplied in. */
  readonly factors?: Readonly<Record<string, number>>;
};

/** How a call of {@link carryOut} ended. */
export type RunEnding = "done before" | "interrupted" | RecordFooter["ending"];

/** Kept with a checkpoint, beside state and position. */
export type Note = {
  readonly seconds: number;
  readonly bestNats?: number;
  /** Of the record, which has them on the disk. */
  readonly lines?: number;
};

/** Most lines of steps in a record. */
const stepLines = 200;

type Parts<P> = {
  readonly run: Run;
  readonly options: RunOptions;
  readonly record: RecordWriter;
  readonly store: Checkpoints<Note, P>;
  readonly training: Training<P>;
  readonly data: RunData;
};

/** A run under way: when to write a line, a checkpoint, a validation, and how to end. */
export class Progress<P> {
  private readonly began = performance.now();
  private saved = performance.now();
  private bestNats: number | undefined;
  private readonly before: number;
  private scorer: DocumentScorer | undefined;

  constructor(
    private readonly parts: Parts<P>,
    note: Note | undefined,
  ) {
    this.before = note?.seconds ?? 0;
    this.bestNats = note?.bestNats;
  }

  async toTheEnd(): Promise<RunEnding> {
    const { training, options, record, run } = this.parts;
    const steps = stepsOf(run.spec);
    const every = Math.ceil(steps / stepLines);
    let last: Position = training.snapshot.position;
    try {
      if (last.step === 0 && run.spec.initial.kind === "pretrained") this.validateAtStart();
      for await (const line of training) {
        if (line.step % every === 0 || line.step === 1 || line.step === steps) record.append(line);
        options.report?.(line);
        if (options.look !== undefined && line.step % options.look.every === 0) {
          await options.look.at(this.trained, line);
        }
        const now = training.snapshot.position;
        await this.validateBetween(last, now);
        last = now;
        if (options.signal?.aborted === true && line.step < steps) {
          await this.save(false);
          return "interrupted";
        }
        if (performance.now() - this.saved > (options.checkpointSeconds ?? 60) * 1000) await this.save(false);
      }
      return await this.finish();
    } catch (error) {
      if (!(error instanceof Diverged)) throw error;
      options.say?.(error.message);
      return await this.giveUp();
    }
  }

  private async finish(): Promise<RunEnding> {
    const { natsPerToken, bitsPerByte, ...judged } = this.validate();
    const byPosition = this.joined() ?? judged.byPosition;
    const measures = { ...this.figures(), ...this.factors() };
    await this.parts.options.trained?.(this.trained);
    const ending = this.close({ ending: "done", validationNats: natsPerToken, bitsPerByte, byPosition, measures });
    await this.parts.store.clear();
    return ending;
  }

  /** Of a run that diverged the best checkpoint is kept, or the last where none was judged; before the first, nothing. */
  private async giveUp(): Promise<RunEnding> {
    const { training, store, options } = this.parts;
    const like = training.snapshot.state.params;
    const good = (await store.best(like)) ?? (await store.latest(like, ({ message }) => options.say?.(message)));
    const ending = { ending: "diverged", validationNats: null, bitsPerByte: null } as const;
    if (good === undefined) return this.close(ending);
    training.restore(good);
    const file = await store.keepOnly(good);
    const place = options.trained === undefined ? `: ${file}` : "";
    options.say?.(`kept as it was after step ${good.position.step}${place}`);
    await options.trained?.(this.trained);
    return this.close(ending);
  }

  /** What a trained model is worth before its first step. */
  private validateAtStart(): void {
    const { natsPerToken, bitsPerByte } = this.validate();
    this.parts.record.append({ validation: { step: 0, tokens: 0, nats: natsPerToken, bitsPerByte } });
  }

  /** Validates where the run's specification says so in its course, and keeps the best. */
  private async validateBetween(last: Position, now: Position): Promise<void> {
    const every = this.parts.run.spec.training.validateEvery;
    if (every === undefined || Math.floor(now.tokens / every) === Math.floor(last.tokens / every)) return;
    const { natsPerToken, bitsPerByte } = this.validate();
    const { step, tokens } = now;
    this.parts.record.append({ validation: { step, tokens, nats: natsPerToken, bitsPerByte } });
    const best = this.bestNats === undefined || natsPerToken < this.bestNats;
    if (best) this.bestNats = natsPerToken;
    await this.save(best);
  }

  /** @throws Diverged when the losses are not numbers, though those of the steps were */
  private validate(): DocumentLosses {
    const losses = this.score(this.parts.data.validation);
    if (Number.isFinite(losses.natsPerToken)) return losses;
    throw new Diverged(`the validation loss is not a number after step ${this.parts.training.snapshot.position.step}`);
  }

  private score(documents: Documents): DocumentLosses {
    const { training, data, run } = this.parts;
    const { allowLeak } = run.spec.training;
    this.scorer ??= documentScorer(run.spec.model, { boundary: data.boundary, allowLeak });
    return scope(() => this.scorer!(training.model.params, documents));
  }

  /** Losses by position over joined documents, if the run is judged so. */
  private joined(): DocumentLosses["byPosition"] | undefined {
    const { data, run } = this.parts;
    const { joinTo } = run.spec.data;
    return joinTo === undefined
      ? undefined
      : this.score(joinDocuments(data.validation, joinTo, data.boundary)).byPosition;
  }

  /** Figures of the linear layers, over the first held-out documents. */
  private figures(): Readonly<Record<string, number>> {
    const { training, data, run } = this.parts;
    const { length } = run.spec.training.stages[run.spec.training.stages.length - 1];
    const rows = Math.floor(Math.min(data.validation.ids.length, run.spec.training.batchTokens) / length);
    if (rows === 0) return {};
    const ids = data.validation.ids.subarray(0, rows * length);
    return scope(() => linearFigures(training.model, tensor(ids, [rows, length])));
  }

  /** Fitted factors as figures: `factor.layers.3.mixer.o`. */
  private factors(): Readonly<Record<string, number>> {
    const factors = Object.entries(this.parts.training.factors ?? {});
    return Object.fromEntries(factors.map(([path, factor]) => [`factor.${path}`, factor]));
  }

  private async save(best: boolean): Promise<void> {
    const { store, training, record } = this.parts;
    const lines = record.sync();
    await store.save(training.snapshot, { seconds: this.seconds(), bestNats: this.bestNats, lines }, best);
    this.saved = performance.now();
  }

  private get trained(): TrainedModel {
    const { training, data } = this.parts;
    const { model, factors } = training;
    return { model, tokenizer: data.tokenizer, companions: data.companions, factors };
  }

  private seconds(): number {
    return this.before + (performance.now() - this.began) / 1000;
  }

  private close(footer: Omit<RecordFooter, "wallSeconds" | "weightsSha256">): RecordFooter["ending"] {
    const { training, record } = this.parts;
    const weightsSha256 = scope(() => weightsHash(training.model));
    record.close({ ...footer, weightsSha256, wallSeconds: this.seconds() });
    return footer.ending;
  }
}
