/** What a task may say of how a text is to be continued: all that would not be done is refused before anything is computed. */
import { nearest, UserError } from "../../errors.js";
import { between, flag, of, type Place, type Reader, whole } from "../../model/reading.js";
import type { GenerationKwargs } from "./config.js";

/** What the most tokens of an answer are called; of several the first counts, as in the harness. */
const lengths = ["max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"] as const;

const readers: Readonly<Record<string, Reader<unknown>>> = {
  until: of("a text or a list of texts", (value) => [value].flat().every((each) => typeof each === "string")),
  ...Object.fromEntries(lengths.map((name) => [name, whole(0)])),
  do_sample: flag,
  temperature: between(0, 100),
  top_k: whole(),
  top_p: of("a number above 0, at most 1", (value) => typeof value === "number" && value > 0 && value <= 1),
  seed: whole(0),
};

/** Options that are taken with the one value that asks for nothing, of a task as of a server's client. */
export const neutral: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["n", 1],
  ["best_of", 1],
  ["num_beams", 1],
  ["presence_penalty", 0],
  ["frequency_penalty", 0],
  ["repetition_penalty", 1],
]);

/**
 * Checks a task's `generation_kwargs`, option by option. One that is `null` is as if it were not there.
 *
 * @returns what was given: a task is told apart by what its file says
 * @throws UserError for an option that holds something else than it should, and for one that would be ignored
 */
export function generationKwargs(given: { readonly [option: string]: unknown }, place: Place): GenerationKwargs {
  for (const [name, value] of Object.entries(given)) {
    if (value == null || (neutral.has(name) && neutral.get(name) === value)) continue;
    const field = `${place.field}.${name}`;
    if (Object.hasOwn(readers, name)) readers[name](value, { ...place, field });
    else throw ignored(name, `${field} is ${JSON.stringify(value)}`, place);
  }
  return given as GenerationKwargs;
}

function ignored(name: string, what: string, { where }: Place): UserError {
  const known = Object.keys(readers);
  const near = nearest(name, known);
  return new UserError(`${what}, which is not done here`, {
    where,
    expected: neutral.has(name) ? String(neutral.get(name)) : `nothing but ${known.join(", ")}`,
    fix: neutral.has(name) ? undefined : near && `Did you mean ${near}?`,
  });
}

/** Most tokens of an answer, whatever the task calls them. */
export function mostTokens(options: GenerationKwargs): number | undefined {
  return lengths.map((name) => options[name]).find((value) => value != null) ?? undefined;
}
