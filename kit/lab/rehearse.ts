/** Runs that leave nothing behind but what is asked for: for a notebook, or to see whether a specification learns at all. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepRecord } from "../train/index.js";
import { expectUnrecorded, fileRecord } from "./fileRecord.js";
import { type Speed, speedometer } from "./pace.js";
import { type RunRecord, readRecord, recordPath } from "./record.js";
import { carryOut, type RunOptions, type TrainedModel } from "./run.js";
import type { Run } from "./spec.js";

/** What a rehearsal tells of, as {@link carryOut} does, and what it keeps. */
export type RehearsalOptions = Pick<RunOptions, "report" | "say" | "trained" | "look"> & {
  /** A folder of records, which gets that of a run that comes to its end. Default: it is not kept. */
  readonly records?: string;
};

/**
 * Carries out a run beside the records: losses, weights and the record itself are those of {@link carryOut}, but no file of
 * it stays, unless its record is to be kept, and it begins anew every time.
 *
 * ```ts
 * const { footer } = await lab.rehearse(run, { report: ({ step, lossNats }) => curve.add("loss", step, lossNats) });
 * ```
 *
 * @throws UserError as {@link carryOut}, and when its record is to be kept where it has one
 */
export async function rehearse(run: Run, options: RehearsalOptions = {}): Promise<RunRecord> {
  return await beside(run, options);
}

/** A step, and the model as it is behind it: it may be looked at until the next is asked for. */
export type RehearsedStep = {
  readonly step: StepRecord;
  readonly trained: TrainedModel;
  /** By the latest steps; absent behind the first, which has the compilation in it. */
  readonly speed?: Speed;
};

/**
 * The same step by step: between two steps the run waits, and it ends where the loop is left.
 *
 * ```ts
 * for await (const { step, speed, trained } of lab.rehearsal(run)) {
 *   curve.add("loss", step.step, step.lossNats);
 *   if (speed !== undefined) console.log(lab.speedWords(speed).join(", ")); // 2,000 tokens/s, 13 s left
 *   if (step.step % 50 === 0) console.log((await generate.text(trained, "Once")).text);
 * }
 * ```
 *
 * @returns the record, of a run that was not left early
 */
export async function* rehearsal(
  run: Run,
  options: Pick<RehearsalOptions, "say" | "trained" | "records"> = {},
): AsyncGenerator<RehearsedStep, RunRecord, void> {
  const stop = new AbortController();
  const speedAfter = speedometer(run.spec);
  let [taken, resumed] = [deferred<RehearsedStep>(), deferred<void>()];
  const at = (trained: TrainedModel, step: StepRecord): Promise<void> => {
    resumed = deferred();
    taken.resolve({ step, trained, speed: speedAfter(step) });
    return resumed.promise;
  };
  const record = beside(run, { ...options, look: { every: 1, at }, signal: stop.signal });
  try {
    for (;;) {
      const now = await Promise.race([taken.promise, record]);
      if (!("trained" in now)) return now;
      taken = deferred();
      yield now;
      resumed.resolve();
    }
  } finally {
    stop.abort();
    resumed.resolve();
    // Of a run that was left there is no record: only its end is waited for.
    await record.catch(() => undefined);
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function beside(
  run: Run,
  { records, ...options }: RehearsalOptions & Pick<RunOptions, "signal">,
): Promise<RunRecord> {
  if (records !== undefined) expectUnrecorded(run, records);
  const root = mkdtempSync(join(tmpdir(), "kintsugi-rehearsal-"));
  try {
    const ending = await carryOut(run, { ...options, records: root, checkpoints: join(root, "checkpoints") });
    const kept = records !== undefined && ending !== "interrupted";
    const path = kept ? await fileRecord(run, root, records) : recordPath(run, root);
    return readRecord(path, (message) => options.say?.(message));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
