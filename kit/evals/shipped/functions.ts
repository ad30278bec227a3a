/**
 * What the harness's tasks do to documents by Python functions of their own.
 *
 * Task files may name these with `!function kintsugi.hellaswagDocs` and the like, where the harness's say
 * `!function utils.process_docs`: several of its files have one name for different functions.
 */
import { UserError } from "../../errors.js";
import { pythonRegex, substitute } from "../python/regex.js";
import { capitalize, countWords, type Json, strip } from "../python/text.js";
import type { Answer, Doc, MetricValue } from "../tasks/config.js";
import { filledColumns } from "../tasks/prompts.js";
import { within } from "../tasks/within.js";

/** A column of a document. @throws UserError when the document has it not */
function column(doc: Doc, name: string): Json {
  const value = doc[name] ?? null;
  if (value === null) throw missing(doc, name);
  return value;
}

/** A column that is a text. @throws UserError when the document has it not, or something else in its place */
function text(doc: Doc, name: string): string {
  const value = column(doc, name);
  if (typeof value !== "string") throw other(name, value, "a text");
  return value;
}

function texts(doc: Doc, name: string): readonly string[] {
  const value = column(doc, name);
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string"))
    throw other(name, value, "a list of texts");
  return value;
}

function missing(doc: Doc, name: string): UserError {
  return new UserError(`there is no column "${name}"; there ${filledColumns(doc)}`);
}

function other(name: string, value: Json, expected: string): UserError {
  return new UserError(`the column "${name}" is ${JSON.stringify(value).slice(0, 80)}`, { expected });
}

/** HellaSwag: contexts and endings without the marks of WikiHow. Rows that have a query are prepared already. */
export function hellaswagDocs(docs: readonly Doc[]): readonly Doc[] {
  return docs.map((doc, id) => {
    return typeof doc.query === "string" ? doc : within(`document ${id}`, () => hellaswagDoc(doc));
  });
}

function hellaswagDoc(doc: Doc): Doc {
  const context = `${text(doc, "activity_label")}: ${text(doc, "ctx_a")} ${capitalize(text(doc, "ctx_b"))}`;
  const choices = texts(doc, "endings").map(withoutMarks);
  return { ...doc, query: withoutMarks(context), choices, gold: Number(column(doc, "label")) };
}

const brackets = pythonRegex("\\[.*?\\]");

function withoutMarks(marked: string): string {
  return strip(marked).replaceAll(" [title]", ". ").replace(brackets, "").replaceAll("  ", " ");
}

/** Winogrande: the text is the number of the right choice, the choices are what stands before the blank. */
export function winograndeText(doc: Doc): number {
  return Number(column(doc, "answer")) - 1;
}

export function winograndeChoices(doc: Doc): readonly string[] {
  const [before] = atBlank(doc);
  return ["option1", "option2"].map((option) => before + text(doc, option));
}

export function winograndeTarget(doc: Doc): string {
  return strip(atBlank(doc)[1]);
}

/** A sentence in front of its first blank and behind it. */
function atBlank(doc: Doc): readonly [string, string] {
  const sentence = text(doc, "sentence");
  const at = sentence.indexOf("_");
  if (at < 0) throw other("sentence", sentence, "a text with a blank, _");
  return [sentence.slice(0, at), sentence.slice(at + 1)];
}

/** COPA: the premise without its full stop, and a word that asks for its cause or effect. */
export function copaText(doc: Doc): string {
  const connector = text(doc, "question") === "cause" ? "because" : "therefore";
  return `${strip(text(doc, "premise")).slice(0, -1)} ${connector}`;
}

export function copaChoices(doc: Doc): readonly string[] {
  return ["choice1", "choice2"].map((choice) => {
    const [first = "", ...rest] = text(doc, choice);
    return ` ${first.toLowerCase()}${rest.join("")}`;
  });
}

export function copaTarget(doc: Doc): string {
  return copaChoices(doc)[column(doc, "label") === 0 ? 0 : 1];
}

/**
 * WikiText as running text: what its tokenisation has set apart, joined again.
 *
 * The harness's rules, one after the other. The second was meant for years such as '90 and never applies: its slashes are
 * part of the pattern.
 */
const rules: readonly (readonly [what: string | RegExp, by: string])[] = [
  ["s '", "s'"],
  [pythonRegex("/' [0-9]/"), "/'[0-9]/"],
  ...["-", ",", "."].map((sign) => [` @${sign}@ `, sign] as const),
  ...[":", ";", ".", "!", "?", ","].map((sign) => [` ${sign} `, `${sign} `] as const),
  [pythonRegex("\\(\\s*([^\\)]*?)\\s*\\)"), "(\\1)"],
  [pythonRegex("\\[\\s*([^\\]]*?)\\s*\\]"), "[\\1]"],
  [pythonRegex("{\\s*([^}]*?)\\s*}"), "{\\1}"],
  [pythonRegex('"\\s*([^"]*?)\\s*"'), '"\\1"'],
  [pythonRegex("'\\s*([^']*?)\\s*'"), "'\\1'"],
  ["= = = =", "===="],
  ["= = =", "==="],
  ["= =", "=="],
  [" ° ", "°"],
  [" \n", "\n"],
  ["\n ", "\n"],
  [" N ", " 1 "],
  [" 's", "'s"],
];

export function wikitextTarget(doc: Doc): string {
  return rules.reduce(
    (page, [what, by]) => (typeof what === "string" ? page.replaceAll(what, by) : substitute(what, by, page)),
    text(doc, "page"),
  );
}

/** WikiText is counted in the words and bytes of the page as it was published. */
export function wikitextResults(doc: Doc, answers: readonly Answer[]): { readonly [metric: string]: MetricValue } {
  const page = text(doc, "page");
  const bytes = Buffer.byteLength(page, "utf8");
  const logLikelihood = answers[0] as number;
  return {
    word_perplexity: [logLikelihood, countWords(page)],
    byte_perplexity: [logLikelihood, bytes],
    bits_per_byte: [logLikelihood, bytes],
  };
}
