/** Runs as JSON files: what `kintsugi run` is given, and what a folder was begun for. */
import { dirname } from "node:path";
import { makeFolder, writeAtomically } from "../source/files.js";
import { parsedFile } from "./jsonFile.js";
import { readRun } from "./readRun.js";
import type { Run } from "./spec.js";

/** @throws UserError when the file is not there, or holds no run */
export function readRunFile(path: string): Run {
  return readRun(parsedFile(path), path);
}

/** Writes a run, and the folders above it. */
export async function writeRunFile(run: Run, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(run, null, 2)}\n`));
}
