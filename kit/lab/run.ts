/** Carrying out a run: idempotent, resumable to the last bit, one record. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { free, useThreads } from "../engine/index.js";
import { countParameters, flopsPerToken, init, shapes } from "../model/index.js";
import { makeFolder } from "../source/files.js";
import { cacheFolder } from "../source/index.js";
import { withLock } from "../source/lock.js";
import { type Corpus, startCursor } from "../text/index.js";
import { Checkpoints, schedules, Training } from "../train/index.js";
import { type Note, Progress, type RunEnding, type RunOptions } from "./progress.js";
import { type RecordHeader, RecordWriter, recordPath } from "./record.js";
import { batchesOf, prepareData } from "./runData.js";
import { budgetOf, type Run, type RunSpec, specHash, stepsOf } from "./spec.js";

export type { RunEnding, RunOptions };

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
  const from = await store.latest(shapes(spec.model), ({ message }) =>
    options.say?.(`${message}; an older one is used`),
  );
  if (from !== undefined) options.say?.(`goes on after step ${from.position.step}`);
  const record = RecordWriter.resume(headerOf(run, data.whole), from?.position.step ?? 0, path);

  const model = from === undefined ? init(spec.model, seed, spec.initial) : undefined;
  const { learningRate, weightDecay } = schedules(spec.training.schedule, {
    ...spec.training,
    totalTokens: budgetOf(spec),
  });
  const { beta1, beta2, eps, factors, clip, accumulate, allowLeak } = spec.training;
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
    allowLeak,
    backend: spec.execution.backend,
    matmul: spec.execution.matmul,
  });
  free(model);
  const progress = new Progress({ run, options, record, store, training, data }, from?.note);
  try {
    return await progress.toTheEnd();
  } finally {
    training.dispose();
  }
}

function headerOf({ study, arm, seed, spec }: Run, whole: Corpus): RecordHeader {
  const length = spec.training.stages[spec.training.stages.length - 1].length;
  return {
    study,
    arm,
    seed,
    spec,
    dataset: { name: whole.name, sha256: whole.sha256 },
    parameters: countParameters(spec.model),
    flopsPerToken: flopsPerToken(spec.model, length / 2),
    backend: describeExecution(spec.execution),
  };
}

function describeExecution({ backend, threads, matmul }: RunSpec["execution"]): string {
  return `${backend}, ${threads} thread${threads === 1 ? "" : "s"}, ${matmul} products`;
}

/** Where a run's checkpoints lie while it is not finished. */
export function checkpointFolder({ study, arm, seed, spec }: Run, root: string = join(cacheFolder(), "runs")): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}`);
}
