/** From what a model answered to what a document adds to each metric. */
import { UserError } from "../../errors.js";
import { pythonRegex } from "../python/regex.js";
import { countCharacters, countWords, pythonText } from "../python/text.js";
import { outputTypeOf, usesMutualInformation } from "../requests/requests.js";
import type { Answer, Doc, LogLikelihood, MetricSpec, MetricValue, OutputType, TaskConfig } from "../tasks/config.js";
import { choicesOf, targetOf, textOf } from "../tasks/prompts.js";

/** Values of one document by metric, in the harness's order. */
export type DocumentMetrics = { readonly [metric: string]: MetricValue };

/** Metrics of each output type when a task names none, in the harness's order. */
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
 * @throws UserError for a metric that cannot be computed from this output type
 */
export function documentMetrics(config: TaskConfig, doc: Doc, answers: readonly Answer[]): DocumentMetrics {
  if (config.process_results !== undefined) return config.process_results(doc, answers);
  const available = computers[outputTypeOf(config)](config, doc, answers);
  const wanted = metricsOf(config);
  const unknown = wanted.find(({ metric }) => available[metric] === undefined);
  if (unknown !== undefined) {
    throw new UserError(`there is no metric "${unknown.metric}" for ${outputTypeOf(config)}`, {
      where: `task ${config.task}`,
      expected: Object.keys(available).join(", "),
    });
  }
  const names = new Set(wanted.map(({ metric }) => metric));
  return Object.fromEntries(
    Object.entries(available)
      .filter(([metric]) => names.has(metric))
      .map(([metric, compute]) => [metric, compute!()]),
  );
}

type Compute = (
  config: TaskConfig,
  doc: Doc,
  answers: readonly Answer[],
) => { readonly [metric: string]: (() => MetricValue) | undefined };

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
    acc_mutual_info: usesMutualInformation(config)
      ? () => score(likely.map((value, i) => value - alone[i]))
      : undefined,
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

/** Whether a text is what was to be written. */
function written(config: TaskConfig, doc: Doc, [answer]: readonly Answer[]): ReturnType<Compute> {
  const target = targetOf(config, doc);
  const texts = config.doc_to_choice === undefined ? [target].flat() : [choicesOf(config, doc)[Number(target)]];
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
