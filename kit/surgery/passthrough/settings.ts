import { fieldsOf, numberOf, shown } from "./fields.js";
import type { Mistakes, Place } from "./mistakes.js";
import type { Gradient, ScaleRule } from "./rules.js";
import type { Field, Located } from "./yaml.js";

/** A rule of a configuration, with its place. */
export type PlacedRule = ScaleRule & { readonly place: Place };

/**
 * The rules of a `parameters` map: passthrough has one parameter, `scale`. Its forms are a number, a list of numbers (a
 * gradient), a map `{ filter, value }`, and a list of such maps.
 *
 * @returns the rules; `undefined` when there is no such map, or it is wrong
 * @see mergekit 0.1.5, config.ParameterSetting
 */
export function readParameters(field: Field | undefined, mistakes: Mistakes): readonly PlacedRule[] | undefined {
  if (field === undefined) return undefined;
  const { scale } = fieldsOf(field.value, "parameters of a passthrough merge", ["scale"], mistakes);
  return scale && readScale(scale, mistakes);
}

function readScale({ value, place }: Field, mistakes: Mistakes): readonly PlacedRule[] | undefined {
  if (isEmpty(value)) {
    mistakes.add(place, `scale is ${shown(value)}`, {
      expected: "a number, a list of numbers, or filters with values",
    });
    return undefined;
  }
  if (value.kind === "map") return defined([readRule(value, mistakes)]);
  if (value.kind === "list" && value.items.some(({ kind }) => kind === "map")) {
    return defined(value.items.map((item) => readRule(item, mistakes)));
  }
  const factor = readGradient(value, "scale", mistakes);
  return factor === undefined ? undefined : [{ value: factor, place }];
}

function readRule(item: Located, mistakes: Mistakes): PlacedRule | undefined {
  const { filter, value } = fieldsOf(item, "an entry of scale", ["filter", "value"], mistakes);
  const name = filter && readFilter(filter, mistakes);
  if (item.kind !== "map") return undefined;
  if (value === undefined || isEmpty(value.value)) {
    mistakes.add(item.place, name === undefined ? "This entry has no value" : `The filter ${name} has no value`, {
      expected: "a number or a list of numbers under value",
    });
    return undefined;
  }
  const factor = readGradient(value.value, "value", mistakes);
  if (factor === undefined) return undefined;
  return { ...(filter === undefined ? {} : { filter: name }), value: factor, place: filter?.value.place ?? item.place };
}

/** An empty filter would match everything, as none does: whoever writes one means something else. */
function readFilter({ value }: Field, mistakes: Mistakes): string | undefined {
  if (value.kind === "scalar" && typeof value.value === "string" && value.value !== "") return value.value;
  mistakes.add(value.place, `filter is ${shown(value)}`, {
    expected: "a part of tensor names",
    fix: "Leave the key out for a value of all tensors, and put digits into quotes",
  });
  return undefined;
}

function readGradient(value: Located, what: string, mistakes: Mistakes): Gradient | undefined {
  if (value.kind !== "list") return numberOf(value, what, mistakes);
  const numbers = value.items.map((item) => numberOf(item, `an entry of ${what}`, mistakes));
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}

function isEmpty(value: Located): boolean {
  return value.kind === "list" ? value.items.length === 0 : value.kind === "scalar" && value.value === null;
}

function defined<T>(found: readonly (T | undefined)[]): T[] {
  return found.filter((one): one is T => one !== undefined);
}
