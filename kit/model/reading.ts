/** Readers of parsed JSON: each gives a value of a known type, or one error that names the field. */
import { nearest, UserError } from "../errors.js";

/** Where a value stands: a field such as `layers[3].mixer.keyDim`, of a file. */
export type Place = { readonly field: string; readonly where?: string };

/**
 * Reads a parsed value as a `T`. A field that is not there is read as `undefined`.
 *
 * @throws UserError that names the field, what it holds and what was expected
 */
export type Reader<T> = (value: unknown, place: Place) => T;

/** A reader for each field of `T`: a field without one does not compile. */
export type Fields<T> = { readonly [Name in keyof T]-?: Reader<T[Name]> };

/** A reader of what `test` accepts. */
export function of<T>(expected: string, test: (value: unknown) => boolean): Reader<T> {
  return (value, place) => {
    if (test(value)) return value as T;
    throw wrong(value, place, expected);
  };
}

/** The largest size of anything: what an int32 counts. */
const largest = 2 ** 31 - 1;

/** A whole number from `least` to 2³¹ − 1. */
export function whole(least = 1): Reader<number> {
  return of(`a whole number from ${least} to ${largest}`, (value) => {
    return typeof value === "number" && Number.isInteger(value) && value >= least && value <= largest;
  });
}

/** A whole number of at least 1, or a name. */
export function wholeOr<Name extends string>(name: Name): Reader<number | Name> {
  const number = whole();
  const expected = `a whole number from 1 to ${largest} or ${JSON.stringify(name)}`;
  const named = of<Name>(expected, (value) => value === name);
  return (value, place) => (typeof value === "number" ? number(value, place) : named(value, place));
}

export const finite: Reader<number> = of("a number", Number.isFinite);

export const positive: Reader<number> = of(
  "a number above 0",
  (value) => Number.isFinite(value) && (value as number) > 0,
);

/** A number from `least` to `most`. */
export function between(least: number, most: number): Reader<number> {
  return of(`a number from ${least} to ${most}`, (value) => {
    return typeof value === "number" && value >= least && value <= most;
  });
}

/** A text of at least one character that may be part of a file's name. */
export const name: Reader<string> = of(
  "letters, digits, points and dashes",
  (value) => typeof value === "string" && /^[\w][\w.-]*$/.test(value),
);

/** A text of at least one character. */
export const text: Reader<string> = of("a text", (value) => typeof value === "string" && value !== "");

export const flag: Reader<boolean> = of("true or false", (value) => typeof value === "boolean");

/** One of a few values. */
export function oneOf<T extends string | number | boolean>(...allowed: readonly T[]): Reader<T> {
  const expected = allowed.map((one) => JSON.stringify(one)).join(" or ");
  return of(expected, (value) => allowed.includes(value as T));
}

/** One of a few names, or an object. */
export function nameOr<Name extends string, T extends object>(
  names: readonly Name[],
  read: Reader<T>,
): Reader<Name | T> {
  const expected = `${names.map((name) => JSON.stringify(name)).join(", ")} or an object`;
  const named = of<Name>(expected, (value) => names.includes(value as Name));
  return (value, place) => (typeof value === "object" ? read(value, place) : named(value, place));
}

/** The same, or nothing. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, place) => (value === undefined ? undefined : read(value, place));
}

/** A list whose items are all of one type. */
export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(value, place, "a list");
    return value.map((item, i) => read(item, { ...place, field: `${place.field}[${i}]` }));
  };
}

/**
 * An object with these fields and no others, in the order it has them.
 *
 * @throws UserError for a field that nobody knows, with the nearest name there is
 */
export function fields<T extends object>(readers: Fields<T>): Reader<T> {
  const known: Readonly<Record<string, Reader<unknown>>> = readers;
  return (value, place) => {
    const given = record(value, place);
    const at = (name: string): Place => ({ ...place, field: place.field === "" ? name : `${place.field}.${name}` });
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(known, name)) throw unknownField(at(name), name, Object.keys(known));
    }
    for (const [name, read] of Object.entries(known)) if (!Object.hasOwn(given, name)) read(undefined, at(name));
    return Object.fromEntries(Object.entries(given).map(([name, field]) => [name, known[name](field, at(name))])) as T;
  };
}

/** An object of any fields, whose names are file names and whose values are all of one type. */
export function named<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, place) => {
    const given = Object.entries(record(value, place)).map(([key, field]) => {
      const at = { ...place, field: `${place.field}.${key}` };
      return [name(key, at), read(field, at)] as const;
    });
    return Object.fromEntries(given);
  };
}

/** An object whose `kind` says which fields it has. A kind without a reader does not compile. */
export function variants<Union extends { readonly kind: string }>(
  readers: {
    readonly [Kind in Union["kind"]]: Reader<Omit<Extract<Union, { readonly kind: Kind }>, "kind">>;
  },
): Reader<Union> {
  const known: Readonly<Record<string, Reader<object>>> = readers;
  const read = oneOf(...Object.keys(known));
  return (value, place) => {
    const { kind, ...rest } = record(value, place);
    const found = read(kind, { ...place, field: place.field === "" ? "kind" : `${place.field}.kind` });
    return { kind: found, ...known[found](rest, place) } as Union;
  };
}

/** One of two forms, told apart by a look at what is there. */
export function either<A, B>(isFirst: (value: unknown) => boolean, first: Reader<A>, second: Reader<B>): Reader<A | B> {
  return (value, place) => (isFirst(value) ? first(value, place) : second(value, place));
}

/** What must hold between the fields of a `T`; `field` is the one that is named when it does not. */
export type Law<T> = {
  readonly field: keyof T & string;
  readonly expected: string;
  readonly holds: (value: T) => boolean;
};

/** A reader of objects that keep laws. */
export function lawful<T extends object>(read: Reader<T>, ...laws: readonly Law<T>[]): Reader<T> {
  return (value, place) => {
    const found = read(value, place);
    const broken = laws.find(({ holds }) => !holds(found));
    if (broken === undefined) return found;
    const field = place.field === "" ? broken.field : `${place.field}.${broken.field}`;
    throw wrong(found[broken.field], { ...place, field }, broken.expected);
  };
}

function record(value: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(value, place, "an object");
}

function wrong(value: unknown, { field, where }: Place, expected: string): UserError {
  const text = JSON.stringify(value) ?? "missing";
  const what = field === "" ? "The value" : field;
  return new UserError(`${what} is ${text.length > 80 ? `${text.slice(0, 77)}…` : text}`, { where, expected });
}

function unknownField({ field, where }: Place, name: string, known: readonly string[]): UserError {
  const near = nearest(name, known);
  return new UserError(`There is no field ${field}`, {
    where,
    expected: known.length === 0 ? "no fields" : `some of ${known.join(", ")}`,
    fix: near && `Did you mean ${near}?`,
  });
}
