/** One task from its documents to its numbers. */
import { UserError } from "../errors.js";
import { type DataOptions, openDataset } from "./data/dataset.js";
import { aggregationOf, higherIsBetter, standardError } from "./metrics/aggregations.js";
import { filtersOf } from "./metrics/filters.js";
import {
  checkMetrics,
  type DocumentMetrics,
  documentMetrics,
  metricsOf,
  rightChoices,
  rightTexts,
} from "./metrics/results.js";
import { notesOn } from "./notes.js";
import { sampler } from "./requests/fewshot.js";
import { buildItems, type Item, outputTypeOf, type Request } from "./requests/requests.js";
import type { LanguageModel } from "./scoring/languageModel.js";
import type { ScoreOptions } from "./scoring/scorer.js";
import type { Answer, Doc, MetricValue, Target, TaskConfig } from "./tasks/config.js";
import { choicesOf, targetOf } from "./tasks/prompts.js";
import { within } from "./tasks/within.js";

/** Selects the examples, unless told otherwise, as in the harness. */
export const FEWSHOT_SEED = 1234;

/** Resamples of the bootstrap, unless told otherwise. */
export const RESAMPLES = 100_000;

/** Which documents are asked about, and how uncertainty is estimated. */
export type TaskOptions = DataOptions & {
  /** Examples in front of each question. A task that says 0 itself keeps to it, as in the harness. */
  readonly fewshot?: number;
  /** Only so many documents, or below 1 that share of them. */
  readonly limit?: number;
  /** Only these documents, by task. */
  readonly samples?: { readonly [task: string]: readonly number[] };
  /** Selects the examples; default {@link FEWSHOT_SEED}. */
  readonly fewshotSeed?: number;
  /** Resamples of the bootstrap; default {@link RESAMPLES}. With 0 there are no standard errors at all. */
  readonly resamples?: number;
  /** Told what a number does not say. */
  readonly say?: (message: string) => void;
};

/** One document with what was asked, what came back, and what it is worth. */
export type Sample = {
  readonly id: number;
  readonly doc: Doc;
  readonly target: Target;
  readonly requests: readonly Request[];
  /** Answers to each request, one for each repetition. */
  readonly answers: readonly (readonly Answer[])[];
  readonly filter: string;
  readonly filtered: readonly Answer[];
  readonly metrics: DocumentMetrics;
};

/** A metric over all documents. */
export type MetricResult = {
  readonly metric: string;
  readonly filter: string;
  readonly value: number;
  /** Absent where there is none, or none was asked for. */
  readonly stderr?: number;
  readonly higherIsBetter?: boolean;
};

export type TaskResult = {
  readonly config: TaskConfig;
  readonly shots: number;
  /** Documents there are, and those that count. */
  readonly documents: { readonly original: number; readonly effective: number };
  /** Documents left out because a continuation has no token of its own in this vocabulary. */
  readonly leftOut: readonly number[];
  readonly metrics: readonly MetricResult[];
  readonly samples: readonly Sample[];
  readonly seconds: number;
};

/**
 * Asks a model about the documents of a task, and judges its answers.
 *
 * @throws UserError when the data are not to be had or do not fit the task, or a metric or filter does not exist
 */
export async function evaluateTask(
  model: LanguageModel,
  config: TaskConfig,
  options: TaskOptions & ScoreOptions = {},
): Promise<TaskResult> {
  const { resamples = RESAMPLES, say = () => {}, ...scoring } = options;
  const began = performance.now();
  checkMetrics(config);
  filtersOf(config);
  for (const note of notesOn(config, options)) say(note);
  const { items, shots, original } = await questions(config, options);
  checkTargets(config, items, say);
  const answers = await within(`task ${config.task}`, () => ask(model, items, config.repeats ?? 1, scoring));
  const leftOut = items.filter((_, i) => answers[i] === undefined).map(({ id }) => id);
  const kept = judge(config, items, answers);
  if (leftOut.length > 0) {
    say(
      `${config.task}: ${leftOut.length} of ${items.length} documents are left out, since a continuation has no token of ` +
        "its own where this tokenizer joins it with its context",
    );
  }
  return {
    config,
    shots,
    documents: { original, effective: items.length - leftOut.length },
    leftOut,
    metrics: aggregated(config, kept, resamples),
    samples: kept,
    seconds: (performance.now() - began) / 1000,
  };
}

