/** What is not the same in two plain values, field by field, in words. */
import { formatRanges } from "../numbers.js";
import { specHash } from "./spec.js";

/** A place in a value: the names of fields and the numbers in lists that lead to it. */
type Path = readonly (string | number)[];

type Difference = { readonly path: Path; readonly found: unknown; readonly expected: unknown };

/**
 * The fields of two plain values that are not the same, in words: `training.learningRate is 0.001, not 0.002`. Numbers and
 * texts that are equal to the last digit are equal. Items of a list that differ in the same field share a line:
 * `layers[0-21].norm.rank is 4, not 16`.
 *
 * @param found what is there
 * @param expected what should be
 */
export function fieldDifferences(found: unknown, expected: unknown): readonly string[] {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences(found, expected, [])) {
    const key = pathText(difference.path, "");
    groups.set(key, [...(groups.get(key) ?? []), difference]);
  }
  return [...groups.values()].map(inWords);
}

function differences(found: unknown, expected: unknown, path: Path): readonly Difference[] {
  if (specHash(found ?? null) === specHash(expected ?? null)) return [];
  if (isList(found) && isList(expected) && found.length === expected.length) {
    return found.flatMap((value, i) => differences(value, expected[i], [...path, i]));
  }
  if (!isObject(found) || !isObject(expected)) return [{ path, found, expected }];
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return [...names].flatMap((name) => differences(found[name], expected[name], [...path, name]));
}

/** Differences at places that are the same but for the number in the first list they lead through. */
function inWords(group: readonly Difference[]): string {
  const [{ path, found, expected }] = group;
  const numbers = group.map((one) => one.path[firstNumber(one.path)] as number);
  const [is, not] = shown(found, expected);
  const alike = group.every((one) => `${shown(one.found, one.expected)}` === `${[is, not]}`);
  const rest = alike ? "" : ` (the first of ${group.length})`;
  return `${pathText(path, formatRanges(numbers))} is ${is}, not ${not}${rest}`;
}

/** A path as one would write it in a program, its first number replaced. */
function pathText(path: Path, number: string): string {
  const at = firstNumber(path);
  return path
    .map((part, i) => (typeof part === "string" ? `${i === 0 ? "" : "."}${part}` : `[${i === at ? number : part}]`))
    .join("");
}

function firstNumber(path: Path): number {
  return path.findIndex((part) => typeof part === "number");
}

/** Most letters of a value that is shown. */
const shownLetters = 60;

/** Two values that differ, as short texts; long ones from near the place where they begin to differ. */
function shown(found: unknown, expected: unknown): readonly [string, string] {
  if (isList(found) && isList(expected) && [found, expected].some((list) => textOf(list).length > shownLetters)) {
    return [`a list of ${found.length}`, `one of ${expected.length}`];
  }
  const [is, not] = [textOf(found), textOf(expected)];
  let same = 0;
  while (same < is.length && is[same] === not[same]) same++;
  const cut = (text: string): string => {
    if (text.length <= shownLetters) return text;
    const from = Math.max(0, same - 20);
    const to = from + shownLetters - 2;
    return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
  };
  return [cut(is), cut(not)];
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? "absent";
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !isList(value);
}
