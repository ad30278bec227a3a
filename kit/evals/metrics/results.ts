/** From what a model answered to what a document adds to each metric. */
import { UserError } from "../../errors.js";
import { pythonRegex } from "../python/regex.js";
import { countCharacters, countWords, pythonText } from "../python/text.js";
import { outputTypeOf } from "../requests/requests.js";
import type { Answer, Doc, LogLikelihood, MetricSpec, MetricValue, OutputType, TaskConfig } from "../tasks/config.js";
import { choicesOf, targetOf, textOf } from "../tasks/prompts.js";
import { aggregationOf } from "./aggregations.js";

/** Values of one document by metric, in the harness's order. */
export type DocumentMetrics = { readonly [metric: string]: MetricValue };

/** Metrics each output type gives, in the harness's order. */
const known: Readonly<Record<OutputType, readonly string[]>> = {
  loglikelihood: ["perplexity", "acc"],
  loglikelihood_rolling: ["word_perplexity", "byte_perplexity", "bits_per_byte"],
  multiple_choice: ["acc", "acc_norm", "acc_bytes", "exact_match", "acc_mutual_info"],
  generate_until: ["exact_match"],
};

/** Metrics of a task that names none. */
const standard: Readonly<Record<OutputType, readonly string[]>> = {
  loglikelihood: ["perplexity", "acc"],
  loglikelihood_rolling: ["word_perplexity", "byte_perplexity", "bits_per_byte"],
  multiple_choice: ["acc", "acc_norm"],
  generate_until: ["exact_match"],
};

/** The metrics of a task. */
export function metricsOf(config: TaskConfig): readonly MetricSpec[] {
  return config.metric_list ?? standard[outputTypeOf(config)].map((metric) => ({ metric }));
}

/**
 * What one document adds to the task's metrics.
 *
 * @param answers to its requests, in their order, after the filter
 */
export function documentMetrics(config: TaskConfig, doc: Doc, answers: readonly Answer[]): DocumentMetrics {
  if (config.process_results !== undefined) return config.process_results(doc, answers);
  const type = outputTypeOf(config);
  const compute = computers[type](config, doc, answers);
  const names = new Set(metricsOf(config).map(({ metric }) => metric));
  return Object.fromEntries(known[type].filter((name) => names.has(name)).map((name) => [name, compute[name]()]));
}

/**
 * Checks that a task's metrics can be computed, before anything is.
 *
 * @throws UserError for a metric that its output type does not give
 */
export function checkMetrics(config: TaskConfig): void {
  const type = outputTypeOf(config);
  const where = `task ${config.task}: metric_list`;
  for (const { metric, aggregation } of metricsOf(config)) {
    aggregationOf(metric, aggregation, where);
    if (config.process_results !== undefined || known[type].includes(metric)) continue;
    throw new UserError(`there is no metric "${metric}" for ${type}`, { where, expected: known[type].join(", ") });
  }
}

type Compute = (
  config: TaskConfig,
  doc: Doc,
  answers: readonly Answer[],
) => { readonly [metric: string]: () => MetricValue };

const computers: { readonly [Kind in OutputType]: Compute } = {
  loglikelihood: (_, __, [answer]) => {
    const { logLikelihood, greedy } = answer as LogLikelihood;
    return { perplexity: () => logLikelihood, acc: () => Number(greedy) };
  },
  loglikelihood_rolling: (config, doc, [answer]) => {
    const total = answer as number;
    const text = pythonText(targetOf(config, doc));
    const bytes = Buffer.byteLength(text, "utf8");
    return {
      word_perplexity: () => [total, countWords(text)],
      byte_perplexity: () => [total, bytes],
      bits_per_byte: () => [total, bytes],
    };
  },
  multiple_choice: chosen,
  generate_until: written,
};

/** Which choice is the likeliest: by itself, by its length, against its likelihood without the context. */
function chosen(config: TaskConfig, doc: Doc, answers: readonly Answer[]): ReturnType<Compute> {
  const choices = choicesOf(config, doc);
  const all = (answers as readonly LogLikelihood[]).map(({ logLikelihood }) => logLikelihood);
  const likely = all.slice(0, choices.length);
  const alone = all.slice(choices.length);
  const right = new Set(rightChoices(config, doc, choices));
  const score = (values: readonly number[]): number => Number(right.has(largest(values)));
  const by = (lengths: readonly number[]): readonly number[] => likely.map((value, i) => value / lengths[i]);
  return {
    acc: () => score(likely),
    acc_norm: () => score(by(choices.map(countCharacters))),
    acc_bytes: () => score(by(choices.map((choice) => Buffer.byteLength(choice, "utf8")))),
    exact_match: () => Number([...right].some((at) => (answers[at] as LogLikelihood | undefined)?.greedy === true)),
    acc_mutual_info: () => score(likely.map((value, i) => value - alone[i])),
  };
}

/**
 * Numbers of the right choices. A target that is none of the choices counts as wrong whatever the model says, as in the
 * harness, so that there may be none.
 */
export function rightChoices(config: TaskConfig, doc: Doc, choices: readonly string[]): readonly number[] {
  const text = textOf(config, doc);
  const target = typeof text === "number" ? text : targetOf(config, doc);
  return [target]
    .flat()
    .map((each) => (typeof each === "string" ? choices.indexOf(each) : Number(each)))
    .filter((at) => at >= 0 && at < choices.length);
}

/** Place of the largest value, the first at a tie; what is no number counts as the largest, as in NumPy. */
function largest(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.max(...values));
}

/**
 * What may be written of a document, each as good as the others: its target, or the choice that the target is the number of.
 * A number counts from the end where it is negative, as in Python.
 *
 * @throws UserError for a target that is no number of a choice, of a task with choices
 */
export function rightTexts(config: TaskConfig, doc: Doc): readonly (string | number)[] {
  const target = targetOf(config, doc);
  if (config.doc_to_choice === undefined) return [target].flat();
  const choices = choicesOf(config, doc);
  const choice = typeof target === "number" ? choices.at(target) : undefined;
  if (choice !== undefined) return [choice];
  throw new UserError(`the target is ${JSON.stringify(target)}`, {
    expected: `the number of one of the ${choices.length} choices`,
    fix: "A task that writes texts has the text itself for a target, and then no doc_to_choice",
  });
}

/** Whether a text is what was to be written. */
function written(config: TaskConfig, doc: Doc, [answer]: readonly Answer[]): ReturnType<Compute> {
  const texts = rightTexts(config, doc);
  const options = metricsOf(config).find(({ metric }) => metric === "exact_match") ?? { metric: "exact_match" };
  const same = (text: string): string => compared(text, options);
  // Several answers of one document, as some filters leave them: the first counts.
  const made = same(pythonText(Array.isArray(answer) ? answer[0] : (answer as string)));
  return { exact_match: () => Number(texts.some((text) => same(pythonText(text)) === made)) };
}

/** A text without what is not to be compared. */
function compared(text: string, options: MetricSpec): string {
  const { regexes_to_ignore: ignored, ignore_case, ignore_punctuation, ignore_numbers } = options;
  let left = text;
  for (const pattern of Array.isArray(ignored) ? ignored : []) left = left.replace(pythonRegex(String(pattern)), "");
  if (ignore_case === true) left = left.toLowerCase();
  if (ignore_punctuation === true) left = left.replace(/[!-/:-@[-`{-~]/g, "");
  return ignore_numbers === true ? left.replace(/[0-9]/g, "") : left;
}
