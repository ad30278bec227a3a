import { readFileSync } from "node:fs";
import { UserError } from "../errors.js";

/**
 * What a JSON file holds, to be read field by field.
 *
 * @param fix how to get a whole one
 * @throws UserError when it is not there, or is not JSON
 */
export function parsedFile(path: string, fix?: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`cannot read ${path}`, { expected: "a JSON file" });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`, { fix });
  }
}
