/**
 * The folder of a healing under way, `OUT.healing`: what it was begun for, its checkpoints, its claim to OUT once it saves, its
 * record until it is filed.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.js";
import * as lab from "../lab/index.js";
import { writeAtomically } from "../source/files.js";

export const folderOf = (out: string): string => `${out}.healing`;

export const checkpointsIn = (work: string): string => join(work, "checkpoints");

const claimIn = (work: string): string => join(work, "saving");

/** The arm's name in records: the folder's, in letters that records' names may have. */
export function armOf(out: string): string {
  return out
    .split("/")
    .at(-1)!
    .replace(/[^\w.-]/g, "-")
    .replace(/^(?!\w)/, "_");
}

/**
 * Notes what is being done, or compares with what was being done here. Where nothing was trained yet, the newer word holds.
 *
 * @throws UserError when the model or its record is there already, or what was trained here was trained otherwise
 */
export async function begin(run: lab.Run, out: string, work: string): Promise<void> {
  // Only the record is still to be filed.
  if (existsSync(lab.recordPath(run, work))) return;
  if (existsSync(out) && !existsSync(claimIn(work))) throw taken(out);
  lab.expectUnrecorded(run);
  const file = join(work, "run.json");
  if (!hasTrained(work)) return await lab.writeRunFile(run, file);
  const before = lab.readRunFile(file);
  if (before.seed === run.seed && lab.specHash(before.spec) === lab.specHash(run.spec)) return;
  throw new UserError(
    `another healing was begun here: ${lab.fieldDifferences(picked(before), picked(run)).join("; ")}`,
    {
      where: work,
      fix: "Give the same options to go on, name another folder, or remove this one to begin anew",
    },
  );
}

/**
 * Notes that the model is about to be saved. Who is killed between that and the end of the record finds a model in the way: from
 * here on it is this healing's own, to be replaced.
 *
 * @throws UserError when by now something else stands there
 */
export async function claim(out: string, work: string): Promise<void> {
  const file = claimIn(work);
  if (existsSync(file)) return;
  if (existsSync(out)) throw taken(out);
  await writeAtomically(file, (handle) => handle.writeFile(`${out}\n`));
}

/** @throws UserError when something stands where the model is to be, and no healing of it is under way */
export function expectFree(out: string): void {
  if (existsSync(out) && !existsSync(folderOf(out))) throw taken(out);
}

/** After a failure: where nothing was trained, nothing stays. */
export function tidied(work: string): void {
  if (!hasTrained(work)) rmSync(work, { recursive: true, force: true });
}

/**
 * Puts the record beside the others, and removes the working folder.
 *
 * @throws UserError when another record has its name by now; this one stays where it is
 */
export async function filed(run: lab.Run, work: string): Promise<string> {
  const path = await lab.fileRecord(run, work);
  rmSync(work, { recursive: true, force: true });
  return path;
}

/** Whether steps were taken that are still there: in a checkpoint, or in a model. */
function hasTrained(work: string): boolean {
  if (existsSync(claimIn(work))) return true;
  const folder = checkpointsIn(work);
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith(".safetensors"));
}

function taken(out: string): UserError {
  return new UserError(`${out} exists`, { fix: "Name another folder, or remove it" });
}

/** What two runs are compared by: what was asked for before what came of it, the shape of the model. */
function picked({ seed, spec: { model, ...asked } }: lab.Run): unknown {
  return { seed, ...asked, model };
}
