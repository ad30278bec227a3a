import { existsSync, readFileSync } from "node:fs";
import { mirrored } from "../../weights/testing/mirror.js";

/** A JSON file of the mirror; `undefined` where there is no mirror. */
export function reference<T>(...path: string[]): T | undefined {
  const file = mirrored(...path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}
