/** What happens to a model's answers before they are judged. */
import { UserError } from "../../errors.js";
import { findAll, pythonRegex } from "../python/regex.js";
import type { Json } from "../python/text.js";
import { strip } from "../python/text.js";
import { outputTypeOf } from "../requests/requests.js";
import type { Answer, FilterSpec, FilterStep, TaskConfig } from "../tasks/config.js";

/** The answers to one request, one for each repetition. */
export type Answers = readonly Answer[];

/** A chain of filters under the name its results are kept by. */
export type Filter = { readonly name: string; readonly apply: (answers: Answers) => Answer };

/**
 * The filters of a task; without any, the first answer is taken.
 *
 * @throws UserError for a filter that there is not, or one that would make something else of a log-likelihood
 */
export function filtersOf(config: TaskConfig): readonly Filter[] {
  const specs: readonly FilterSpec[] = config.filter_list ?? [{ name: "none", filter: [{ function: "take_first" }] }];
  const filters = specs.map(({ name, filter }): Filter => {
    const steps = filter.map((step) => stepOf(step, `task ${config.task}: filter ${name}`));
    return {
      name,
      apply: (answers) => {
        const left = steps.reduce<Answers | Answer>((current, step) => step(current as Answers), answers);
        // A chain that does not choose leaves a list.
        return left as Answer;
      },
    };
  });
  const likelihood = { logLikelihood: 0, greedy: false };
  const spoils = ({ apply }: Filter): boolean => apply([likelihood]) !== likelihood;
  const spoiler = outputTypeOf(config) === "generate_until" ? undefined : filters.find(spoils);
  if (spoiler === undefined) return filters;
  throw new UserError(`the filter ${spoiler.name} leaves no log-likelihood`, {
    where: `task ${config.task}`,
    expected: "take_first, unless the output type is generate_until",
  });
}

type Step = (answers: Answers) => Answers | Answer;

type Options = { readonly [option: string]: Json | undefined };

const steps: Readonly<Record<string, (options: Options, where: string) => Step>> = {
  take_first: () => (answers) => answers[0],
  take_first_k: ({ k }, where) => {
    if (typeof k !== "number") throw new UserError("take_first_k has no k", { where, expected: "k: a number" });
    return (answers) => answers.slice(0, k) as readonly string[];
  },
  majority_vote: () => (answers) => {
    const counts = new Map<Answer, number>();
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const most = Math.max(...counts.values());
    // The first to come among those that come most often.
    return [[...counts].find(([, count]) => count === most)![0] as string];
  },
  lowercase: () => each((text) => text.toLowerCase()),
  uppercase: () => each((text) => text.toUpperCase()),
  remove_whitespace: () => each(strip),
  map: ({ mapping_dict, default_value = null }) => {
    const table = (mapping_dict ?? {}) as { readonly [text: string]: Json };
    return each((text) => (Object.hasOwn(table, text) ? table[text] : default_value) as string);
  },
  regex: ({ regex_pattern = "#### (\\-?[0-9\\.\\,]+)", group_select = 0, fallback = "[invalid]" }) => {
    const pattern = pythonRegex(String(regex_pattern));
    return each((text) => {
      const match = findAll(pattern, text).at(Number(group_select));
      const found = typeof match === "object" ? match.find((group) => group !== "") : match;
      return found === undefined ? String(fallback) : strip(found);
    });
  },
};

function each(change: (text: string) => string): Step {
  return (answers) => answers.map((answer) => change(typeof answer === "string" ? answer : ""));
}

function stepOf({ function: name, ...options }: FilterStep, where: string): Step {
  const make = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (make !== undefined) return make(options, where);
  throw new UserError(`there is no filter "${name}"`, { where, expected: Object.keys(steps).join(", ") });
}
