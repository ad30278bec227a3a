/** Carrying out a run: idempotent, resumable to the last bit, one record. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { device, free, type Tensor, useThreads } from "../engine/index.js";
import { UserError } from "../errors.js";
import { countParameters, flopsPerToken, type Model, refuseLeaks } from "../model/index.js";
import { makeFolder } from "../source/files.js";
import { cacheFolder } from "../source/index.js";
import { withLock } from "../source/lock.js";
import { startCursor } from "../text/index.js";
import {
  Checkpoints,
  distillation,
  type Loss,
  nextTokenLoss,
  type Part,
  partOf,
  rising,
  schedules,
  Training,
  whole,
} from "../train/index.js";
import { weightsHash } from "./models.js";
import { type Note, Progress, type RunEnding, type RunOptions, type TrainedModel } from "./progress.js";
import { type Dataset, type Hashed, type RecordHeader, readRecord, recordPath } from "./record.js";
import { RecordWriter } from "./recordWriter.js";
import { endedWell } from "./results.js";
import { batchesOf, prepareData } from "./runData.js";
import { budgetOf, type Run, type RunSpec, specHash, stepsOf } from "./spec.js";
import { freeStart, type Start, startOf } from "./start.js";

export type { RunEnding, RunOptions, TrainedModel };

/**
 * Carries out a run: trains, validates, writes the record. A run whose record exists is not repeated; one that was
 * interrupted, by whatever, goes on from its last checkpoint, and its losses and weights are those of an uninterrupted one.
 *
 * A run whose losses stop being numbers ends there, as `diverged`; its best checkpoint is kept, or its last.
 *
 * @throws UserError when the disk refuses, and the last checkpoint is then intact; when a run cannot go on as it began, for its
 * record lacks steps or its data or weights are others; when its backend cannot be had
 */
export async function carryOut(run: Run, options: RunOptions = {}): Promise<RunEnding> {
  const folder = checkpointFolder(run, options.checkpoints);
  await makeFolder(dirname(folder));
  return withLock(folder, () => locked(run, options, folder));
}

/** The same while no other process is at the same run. */
async function locked(run: Run, options: RunOptions, folder: string): Promise<RunEnding> {
  const path = recordPath(run, options.records);
  if (existsSync(path)) {
    // A process that was killed between the record's end and its own leaves checkpoints.
    if (existsSync(folder) && endedWell(readRecord(path, () => undefined))) await new Checkpoints(folder).clear();
    return "done before";
  }
  const { part } = run.spec.training;
  // Before weights and data are read: both may take their time.
  refuseLeaks(run.spec.model, "Training", run.spec.training);
  useThreads(run.spec.execution.threads);
  expectBackend(run.spec.execution);
  const start = await startOf(run.spec, run.seed, options.say);
  return part === undefined
    ? await train(run, options, folder, start, whole(start.model))
    : await train(run, options, folder, start, partOf(start.model, part, start.base?.config));
}

/** Trains a part of the start, from its beginning or from the last checkpoint, to the end of the record. */
async function train<P>(
  run: Run,
  options: RunOptions,
  folder: string,
  start: Start,
  part: Part<P>,
): Promise<RunEnding> {
  const { spec, seed } = run;
  const data = await prepareData(spec, start.source, options.say);
  const { skipped } = data.dataset;
  if (skipped !== undefined) options.say?.(`${skipped} row${skipped === 1 ? "" : "s"} without text passed over`);
  const store = new Checkpoints<Note, P>(folder);
  const like = part.start();
  let damaged = false;
  const from = await store.latest(like, ({ message }) => {
    damaged = true;
    options.say?.(message);
  });
  if (damaged && from === undefined) options.say?.("no checkpoint can be read: begins anew");
  free(like);
  const header = headerOf(run, data.dataset, start);
  const { learningRate, weightDecay } = schedules(spec.training.schedule, {
    ...spec.training,
    totalTokens: budgetOf(spec),
  });
  const { beta1, beta2, eps, factors, clip, accumulate, allowLeak, roundingTokens } = spec.training;
  const training = new Training<P>({
    part,
    from,
    batches: batchesOf(spec, data, from?.position.cursor ?? startCursor(seed)),
    steps: stepsOf(spec),
    learningRate,
    weightDecay,
    rounding: roundingTokens === undefined ? undefined : rising(roundingTokens),
    optimiser: { beta1, beta2, eps, factors },
    clip,
    accumulate,
    documents: spec.data.documents,
    allowLeak,
    loss: lossOf(spec, start),
    backend: spec.execution.backend,
    matmul: spec.execution.matmul,
  });
  // Of a model that is trained whole, the state has what it needs; a part is trained beside the rest.
  const needed = spec.training.part !== undefined || spec.training.distillation !== undefined;
  if (!needed) freeStart(start);
  try {
    const path = recordPath(run, options.records);
    const record =
      from === undefined
        ? RecordWriter.begin(header, path)
        : RecordWriter.resume(header, { ...from.note, ...from.position, file: from.file }, path, options.say);
    if (from !== undefined) options.say?.(`goes on after step ${from.position.step}`);
    return await new Progress<P>({ run, options, record, store, training, data }, from?.note).toTheEnd();
  } finally {
    training.dispose();
    if (needed) freeStart(start);
  }
}

function lossOf({ training, initial }: RunSpec, { base }: Start): Loss {
  if (training.distillation === undefined) return nextTokenLoss;
  if (base === undefined) {
    throw new UserError("there is no teacher", {
      where: `training.distillation of a run that begins with ${initial.kind} weights`,
      expected: "a run that begins with a pretrained model",
    });
  }
  return distillation(base, training.distillation);
}

function headerOf({ study, arm, seed, spec }: Run, dataset: Dataset, { source, base }: Start): RecordHeader {
  const { initial } = spec;
  const trained = initial.kind === "pretrained" ? initial : undefined;
  const length = spec.training.stages[spec.training.stages.length - 1].length;
  return {
    study,
    arm,
    seed,
    spec,
    dataset,
    source: hashed(trained?.source, source?.model),
    base: hashed(trained?.base, base),
    parameters: countParameters(spec.model),
    flopsPerToken: flopsPerToken(spec.model, length / 2),
    backend: describeExecution(spec.execution),
    tensorflow: device().tensorflow,
  };
}

function hashed(name: string | undefined, model: Model<Tensor> | undefined): Hashed | undefined {
  return name === undefined || model === undefined ? undefined : { name, sha256: weightsHash(model) };
}

/** @throws UserError where `compile` would go on eagerly: the record would name a backend that no step ran on */
function expectBackend({ backend }: RunSpec["execution"]): void {
  if (backend === "eager" || device().compiles) return;
  throw new UserError("this TensorFlow addon cannot compile", {
    where: `execution.backend is ${backend}`,
    fix: "`npm run doctor` tells how to rebuild it; the backend eager does without",
  });
}

function describeExecution({ backend, threads, matmul }: RunSpec["execution"]): string {
  const where = device().kind === "GPU" ? " on a GPU" : "";
  return `${backend}${where}, ${threads} thread${threads === 1 ? "" : "s"}, ${matmul} products`;
}

/** Where a run's checkpoints lie while it is not finished. */
export function checkpointFolder({ study, arm, seed, spec }: Run, root: string = join(cacheFolder(), "runs")): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}`);
}
