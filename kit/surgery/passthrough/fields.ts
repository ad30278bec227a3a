import { nearest } from "../../errors.js";
import type { Mistakes, Place } from "./mistakes.js";
import type { Field, Located } from "./yaml.js";

/** A text with its place. */
export type Named = { readonly name: string; readonly place: Place };

/** Keys that mergekit has and this kit has not, with the reason. */
export type Refused = Readonly<Record<string, string>>;

/**
 * The fields of a map.
 *
 * @param value should be a map
 * @param what how the value is called in messages
 * @param known keys that may stand there
 * @param mistakes receives everything else: another kind of value, unknown keys with the nearest known one, refused keys
 */
export function fieldsOf<Key extends string>(
  value: Located,
  what: string,
  known: readonly Key[],
  mistakes: Mistakes,
  refused: Refused = {},
): { readonly [Name in Key]?: Field } {
  if (value.kind !== "map") {
    mistakes.add(value.place, `${what} is ${shown(value)}`, { expected: `a map of ${known.join(", ")}` });
    return {};
  }
  for (const [name, { place }] of value.fields) {
    if (known.includes(name as Key)) continue;
    if (Object.hasOwn(refused, name)) {
      mistakes.add(place, refused[name]);
      continue;
    }
    const near = nearest(name, known);
    mistakes.add(place, `${what} has no key ${name}`, {
      expected: known.join(", "),
      fix: near && `Did you mean ${near}?`,
    });
  }
  return Object.fromEntries(value.fields) as { readonly [Name in Key]?: Field };
}

/** The items of a list that must not be empty. */
export function itemsOf({ value }: Field, what: string, mistakes: Mistakes): readonly Located[] {
  if (value.kind === "list" && value.items.length > 0) return value.items;
  mistakes.add(value.place, `${what} is ${shown(value)}`, { expected: "a list of at least one" });
  return [];
}

/** A text. */
export function textOf({ value }: Field, what: string, mistakes: Mistakes): Named | undefined {
  if (value.kind === "scalar" && typeof value.value === "string" && value.value.trim() !== "")
    return { name: value.value, place: value.place };
  mistakes.add(value.place, `${what} is ${shown(value)}`, { expected: "a text" });
  return undefined;
}

/** A finite number, which may also be written as a text. */
export function numberOf(value: Located, what: string, mistakes: Mistakes): number | undefined {
  const found = value.kind === "scalar" ? value.value : undefined;
  const number =
    typeof found === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(found) ? Number(found) : found;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  mistakes.add(value.place, `${what} is ${shown(value)}`, { expected: "a number" });
  return undefined;
}

/** A value as messages show it. */
export function shown(value: Located): string {
  if (value.kind === "map") return "a map";
  if (value.kind === "list") return value.items.length === 0 ? "an empty list" : "a list";
  if (value.value === null) return "empty";
  const text = JSON.stringify(value.value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