/**
 * What a task asks, document by document, with its examples in front.
 *
 * @returns the documents that were chosen, examples before each, and how many documents the task has
 * @throws UserError when the data are not to be had or do not fit the task
 */
export async function questions(
  config: TaskConfig,
  options: TaskOptions = {},
): Promise<{ readonly items: readonly Item[]; readonly shots: number; readonly original: number }> {
  const { limit, samples, fewshotSeed = FEWSHOT_SEED } = options;
  const open = openDataset(config, options);
  const docs = await open(evaluatedSplit(config), config.process_docs);
  const shots = shotsOf(config, options.fewshot);
  const draw = sampler(config, shots === 0 ? [] : await examplesOf(config, open), fewshotSeed);
  const items = buildItems(config, selected(config, docs, limit, samples?.[config.task]), draw, shots);
  return { items, shots, original: docs.length };
}

/** How many examples stand before each question. @param asked a task that says 0 itself keeps to it */
export function shotsOf({ num_fewshot: own }: TaskConfig, asked?: number): number {
  return own === 0 ? 0 : (asked ?? own ?? 0);
}

/** The test split, or else the validation split. */
export function evaluatedSplit({ task, test_split, validation_split }: TaskConfig): string {
  const split = test_split ?? validation_split;
  if (typeof split === "string") return split;
  throw new UserError("the task names no documents", {
    where: `task ${task}`,
    expected: "test_split or validation_split",
  });
}

/** The documents examples are drawn from: a split, or the task's own list. */
async function examplesOf(config: TaskConfig, open: ReturnType<typeof openDataset>): Promise<readonly Doc[]> {
  const { fewshot_config: { samples, split: named, process_docs: own } = {}, process_docs } = config;
  const split = examplesSplit(config);
  if (split === undefined) return typeof samples === "function" ? samples() : (samples ?? []);
  const isNamed = typeof (named ?? config.fewshot_split) === "string";
  return await open(split, (isNamed ? own : undefined) ?? process_docs);
}

/** The split of the examples: one that the task names, or the first of train, validation, test; none where it has its own list. */
export function examplesSplit(config: TaskConfig): string | undefined {
  const { fewshot_config: own = {} } = config;
  const named = own.split ?? config.fewshot_split;
  if (typeof named === "string") return named;
  if (own.samples !== undefined) return undefined;
  return config.training_split ?? config.validation_split ?? evaluatedSplit(config);
}

function selected(
  { task }: TaskConfig,
  docs: readonly Doc[],
  limit: number | undefined,
  wanted: readonly number[] | undefined,
): readonly (readonly [number, Doc])[] {
  if (limit !== undefined && !(limit > 0)) {
    throw new UserError(`the limit is ${limit}`, { where: "evals", expected: "a number of documents, or a share" });
  }
  if (wanted !== undefined) {
    const bad = wanted.find((id) => !(Number.isInteger(id) && id >= 0 && id < docs.length));
    if (bad !== undefined) {
      throw new UserError(`there is no document ${bad}`, {
        where: `task ${task}`,
        expected: `0 to ${docs.length - 1}`,
      });
    }
    return [...new Set(wanted)].sort((a, b) => a - b).map((id) => [id, docs[id]] as const);
  }
  const count = limit === undefined ? docs.length : limit < 1 ? Math.ceil(docs.length * limit) : Math.floor(limit);
  return docs.slice(0, count).map((doc, id) => [id, doc] as const);
}

/** The answers to each document's requests, with their repetitions; `undefined` where there is nothing to judge. */
type Asked = readonly (readonly Answer[])[] | undefined;

