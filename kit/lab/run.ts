/** Carrying out a run: idempotent, resumable to the last bit, one record. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { free, read, scope, type Tensor, tensor, tree, useThreads } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type DocumentLosses, type DocumentScorer, documentScorer, linearFigures } from "../measure/index.js";
import { countParameters, flopsPerToken, init, type Model } from "../model/index.js";
import { makeFolder } from "../source/files.js";
import { cacheFolder } from "../source/index.js";
import { withLock } from "../source/lock.js";
import {
  type Corpus,
  type DataCursor,
  type Documents,
  documentBoundary,
  encodeDocuments,
  joinDocuments,
  openCorpus,
  openTokenizer,
  splitCorpus,
  stagedBatches,
  startCursor,
  type Tokenizer,
  type TrainedTokenizerJson,
  trainedTokenizer,
} from "../text/index.js";
import { Checkpoints, Diverged, type Position, type StepRecord, schedules, Training } from "../train/index.js";
import { save } from "../weights/index.js";
import { type RecordFooter, RecordWriter, recordPath } from "./record.js";
import { budgetOf, type Run, type RunSpec, specHash, stepsOf } from "./spec.js";

export type RunOptions = {
  /** Called after every step. */
  readonly report?: (step: StepRecord) => void;
  /** Told what happens besides steps: a resume, a damaged checkpoint. */
  readonly say?: (message: string) => void;
  /** Ends the run after the current step with a checkpoint; it goes on when it is called again. */
  readonly signal?: AbortSignal;
  /** Seconds between checkpoints. Default 60. */
  readonly checkpointSeconds?: number;
  /** Called with the trained model before it is freed. */
  readonly trained?: (model: Model<Tensor>, tokenizer: TrainedTokenizerJson) => Promise<void>;
  /** Folders of records and checkpoints; default the project's. */
  readonly records?: string;
  readonly checkpoints?: string;
};

/** How a call of {@link carryOut} ended. */
export type RunEnding = "done before" | "interrupted" | RecordFooter["ending"];

/** Kept with a checkpoint, beside state and position. */
type Note = { readonly seconds: number; readonly bestNats?: number };

/** Most lines of steps in a record. */
const stepLines = 200;

/**
 * Carries out a run: trains, validates, writes the record. A run whose record exists is not repeated; one that was
 * interrupted, by whatever, goes on from its last checkpoint, and its losses and weights are those of an uninterrupted one.
 *
 * @throws UserError when the disk refuses; the last checkpoint is then intact
 */
export async function carryOut(run: Run, options: RunOptions = {}): Promise<RunEnding> {
  const folder = checkpointFolder(run, options.checkpoints);
  await makeFolder(dirname(folder));
  return withLock(folder, () => locked(run, options, new Checkpoints<Note>(folder)));
}

/** The same while no other process is at the same run. */
async function locked(run: Run, options: RunOptions, store: Checkpoints<Note>): Promise<RunEnding> {
  const path = recordPath(run, options.records);
  if (existsSync(path)) return "done before";
  const { spec, seed } = run;
  useThreads(spec.execution.threads);
  const data = await prepareData(spec);
  const from = await store.latest(spec.model, ({ message }) => options.say?.(`${message}; an older one is used`));
  if (from !== undefined) options.say?.(`goes on after step ${from.position.step}`);
  const record = RecordWriter.resume(headerOf(run, data.whole), from?.position.step ?? 0, path);

  const model = from === undefined ? init(spec.model, seed, spec.initial) : undefined;
  const { learningRate, weightDecay } = schedules(spec.training.schedule, {
    ...spec.training,
    totalTokens: budgetOf(spec),
  });
  const { beta1, beta2, eps, factors, clip, accumulate } = spec.training;
  const training = new Training({
    model: model ?? { config: spec.model, params: from!.state.params },
    from,
    batches: batchesOf(spec, data, from?.position.cursor ?? startCursor(seed)),
    steps: stepsOf(spec),
    learningRate,
    weightDecay,
    optimiser: { beta1, beta2, eps, factors },
    clip,
    accumulate,
    backend: spec.execution.backend,
  });
  free(model);
  const progress = new Progress({ run, options, record, store, training, data }, from?.note);
  try {
    return await progress.toTheEnd();
  } finally {
    training.dispose();
  }
}

type Data = {
  readonly whole: Corpus;
  readonly tokenizerJson: TrainedTokenizerJson;
  readonly tokenizer: Tokenizer;
  readonly train: Documents;
  readonly validation: Documents;
  readonly boundary: number;
};

