/** What a model is asked about a document. */
import { UserError } from "../../errors.js";
import type { Doc, GenerationKwargs, OutputType, TaskConfig } from "../tasks/config.js";
import { choicesOf, targetOf } from "../tasks/prompts.js";
import { within } from "../tasks/within.js";
import { contextOf, EXAMPLE_DELIMITER, TARGET_DELIMITER } from "./context.js";
import type { Sampler } from "./fewshot.js";

/** How a text is to be continued; keys as in the harness's `generation_kwargs`. */
export type GenerationOptions = GenerationKwargs & { readonly until: readonly string[] };

/** One question to a model. */
export type Request =
  | { readonly kind: "loglikelihood"; readonly context: string; readonly continuation: string }
  | { readonly kind: "loglikelihood_rolling"; readonly text: string }
  | { readonly kind: "generate_until"; readonly context: string; readonly options: GenerationOptions };

/** A document with its number in the data set, and what is asked about it, in the order of the choices. */
export type Item = { readonly id: number; readonly doc: Doc; readonly requests: readonly Request[] };

/**
 * What is asked about some documents, one after the other: their examples are drawn in this order.
 *
 * @param docs documents with their numbers
 * @param draw examples; none unless the task has any
 * @param shots how many
 * @throws UserError with the task and the document that has not what the task asks for
 */
export function buildItems(
  config: TaskConfig,
  docs: Iterable<readonly [id: number, doc: Doc]>,
  draw: Sampler,
  shots: number,
): Item[] {
  return Array.from(docs, ([id, doc]) => {
    const examples = draw(shots, doc);
    const requests = within(`task ${config.task}: document ${id}`, () => {
      return builders[outputTypeOf(config)](config, doc, contextOf(config, doc, examples));
    });
    return { id, doc, requests };
  });
}

/** The output type of a task; the harness's default is `generate_until`. */
export function outputTypeOf({ output_type = "generate_until" }: TaskConfig): OutputType {
  return output_type;
}

type Builder = (config: TaskConfig, doc: Doc, context: string | readonly string[]) => readonly Request[];

const builders: { readonly [Kind in OutputType]: Builder } = {
  loglikelihood: (config, doc, context) => [
    { kind: "loglikelihood", context: single(context), continuation: textTarget(config, doc) },
  ],
  loglikelihood_rolling: (config, doc) => [{ kind: "loglikelihood_rolling", text: textTarget(config, doc) }],
  multiple_choice: (config, doc, context) => {
    const { target_delimiter = TARGET_DELIMITER } = config;
    const choices = choicesOf(config, doc);
    if (choices.length < 2) {
      throw new UserError(`a document has ${choices.length} choice: ${JSON.stringify(doc).slice(0, 200)}`, {
        expected: "at least two",
      });
    }
    const ask = (context: string, text: string): Request => {
      return { kind: "loglikelihood", context, continuation: target_delimiter + text };
    };
    const requests =
      typeof context === "string"
        ? choices.map((choice) => ask(context, choice))
        : context.map((each) => ask(each, textTarget(config, doc)));
    // How likely the choices are by themselves, for acc_mutual_info.
    return usesMutualInformation(config) ? [...requests, ...choices.map((choice) => ask("", choice))] : requests;
  },
  generate_until: (config, _, context) => [
    { kind: "generate_until", context: single(context), options: generationOptions(config) },
  ],
};

/** Whether the choices are scored without their context as well. */
function usesMutualInformation({ metric_list: metrics = [] }: TaskConfig): boolean {
  return metrics.some(({ metric }) => metric === "acc_mutual_info");
}

/** A task's `generation_kwargs`, with what the harness adds. */
export function generationOptions({ generation_kwargs: own, fewshot_delimiter }: TaskConfig): GenerationOptions {
  const delimiter = fewshot_delimiter ?? EXAMPLE_DELIMITER;
  if (own === undefined) return { temperature: 0, do_sample: false, max_gen_toks: 256, until: [delimiter] };
  const { until = [delimiter] } = own;
  return { ...own, until: [until ?? []].flat() };
}

function single(context: string | readonly string[]): string {
  if (typeof context === "string") return context;
  throw new UserError("the text is the number of a choice", {
    expected: "a text, unless the output type is multiple_choice",
  });
}

function textTarget(config: TaskConfig, doc: Doc): string {
  const target = targetOf(config, doc);
  if (typeof target === "string") return target;
  throw new UserError(`the target is ${JSON.stringify(target)}`, { expected: "a text" });
}
