/** Whether two runs of a cell said the same. */
import { type Cell, joined, type Output } from "./notebookFile.js";

/** Numbers with a decimal point agree to four significant digits, to 1e-6, or when both are rounding noise. */
const RELATIVE = 5e-4;
const ABSOLUTE = 1e-6;
/** What another order of the same float32 sums leaves in a difference of logits: another processor, another figure. */
const NOISE = 1e-5;

const NUMBER = /[-−]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+−]?\d+)?/gi;
/** What a clock or the machine decides: durations, rates, sizes of memory, ratios of two timings. */
const MEASURED =
  /[-−]?\d[\d,.]*(?:e[-+]?\d+)?\s*(?:µs|ms|s|min|h|[a-zA-Z]*\/s|[KMG]i?B|×)(?![\w])(?:\s*\d+\s*(?:s|min)(?!\w))?/g;
/** Bars and sparklines. */
const DRAWN = /[▁▂▃▄▅▆▇█░]+/g;

/**
 * Whether two texts agree: words exactly, white space loosely, whole numbers exactly, other numbers to four significant
 * digits, measured times, rates and memory not at all.
 *
 * @param expected the committed text
 * @param actual the new text
 * @returns the first disagreement, or `undefined`
 */
export function textDifference(expected: string, actual: string): string | undefined {
  const [a, b] = [normalise(expected), normalise(actual)];
  const [wordsA, wordsB] = [a.replace(NUMBER, "#"), b.replace(NUMBER, "#")];
  if (wordsA !== wordsB) return `expected “${excerpt(a, wordsA, wordsB)}” and got “${excerpt(b, wordsB, wordsA)}”`;
  const [numbersA, numbersB] = [a.match(NUMBER) ?? [], b.match(NUMBER) ?? []];
  const at = numbersA.findIndex((number, i) => !agree(number, numbersB[i]));
  return at < 0 ? undefined : `expected ${numbersA[at]} and got ${numbersB[at]}`;
}

/**
 * Compares the outputs of a cell.
 *
 * @param expected the committed cell
 * @param actual the cell as it ran now
 * @returns what differs, in words; empty when they agree
 */
export function cellDifferences(expected: Cell, actual: Cell): string[] {
  const volatile = expected.metadata.tags?.includes("volatile") === true;
  const [before, now] = [expected.outputs ?? [], actual.outputs ?? []];
  const out: string[] = [];
  if (!volatile) {
    const difference = textDifference(streams(before), streams(now));
    if (difference !== undefined) out.push(`printed text: ${difference}`);
  }
  const [richBefore, richNow] = [before.filter(isRich), now.filter(isRich)];
  if (richBefore.length !== richNow.length) {
    return [...out, `expected ${richBefore.length} displayed outputs and got ${richNow.length}`];
  }
  richBefore.forEach((output, i) => {
    const [typesBefore, typesNow] = [types(output), types(richNow[i])];
    if (typesBefore !== typesNow) out.push(`output ${i + 1}: expected ${typesBefore} and got ${typesNow}`);
    for (const mime of volatile ? [] : ["text/plain", "text/markdown"]) {
      const difference = textDifference(joined(output.data?.[mime]), joined(richNow[i].data?.[mime]));
      if (difference !== undefined) out.push(`output ${i + 1}: ${difference}`);
    }
  });
  return out;
}

function isRich(output: Output): boolean {
  return output.output_type === "display_data" || output.output_type === "execute_result";
}

function types(output: Output): string {
  return Object.keys(output.data ?? {})
    .sort()
    .join(", ");
}

function streams(outputs: readonly Output[]): string {
  return outputs
    .filter(({ output_type }) => output_type === "stream")
    .map(({ text }) => joined(text))
    .join("");
}

function normalise(text: string): string {
  return text.replace(MEASURED, "⟨measured⟩").replace(DRAWN, "⟨drawn⟩").replace(/\s+/g, " ").trim();
}

function agree(a: string, b: string): boolean {
  const [x, y] = [value(a), value(b)];
  if (Number.isInteger(x) && Number.isInteger(y) && !/[.e]/i.test(a + b)) return x === y;
  const larger = Math.max(Math.abs(x), Math.abs(y));
  return larger <= NOISE || Math.abs(x - y) <= Math.max(ABSOLUTE, RELATIVE * larger);
}

function value(text: string): number {
  return Number(text.replace(/,/g, "").replace(/−/g, "-"));
}

/** Some words around the first place where two texts part. */
function excerpt(text: string, mine: string, other: string): string {
  let at = 0;
  while (at < mine.length && mine[at] === other[at]) at++;
  const numbersBefore = (mine.slice(0, at).match(/#/g) ?? []).length;
  const shift = (text.match(NUMBER) ?? []).slice(0, numbersBefore).reduce((sum, number) => sum + number.length - 1, 0);
  const start = Math.max(0, at + shift - 20);
  return `${start > 0 ? "…" : ""}${text.slice(start, start + 70)}${text.length > start + 70 ? "…" : ""}`;
}