async function prepareData({ data }: RunSpec): Promise<Data> {
  const whole = await openCorpus(data.corpus);
  const { train, validation } = splitCorpus(whole, data.validation);
  const tokenizerJson = await trainedTokenizer(data.tokenizer, train);
  const tokenizer = openTokenizer(tokenizerJson);
  const boundary = tokenizer.idOf(documentBoundary);
  if (boundary === undefined) throw new UserError(`the tokenizer has no ${documentBoundary}`);
  return {
    whole,
    tokenizerJson,
    tokenizer,
    train: encodeDocuments(tokenizer, train.texts),
    validation: encodeDocuments(tokenizer, validation.texts),
    boundary,
  };
}

function batchesOf({ training }: RunSpec, { train, boundary }: Data, cursor: DataCursor) {
  return stagedBatches(train, { stages: training.stages, batchTokens: training.batchTokens, boundary }, cursor);
}

function headerOf({ study, arm, seed, spec }: Run, whole: Corpus) {
  const length = spec.training.stages[spec.training.stages.length - 1].length;
  return {
    study,
    arm,
    seed,
    spec,
    dataset: { name: whole.name, sha256: whole.sha256 },
    parameters: countParameters(spec.model),
    flopsPerToken: flopsPerToken(spec.model, length / 2),
    backend: `${spec.execution.backend}, ${spec.execution.threads} threads`,
  };
}

/** Where a run's checkpoints lie while it is not finished. */
export function checkpointFolder({ study, arm, seed, spec }: Run, root: string = join(cacheFolder(), "runs")): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}`);
}

type Parts = {
  readonly run: Run;
  readonly options: RunOptions;
  readonly record: RecordWriter;
  readonly store: Checkpoints<Note>;
  readonly training: Training;
  readonly data: Data;
};

/** A run under way: when to write a line, a checkpoint, a validation, and how to end. */
class Progress {
  private readonly began = performance.now();
  private saved = performance.now();
  private bestNats: number | undefined;
  private readonly before: number;
  private scorer: DocumentScorer | undefined;

  constructor(
    private readonly parts: Parts,
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
      for await (const line of training) {
        if (line.step % every === 0 || line.step === 1 || line.step === steps) record.append(line);
        options.report?.(line);
        const now = training.snapshot.position;
        await this.validateBetween(last, now);
        last = now;
        if (options.signal?.aborted === true && line.step < steps) {
          await this.save(false);
          return "interrupted";
        }
        if (performance.now() - this.saved > (options.checkpointSeconds ?? 60) * 1000) await this.save(false);
      }
    } catch (error) {
      if (!(error instanceof Diverged)) throw error;
      options.say?.(error.message);
      return this.close({ ending: "diverged", validationNats: null, bitsPerByte: null });
    }
    const { natsPerToken, bitsPerByte, ...judged } = this.validate();
    const byPosition = this.joined() ?? judged.byPosition;
    const measures = this.figures();
    return this.close({ ending: "done", validationNats: natsPerToken, bitsPerByte, byPosition, measures });
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

  private validate(): DocumentLosses {
    return this.score(this.parts.data.validation);
  }

  private score(documents: Documents): DocumentLosses {
    const { training, data, run } = this.parts;
    this.scorer ??= documentScorer(run.spec.model, { boundary: data.boundary });
    return this.scorer(training.model.params, documents);
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

  private async save(best: boolean): Promise<void> {
    const { store, training } = this.parts;
    await store.save(training.snapshot, { seconds: this.seconds(), bestNats: this.bestNats }, best);
    this.saved = performance.now();
  }

  private seconds(): number {
    return this.before + (performance.now() - this.began) / 1000;
  }

  private async close(footer: Omit<RecordFooter, "wallSeconds" | "weightsSha256">): Promise<RecordFooter["ending"]> {
    const { training, data, options, record, store } = this.parts;
    await options.trained?.(training.model, data.tokenizerJson);
    record.close({ ...footer, weightsSha256: weightsHash(training.model), wallSeconds: this.seconds() });
    await store.clear();
    return footer.ending;
  }
}

/** Where a run's trained model is kept, below a folder of such. */
export function modelFolder({ study, arm, seed, spec }: Run, root: string = join(cacheFolder(), "models")): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}`);
}

/** Keeps a run's trained model, float32, with its tokenizer. */
export function keepModel(
  run: Run,
  root: string,
  model: Model<Tensor>,
  tokenizer: TrainedTokenizerJson,
): Promise<string> {
  return save(model, modelFolder(run, root), { format: "kintsugi", tokenizer, overwrite: true });
}

/** sha256 of a model's parameters; see {@link RecordFooter}. */
export function weightsHash({ params }: Model<Tensor>): string {
  const sha256 = createHash("sha256");
  for (const leaf of tree.leaves<Tensor>(params)) {
    const { buffer, byteOffset, byteLength } = read(leaf);
    sha256.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return sha256.digest("hex");
}