async function ask(
  model: LanguageModel,
  items: readonly Item[],
  repeats: number,
  options: ScoreOptions,
): Promise<readonly Asked[]> {
  const requests = items.flatMap(({ id, requests }) => {
    return requests.map((request) => ({ ...request, where: `document ${id}` }));
  });
  // Likelihoods repeat themselves; only texts are asked for again.
  const times = requests[0]?.kind === "generate_until" ? repeats : 1;
  const all = await answered(model, Array.from({ length: times }, () => requests).flat(), options);
  let at = 0;
  return items.map((item) => {
    const own = item.requests.map((_, i) =>
      Array.from({ length: times }, (_, time) => all[time * requests.length + at + i]),
    );
    at += item.requests.length;
    const complete = own.every((answers) => answers.every((answer) => answer !== undefined));
    return complete ? (own as readonly (readonly Answer[])[]) : undefined;
  });
}

/** All requests of a task are of one kind. */
async function answered(
  model: LanguageModel,
  requests: readonly (Request & { readonly where: string })[],
  options: ScoreOptions,
): Promise<readonly (Answer | undefined)[]> {
  const of = <Kind extends Request["kind"]>(kind: Kind): Extract<(typeof requests)[number], { kind: Kind }>[] =>
    requests.filter((request): request is Extract<typeof request, { kind: Kind }> => request.kind === kind);
  switch (requests[0]?.kind) {
    case "loglikelihood_rolling":
      return await model.rolling(
        of("loglikelihood_rolling").map(({ text }) => text),
        options,
      );
    case "generate_until":
      return await model.generate(of("generate_until"), options);
    default:
      return await model.logLikelihoods(of("loglikelihood"), options);
  }
}

function judge(config: TaskConfig, items: readonly Item[], answers: readonly Asked[]): readonly Sample[] {
  return filtersOf(config).flatMap(({ name, apply }) =>
    items.flatMap(({ id, doc, requests }, i): Sample[] => {
      const own = answers[i];
      if (own === undefined) return [];
      const filtered = own.map(apply);
      const metrics = within(placeOf(config, id), () => documentMetrics(config, doc, filtered));
      return [{ id, doc, target: targetOf(config, doc), requests, answers: own, filter: name, filtered, metrics }];
    }),
  );
}

function aggregated(config: TaskConfig, samples: readonly Sample[], resamples: number): readonly MetricResult[] {
  const values = new Map<string, { metric: string; filter: string; list: MetricValue[] }>();
  for (const { filter, metrics } of samples) {
    for (const [metric, value] of Object.entries(metrics)) {
      const key = `${metric},${filter}`;
      if (!values.has(key)) values.set(key, { metric, filter, list: [] });
      values.get(key)!.list.push(value);
    }
  }
  return [...values.values()].map(({ metric, filter, list }) => {
    const spec = metricsOf(config).find((each) => each.metric === metric);
    const aggregation = aggregationOf(metric, spec?.aggregation, `task ${config.task}`);
    return {
      metric,
      filter,
      value: aggregation.of(list),
      stderr: standardError(aggregation, list, resamples),
      higherIsBetter: higherIsBetter(metric, spec?.higher_is_better),
    };
  });
}

/** What judging will need, before anything is computed; says how many documents cannot be answered rightly. */
function checkTargets(config: TaskConfig, items: readonly Item[], say: (message: string) => void): void {
  const type = outputTypeOf(config);
  const hopeless = items.filter(({ id, doc }) =>
    within(placeOf(config, id), () => {
      targetOf(config, doc);
      if (type === "generate_until" && config.process_results === undefined) rightTexts(config, doc);
      return type === "multiple_choice" && rightChoices(config, doc, choicesOf(config, doc)).length === 0;
    }),
  );
  if (hopeless.length > 0) {
    say(`${config.task}: the target of ${hopeless.length} documents is none of their choices; they count as wrong`);
  }
}

function placeOf({ task }: TaskConfig, id: number): string {
  return `task ${task}: document ${id}`;
}
