/** Mixtures from parsed JSON, from files and from names. */
import { readFileSync, statSync } from "node:fs";
import {
  between,
  type Fields,
  fields,
  lawful,
  list,
  oneOf,
  optional,
  positive,
  type Reader,
  text,
  variants,
  whole,
} from "../model/reading.js";
import { chatTemplates, type FormSpec, type MixtureSpec, namedMixtures, type SourceSpec } from "../text/index.js";
import { heldOutShare } from "./spec.js";

/**
 * Reads a mixture that was written as JSON.
 *
 * @param where what it was read from, for messages
 * @throws UserError that names the first field that is missing, unknown or wrong
 */
export function readMixture(json: unknown, where?: string): MixtureSpec {
  return mixtureReader(json, { field: "", where });
}

/**
 * The mixture that a person means by a word: one of `text.namedMixtures`, a JSON file with one, or else a single source, which
 * is anything that `from` of a source may be.
 *
 * @param word such as `differential-liquid-metal`, `mixture.json`, `stories.jsonl` or `org/name`
 * @throws UserError as {@link readMixture}
 */
export function mixtureOf(word: string): MixtureSpec {
  if (Object.hasOwn(namedMixtures, word)) return namedMixtures[word];
  const json = specIn(word);
  if (json !== undefined) return readMixture(json, word);
  return { sources: [{ from: word, weight: 1 }], validation: heldOutShare };
}

/** The object in a JSON file; a list, or a row in each line, is data and no specification. */
function specIn(path: string): object | undefined {
  if (!path.endsWith(".json") || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
  return typeof json === "object" && json !== null && "sources" in json ? json : undefined;
}

type Of<Kind extends FormSpec["kind"]> = Omit<Extract<FormSpec, { readonly kind: Kind }>, "kind">;

const form: Reader<FormSpec> = variants<FormSpec>({
  text: fields<Of<"text">>({ column: optional(text), between: optional(text) }),
  messages: fields<Of<"messages">>({ column: optional(text) }),
  sharegpt: fields<Of<"sharegpt">>({ column: optional(text) }),
  alpaca: fields<object>({}),
  orca: fields<object>({}),
  pair: fields<Of<"pair">>({ question: text, answer: text, system: optional(text) }),
});

const source: Reader<SourceSpec> = fields<SourceSpec>({
  from: text,
  weight: positive,
  split: optional(text),
  form: optional(form),
  rows: optional(whole()),
  blank: optional(oneOf<"skip">("skip")),
});

/** Readers of a mixture's fields, for what holds a mixture among others. */
export const mixtureFields: Fields<MixtureSpec> = {
  sources: list(source),
  validation: between(0, 0.999),
  template: optional(oneOf(...Object.keys(chatTemplates))),
};

export const mixtureReader: Reader<MixtureSpec> = lawful(fields<MixtureSpec>(mixtureFields), {
  field: "sources",
  expected: "at least one source",
  holds: ({ sources }) => sources.length > 0,
});
