/** Runs as JSON files: what `kintsugi run` is given, and what a folder was begun for. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../errors.js";
import { makeFolder, writeAtomically } from "../source/files.js";
import { readRun } from "./readRun.js";
import type { Run } from "./spec.js";

/** @throws UserError when the file is not there, or holds no run */
export function readRunFile(path: string): Run {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`cannot read ${path}`, { expected: "a JSON file" });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`);
  }
  return readRun(json, path);
}

/** Writes a run, and the folders above it. */
export async function writeRunFile(run: Run, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(run, null, 2)}\n`));
}
