/** Carrying out what a benchmark lacks: idempotent, one record a task, stopped at any time. */
import { free } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { recordEvaluation } from "../record.js";
import { aboutOf, type EvalProgress, evaluate, type ModelAbout } from "../run.js";
import { languageModel } from "../scoring/languageModel.js";
import { selectTasks } from "../tasks/catalogue.js";
import type { TaskConfig } from "../tasks/config.js";
import { EvalArchive, type EvalQuery } from "./archive.js";
import { type Benchmark, checkBenchmark, recordedName, type Subject } from "./benchmark.js";
import type { WeightsOf } from "./results.js";

export type ConductBenchmarkOptions = {
  /** Loads a model; it is freed when its tasks are done. @throws UserError when it is not there */
  readonly open: (subject: Subject) => Promise<Speaker>;
  /** What is known of a model's weights before it is loaded: records of others are made anew. */
  readonly weightsOf?: WeightsOf;
  /** Folder of the records; default `results/evals`. */
  readonly records?: string;
  /** Only these models, by label. */
  readonly only?: readonly string[];
  /** Only these tasks and groups. */
  readonly tasks?: readonly string[];
  readonly progress?: (progress: EvalProgress) => void;
  /** Told of records that were written, of models that are not there, and of what a number does not say. */
  readonly say?: (message: string) => void;
  readonly signal?: AbortSignal;
};

/** A task, and how many of its documents are asked. */
type Limited = { readonly config: TaskConfig; readonly limit?: number };

/**
 * Evaluates whatever model of a benchmark has no record on a task yet, or one of other weights or another configuration than
 * it has now, which is told of and stays. A model that is not there is told of and left out: its runs may still be to come.
 *
 * @returns whether all records are there now, of the models and tasks that were asked for
 * @throws UserError for a label or task that the benchmark does not have, and for data that are not to be had; the reason of
 * `signal` when it is aborted
 */
export async function conductBenchmark(benchmark: Benchmark, options: ConductBenchmarkOptions): Promise<boolean> {
  const archive = new EvalArchive(options.records);
  const { subjects, tasks } = chosen(checkBenchmark(benchmark), options);
  const configs: Limited[] = [];
  for (const { task, limit } of tasks) {
    for (const config of (await selectTasks([task])).tasks) configs.push({ config, limit });
  }
  let complete = true;
  for (const subject of subjects) complete = (await conductSubject(subject, configs, archive, options)) && complete;
  return complete;
}

/** Evaluates what one model lacks. @returns whether nothing is missing of it any more */
async function conductSubject(
  subject: Subject,
  configs: readonly Limited[],
  archive: EvalArchive,
  options: ConductBenchmarkOptions,
): Promise<boolean> {
  const { say = () => {}, weightsOf = () => undefined } = options;
  const model = recordedName(subject.source);
  const lackingOf = (now: Pick<EvalQuery, "weights" | "configuration">): readonly Limited[] =>
    configs.filter((each) => archive.find({ model, ...each, ...now }) === undefined);
  const known = weightsOf(subject.source);
  if (lackingOf({ weights: known }).length === 0) return true;
  const speaker = await options.open(subject).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    say(`${subject.label} is left out: ${error.message}`);
    return undefined;
  });
  if (speaker === undefined) return false;
  try {
    const about = aboutOf(speaker, { name: model });
    if (known !== undefined && about.sha256 !== known) {
      say(`${subject.label} is left out: its weights are not those that the record of its run tells of`);
      return false;
    }
    const now = { weights: about.sha256, configuration: about.configuration };
    const lacking = lackingOf(now);
    for (const { path } of lacking.flatMap((each) => archive.outdated({ model, ...each, ...now }))) {
      say(`${path} is of other weights or another configuration than ${subject.label} has now: delete it`);
    }
    await evaluateAll(speaker, about, lacking, options);
    return true;
  } finally {
    free(speaker.model.params);
  }
}

/** One model on tasks one after the other, each recorded at once. */
async function evaluateAll(
  speaker: Speaker,
  about: ModelAbout,
  lacking: readonly Limited[],
  { progress, signal, say = () => {}, records }: ConductBenchmarkOptions,
): Promise<void> {
  const model = languageModel(speaker);
  for (const [done, { config, limit }] of lacking.entries()) {
    const told = progress && ((each: EvalProgress): void => progress({ ...each, done, tasks: lacking.length }));
    const selection = { tasks: [config], groups: [] };
    const evaluation = await evaluate(model, selection, { about, limit, progress: told, signal, say });
    const [{ path }] = await recordEvaluation(evaluation, records);
    say(path);
  }
}

function chosen(
  { name, subjects, tasks }: Benchmark,
  { only, tasks: names }: ConductBenchmarkOptions,
): Pick<Benchmark, "subjects" | "tasks"> {
  const check = (wanted: readonly string[] = [], there: readonly string[], what: string): void => {
    const wrong = wanted.find((each) => !there.includes(each));
    if (wrong === undefined) return;
    throw new UserError(`there is no ${what} "${wrong}"`, {
      where: `benchmark ${name}`,
      expected: there.join(", "),
    });
  };
  const labels = subjects.map(({ label }) => label);
  check(only, labels, "model");
  check(
    names,
    tasks.map(({ task }) => task),
    "task",
  );
  return {
    subjects: subjects.filter(({ label }) => only?.includes(label) ?? true),
    tasks: tasks.filter(({ task }) => names?.includes(task) ?? true),
  };
}
