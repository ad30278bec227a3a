/** Tasks on a model: from a notebook, the command line, or a test. */
import type { Speaker } from "../generate/index.js";
import { weightsHash } from "../lab/models.js";
import { specHash } from "../lab/spec.js";
import { countParameters, leaks } from "../model/index.js";
import { evaluateTask, FEWSHOT_SEED, RESAMPLES, type TaskOptions, type TaskResult } from "./evaluate.js";
import { type GroupResult, groupResults } from "./results/groups.js";
import { type LanguageModel, type LanguageModelOptions, languageModel } from "./scoring/languageModel.js";
import { type CatalogueOptions, type Selection, selectTasks } from "./tasks/catalogue.js";

/** How far an evaluation is. */
export type EvalProgress = {
  readonly task: string;
  /** Tasks done before it, and all there are. */
  readonly done: number;
  readonly tasks: number;
  /** Predictions, or texts, made for this task and in all. */
  readonly scored: number;
  readonly total: number;
};

export type EvalOptions = TaskOptions & {
  readonly progress?: (progress: EvalProgress) => void;
  /** Given each task as it ends, as an evaluation of this task alone: what a later one may break, this keeps. */
  readonly ended?: (task: Evaluation) => void | Promise<void>;
  /** Stops between two batches; the evaluation is rejected with its reason. */
  readonly signal?: AbortSignal;
};

export type RunOptions = EvalOptions &
  CatalogueOptions &
  LanguageModelOptions & {
    /** What the model is called in results; default `model`. */
    readonly name?: string;
  };

/** What was evaluated. */
export type ModelAbout = {
  readonly name: string;
  readonly parameters?: number;
  /** It sees the future: its numbers compare with no other's. */
  readonly leaks?: true;
  /** SHA-256 of the weights in memory. */
  readonly sha256?: string;
  /** Hash of what the weights do not say: of the model's `config.json`, as the kit reads it. */
  readonly configuration?: string;
  /** The longest sequence the model reads. */
  readonly context?: number;
  /** Longest sequence, as the harness's API models count it; default `context`. */
  readonly maxLength?: number;
  /** The tokenizer's markers as it spells them, with their ids. */
  readonly markers?: { readonly [role: string]: readonly [token: string, id: number] };
};

/** Results of a model on some tasks. */
export type Evaluation = {
  readonly model: ModelAbout;
  readonly tasks: readonly TaskResult[];
  readonly groups: readonly GroupResult[];
  /** What decided the numbers, for the record. */
  readonly settings: {
    readonly limit?: number;
    readonly fewshot?: number;
    readonly samples?: TaskOptions["samples"];
    readonly fewshotSeed: number;
    readonly resamples: number;
    readonly batchSize?: number;
  };
  readonly began: Date;
  readonly seconds: number;
};

/**
 * Evaluates a model on tasks of lm-evaluation-harness, with the numbers the harness gives.
 *
 * @param speaker model and tokenizer, as `weights.load` gives them
 * @param tasks names of tasks, groups or tags, patterns with `*`, or paths of task files
 * @param options examples, limits, data, batches
 * @throws UserError for tasks that there are not, data that are not to be had, or a model that sees the future
 */
export async function run(speaker: Speaker, tasks: readonly string[], options: RunOptions = {}): Promise<Evaluation> {
  const selection = await selectTasks(tasks, options);
  return await evaluate(languageModel(speaker, options), selection, { ...options, about: aboutOf(speaker, options) });
}

/**
 * Evaluates anything that answers requests, task by task.
 *
 * @param model such as `languageModel` makes
 * @param selection what `selectTasks` found
 * @param options `about`: what results say of the model, of which there must be its weights where they are recorded
 */
export async function evaluate(
  model: LanguageModel,
  { tasks, groups }: Selection,
  options: EvalOptions & { readonly about?: ModelAbout; readonly batchSize?: number } = {},
): Promise<Evaluation> {
  const { progress, ended, signal, about = { name: "model" }, limit, fewshot, samples, batchSize } = options;
  const { fewshotSeed = FEWSHOT_SEED, resamples = RESAMPLES } = options;
  const settings = { limit, fewshot, samples, fewshotSeed, resamples, batchSize };
  const began = new Date();
  const of = (tasks: readonly TaskResult[], groups: readonly GroupResult[]): Evaluation => {
    return { model: about, tasks, groups, settings, began, seconds: (Date.now() - began.getTime()) / 1000 };
  };
  const results: TaskResult[] = [];
  for (const [done, config] of tasks.entries()) {
    const ahead = { task: config.task, done, tasks: tasks.length };
    const told = progress && ((scored: number, total: number): void => progress({ ...ahead, scored, total }));
    signal?.throwIfAborted();
    const result = await evaluateTask(model, config, { ...options, progress: told });
    results.push(result);
    await ended?.(of([result], []));
  }
  return of(results, groupResults(groups, results));
}

/** What a record says of a model. */
export function aboutOf(
  { model, tokenizer }: Speaker,
  { name = "model", maxLength }: Pick<RunOptions, "name" | "maxLength"> = {},
): ModelAbout & { readonly sha256: string; readonly configuration: string } {
  const markers = Object.entries(tokenizer.special).map(([role, id]) => [role, [tokenizer.tokenOf(id), id]] as const);
  return {
    name,
    parameters: countParameters(model.config),
    ...(leaks(model.config).length > 0 ? { leaks: true } : {}),
    sha256: weightsHash(model),
    configuration: specHash(model.config),
    context: model.config.context,
    maxLength: maxLength ?? model.config.context,
    markers: Object.fromEntries(markers),
  };
}
