/** Text as Python sees it: its white space, its characters, and how it prints values. */

/** A value of a document, as JSON has them. */
export type Json =
  | null
  | boolean
  | number
  | string
  | PythonFloat
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** A number that Python holds as a float: it prints as `1.0` where an integer prints as `1`. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** What `str.isspace` and `\s` mean in Python; JavaScript's `\s` has a byte order mark and lacks the separators. */
export const WHITE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const leading = new RegExp(`^[${WHITE}]+`);
const trailing = new RegExp(`[${WHITE}]+$`);

export function stripStart(text: string): string {
  return text.replace(leading, "");
}

export function stripEnd(text: string): string {
  return text.replace(trailing, "");
}

/** `str.strip()`. */
export function strip(text: string): string {
  return stripStart(stripEnd(text));
}

export function startsWithSpace(text: string): boolean {
  return leading.test(text);
}

export function endsWithSpace(text: string): boolean {
  return trailing.test(text);
}

/** `len(re.split(r"\s+", text))`: pieces between white space, the empty ones at both ends included. */
export function countWords(text: string): number {
  return text.split(new RegExp(`[${WHITE}]+`)).length;
}

/** `len(text)`: code points, where JavaScript counts units of UTF-16. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** `str.capitalize()`: the first character large, all others small. */
export function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** Whether a text is digits and nothing else. */
export function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

/** `str(value)`. */
export function pythonText(value: Json | undefined): string {
  return typeof value === "string" ? value : repr(value);
}

/** `repr(value)`. */
export function repr(value: Json | undefined): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return numberText(value);
  if (value instanceof PythonFloat) return floatText(value.value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${quoted(key)}: ${repr(item)}`)
    .join(", ")}}`;
}

/** A number without a type of its own: whole ones print as integers. */
function numberText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : floatText(value);
}

/** `repr` of a float: the same shortest digits as JavaScript's, with Python's choice of when to use an exponent. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -4) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = exponent < 0 ? plain(digits, exponent) : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** Digits with a small negative exponent written out: JavaScript does so from 1e-6 on, Python from 1e-4 on. */
function plain(digits: string, exponent: number): string {
  const sign = digits.startsWith("-") ? "-" : "";
  return `${sign}0.${"0".repeat(-exponent - 1)}${digits.replace(/[-.]/g, "")}`;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A string literal: in single quotes, unless these occur and double ones do not. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\p{C}\p{Z}\\'"]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character;
    return escapes[character] ?? escaped(character.codePointAt(0)!);
  });
  return quote + body + quote;
}

function escaped(code: number): string {
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
