import { readFile, stat } from "node:fs/promises";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";

/** Parses a JSON file, with one clear error for anything that goes wrong. */
export async function readJson(path: string, maxBytes = 4e6): Promise<unknown> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes)
      throw new UserError(`${path} is ${size} bytes long`, { expected: `at most ${maxBytes} bytes of JSON` });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not valid JSON: ${error.message}`);
    if (error instanceof TypeError) throw new UserError(`${path} is not UTF-8 text`);
    throw fileError(error, "read", path);
  }
}

/** Whether a parsed JSON value is an object, neither array nor null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
