import { UserError } from "../errors.js";

/** A JSON object whose fields are not known yet. */
export type JsonRecord = { readonly [key: string]: unknown };

/** `value` as a JSON object, or a {@link UserError} that says where one was expected. */
export function asRecord(value: unknown, where: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError("this is no tokenizer the kit can read", { where, expected: "an object" });
  }
  return value as JsonRecord;
}

/** `value` as a list, an absent one as an empty list. */
export function asList(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value))
    throw new UserError("this is no tokenizer the kit can read", { where, expected: "a list" });
  return value;
}

/** `value` as a string. */
export function asString(value: unknown, where: string): string {
  if (typeof value !== "string") {
    throw new UserError("this is no tokenizer the kit can read", { where, expected: "a string" });
  }
  return value;
}

/** `value` as an id below 2³¹. */
export function asId(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
    throw new UserError("this is no tokenizer the kit can read", { where, expected: "an id, an integer from 0" });
  }
  return value;
}
