/** What the harness's tasks do to documents by functions of their own, under the names its files give these. */
import { pythonRegex, substitute } from "../python/regex.js";
import { capitalize, countWords, strip } from "../python/text.js";
import type { Answer, Doc, MetricValue } from "../tasks/config.js";

/** HellaSwag: contexts and endings without the marks of WikiHow. Rows that have a query are prepared already. */
export function hellaswagDocs(docs: readonly Doc[]): readonly Doc[] {
  return docs.map((doc) => {
    if (typeof doc.query === "string") return doc;
    const context = `${doc.activity_label}: ${doc.ctx_a} ${capitalize(String(doc.ctx_b))}`;
    const endings = doc.endings as readonly string[];
    return { ...doc, query: withoutMarks(context), choices: endings.map(withoutMarks), gold: Number(doc.label) };
  });
}

const brackets = pythonRegex("\\[.*?\\]");

function withoutMarks(text: string): string {
  return strip(text).replaceAll(" [title]", ". ").replace(brackets, "").replaceAll("  ", " ");
}

/** Winogrande: the text is the number of the right choice, the choices are what stands before the blank. */
export function winograndeText({ answer }: Doc): number {
  return Number(answer) - 1;
}

export function winograndeChoices(doc: Doc): readonly string[] {
  const [before] = atBlank(doc);
  return [doc.option1, doc.option2].map((option) => before + String(option));
}

export function winograndeTarget(doc: Doc): string {
  return strip(atBlank(doc)[1]);
}

/** A sentence in front of its first blank and behind it. */
function atBlank({ sentence }: Doc): readonly [string, string] {
  const text = String(sentence);
  const at = text.indexOf("_");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** COPA: the premise without its full stop, and a word that asks for its cause or effect. */
export function copaText({ premise, question }: Doc): string {
  const connector = question === "cause" ? "because" : "therefore";
  return `${strip(String(premise)).slice(0, -1)} ${connector}`;
}

export function copaChoices({ choice1, choice2 }: Doc): readonly string[] {
  return [choice1, choice2].map((choice) => {
    const [first = "", ...rest] = String(choice);
    return ` ${first.toLowerCase()}${rest.join("")}`;
  });
}

export function copaTarget(doc: Doc): string {
  return copaChoices(doc)[doc.label === 0 ? 0 : 1];
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

export function wikitextTarget({ page }: Doc): string {
  return rules.reduce(
    (text, [what, by]) => (typeof what === "string" ? text.replaceAll(what, by) : substitute(what, by, text)),
    String(page),
  );
}

/** WikiText is counted in the words and bytes of the page as it was published. */
export function wikitextResults({ page }: Doc, answers: readonly Answer[]): { readonly [metric: string]: MetricValue } {
  const text = String(page);
  const bytes = Buffer.byteLength(text, "utf8");
  const logLikelihood = answers[0] as number;
  return {
    word_perplexity: [logLikelihood, countWords(text)],
    byte_perplexity: [logLikelihood, bytes],
    bits_per_byte: [logLikelihood, bytes],
  };
}
