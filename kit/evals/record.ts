/** Records of evaluations: one file for each task of a model, written once, never edited. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { type Circumstances, circumstances } from "../lab/record.js";
import { specHash } from "../lab/spec.js";
import { makeFolder, writeAtomically, writeFully } from "../source/files.js";
import { projectRoot } from "../source/index.js";
import type { MetricResult, TaskResult } from "./evaluate.js";
import { configJson, sanitised } from "./results/files.js";
import { taskHash } from "./results/samples.js";
import type { Evaluation } from "./run.js";
import type { MetricValue } from "./tasks/config.js";

/** A task, its version, and the hash of all it says. */
export type TaskSpec = { readonly name: string; readonly version?: number | string; readonly config: string };

/** Everything that decides the numbers. */
export type EvalSpec = {
  readonly version: 1;
  /** SHA-256 of the weights, float32. */
  readonly weights: string;
  /** Hash of the model's configuration: equal weights are other models in another. The first records do not say it. */
  readonly configuration?: string;
  readonly task: TaskSpec;
  readonly shots: number;
  readonly limit?: number;
  /** The only documents that were asked about. */
  readonly documents?: readonly number[];
  readonly fewshotSeed: number;
  readonly resamples: number;
  /** The longest sequence, as the harness's API models count it. */
  readonly maxLength?: number;
};

/** What was evaluated, and where. */
export type EvalHeader = {
  /** What the model was called. */
  readonly model: string;
  readonly parameters?: number;
  /** The longest sequence the model itself reads; the first records do not say it. */
  readonly context?: number;
  /** It sees the future: its numbers compare with no other's. */
  readonly leaks?: true;
  readonly spec: EvalSpec;
} & Circumstances;

/** What each document adds to each metric: what paired comparisons are made of. */
export type EvalDocuments = {
  readonly ids: readonly number[];
  /** By metric and filter, such as `acc,none`. */
  readonly values: { readonly [metric: string]: readonly MetricValue[] };
};

/** What came of it. */
export type EvalFooter = {
  readonly metrics: readonly MetricResult[];
  /** Documents there are, and those that count. */
  readonly documents: { readonly original: number; readonly effective: number };
  /** Documents without a token of their own in a continuation. */
  readonly leftOut: readonly number[];
  /** The harness's hash of documents, prompts and targets. */
  readonly taskHash: string;
  readonly seconds: number;
};

export type EvalRecord = {
  readonly path: string;
  readonly header: EvalHeader;
  readonly documents: EvalDocuments;
  readonly footer: EvalFooter;
};

/** The folder of all evaluations. */
export function evaluationsFolder(): string {
  return join(projectRoot(), "results", "evals");
}

/** Where a record lies: `results/evals/<model>/<task>.<hash>.jsonl`. */
export function evalRecordPath(model: string, spec: EvalSpec, root: string = evaluationsFolder()): string {
  return join(root, sanitised(model), `${spec.task.name}.${specHash(spec)}.jsonl`);
}

/**
 * Keeps an evaluation: a record for each of its tasks, unless there is one already.
 *
 * @returns paths of all of them, and whether each is new
 * @throws UserError when the evaluation does not know which weights it is of
 */
export async function recordEvaluation(
  evaluation: Evaluation,
  root?: string,
): Promise<readonly { readonly path: string; readonly written: boolean }[]> {
  const { model } = evaluation;
  const kept: { path: string; written: boolean }[] = [];
  for (const task of evaluation.tasks) {
    const spec = specOf(evaluation, task);
    const path = placeOf(model.name, spec, root);
    const written = !existsSync(path);
    if (written) {
      const { name, parameters, context, leaks } = model;
      const header: EvalHeader = { model: name, parameters, context, leaks, spec, ...circumstances() };
      const values = [{ header }, { documents: documentsOf(task) }, { footer: footerOf(task) }];
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
      await makeFolder(dirname(path));
      await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(text), 0, path));
    }
    kept.push({ path, written });
  }
  return kept;
}

/** Where the record is kept, or where it has been since before records said of which configuration they are. */
function placeOf(model: string, spec: EvalSpec, root: string | undefined): string {
  const first = evalRecordPath(model, { ...spec, configuration: undefined }, root);
  return existsSync(first) ? first : evalRecordPath(model, spec, root);
}

/**
 * Reads a record.
 *
 * @throws UserError when it is none, or not whole
 */
export function readEvalRecord(path: string): EvalRecord {
  try {
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const [{ header }, { documents }, { footer }] = lines.map((line) => JSON.parse(line));
    if (specHash(header.spec) === /\.([0-9a-f]{8})\.jsonl$/.exec(path)?.[1]) return { path, header, documents, footer };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new UserError("this is no record of an evaluation, or not the one its name says", { where: path });
}

function specOf({ model, settings }: Evaluation, task: TaskResult): EvalSpec {
  if (model.sha256 === undefined) {
    throw new UserError("the evaluation does not say of which weights it is", { fix: "Make it with evals.run" });
  }
  return {
    version: 1,
    weights: model.sha256,
    configuration: model.configuration,
    task: taskSpec(task),
    shots: task.shots,
    limit: settings.limit,
    documents: settings.samples?.[task.config.task],
    fewshotSeed: settings.fewshotSeed,
    resamples: settings.resamples,
    maxLength: model.maxLength,
  };
}

/** What a record says of a task with so many examples. */
export function taskSpec({ config, shots }: Pick<TaskResult, "config" | "shots">): TaskSpec {
  const { task: name, metadata } = config;
  // Where a task's file lies on this machine is nobody's business, and words about a task decide nothing.
  const own = { ...config, metadata: { ...metadata, config_source: undefined, description: undefined } };
  return { name, version: metadata?.version, config: specHash(configJson({ config: own, shots })) };
}

function documentsOf({ samples }: TaskResult): EvalDocuments {
  const values: { [metric: string]: MetricValue[] } = {};
  for (const { filter, metrics } of samples) {
    for (const [metric, value] of Object.entries(metrics)) (values[`${metric},${filter}`] ??= []).push(value);
  }
  return { ids: [...new Set(samples.map(({ id }) => id))], values };
}

function footerOf({ metrics, documents, leftOut, samples, seconds }: TaskResult): EvalFooter {
  return { metrics, documents, leftOut, taskHash: taskHash(samples), seconds };
}
