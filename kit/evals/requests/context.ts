/** The prompt of a document: description, examples, question. */
import { UserError } from "../../errors.js";
import { endsWithSpace, startsWithSpace } from "../python/text.js";
import type { Doc, Target, TaskConfig } from "../tasks/config.js";
import { choicesOf, examplePrompts, prefixOf, resolved, targetOf, textOf } from "../tasks/prompts.js";
import { within } from "../tasks/within.js";

/** What stands between a question and its answer unless the task says otherwise. */
export const TARGET_DELIMITER = " ";

/** What stands behind an example. */
export const EXAMPLE_DELIMITER = "\n\n";

/**
 * The context of a document, or one for each choice where the choices are contexts.
 *
 * @param examples documents that are shown with their answers
 * @throws UserError when a document has not what the task's fields ask for
 */
export function contextOf(config: TaskConfig, doc: Doc, examples: readonly Doc[]): string | readonly string[] {
  const { target_delimiter = TARGET_DELIMITER } = config;
  const description = resolved(config.description, doc, "description");
  const before = description + examples.map((example) => within("an example", () => shown(config, example))).join("");
  const text = textOf(config, doc);
  const prefix = prefixOf(config, doc) ?? "";
  if (typeof text === "string") return before + asked(text, prefix, target_delimiter) + prefix;
  return choicesOf(config, doc).map((choice) => before + asked(choice, prefix, "") + prefix);
}

/** An example: a question with its answer. */
function shown(config: TaskConfig, doc: Doc): string {
  const fields = examplePrompts(config);
  const own = config.fewshot_config;
  const delimiter = own?.target_delimiter ?? config.target_delimiter ?? TARGET_DELIMITER;
  const behind = own?.fewshot_delimiter ?? config.fewshot_delimiter ?? EXAMPLE_DELIMITER;
  const choices = fields.doc_to_choice === undefined ? undefined : choicesOf(fields, doc);
  const text = textOf(fields, doc);
  const prefix = resolved(fields.gen_prefix, doc, "gen_prefix");
  // A choice that is a context is followed by what the task calls its target.
  const question = typeof text === "number" ? pick(choices, text) : text;
  const answer = written(typeof text === "number" ? undefined : choices, targetOf(fields, doc));
  if (answer === "") return asked(question, prefix, delimiter) + prefix;
  const between = prefix === "" || endsWithSpace(prefix) || startsWithSpace(answer) ? "" : " ";
  const start = prefix === "" ? question + delimiter : asked(question, prefix, delimiter);
  return start + prefix + between + answer + behind;
}

/** A question, with a delimiter when an answer's beginning follows that white space does not set apart. */
function asked(question: string, prefix: string, delimiter: string): string {
  const apart = prefix === "" || question === "" || endsWithSpace(question) || startsWithSpace(prefix);
  return apart ? question : question + delimiter;
}

function written(choices: readonly string[] | undefined, target: Target): string {
  if (typeof target === "number") return pick(choices, target);
  const first = typeof target === "string" ? target : target[0];
  if (typeof first === "string") return first;
  throw new UserError(`an example's answer is ${JSON.stringify(target)}`, {
    expected: "a text, or the number of a choice",
  });
}

function pick(choices: readonly string[] | undefined, at: number): string {
  const choice = choices?.at(at);
  if (choice !== undefined) return choice;
  throw new UserError(`there is no choice ${at}`, {
    expected: choices === undefined ? "doc_to_choice" : `one of the ${choices.length} choices`,
  });
}
