/** Records of runs that were carried out elsewhere, put beside others. */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../errors.js";
import { makeFolder, writeAtomically } from "../source/files.js";
import { type RecordName, recordPath } from "./record.js";

/**
 * Copies a run's record from one folder of records into another, which may be on another disk.
 *
 * @param from the folder of records that has it
 * @param to default: the project's
 * @returns its path there
 * @throws UserError when another record has its name there
 */
export async function fileRecord(run: RecordName, from: string, to?: string): Promise<string> {
  const path = recordPath(run, to);
  const record = readFileSync(recordPath(run, from));
  if (!existsSync(path)) {
    await makeFolder(dirname(path));
    await writeAtomically(path, (handle) => handle.writeFile(record));
  } else if (!readFileSync(path).equals(record)) {
    throw recorded(path);
  }
  return path;
}

/**
 * Data may have changed under the same name: a record does not give way to another.
 *
 * @throws UserError when a run has a record in a folder, by default the project's
 */
export function expectUnrecorded(run: RecordName, root?: string): void {
  const path = recordPath(run, root);
  if (existsSync(path)) throw recorded(path);
}

function recorded(path: string): UserError {
  return new UserError("a run of this name and these options is recorded", {
    where: path,
    fix: "Give it another name, which a healing has from its folder, or remove that record",
  });
}
