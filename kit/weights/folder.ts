import { renameSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UserError } from "../errors.js";
import { asideOf, discarded, draftBeside, kept, sweepDrafts } from "../source/drafts.js";
import { exists, fileError, makeFolder, syncFolder, writeAtomically, writeFully } from "../source/files.js";

/**
 * Writes a folder so that its name holds either what was there or all of the new one: it is written beside its name and
 * renamed when complete. Drafts of the same folder that killed processes left are removed first.
 *
 * @param folder path of the folder to make
 * @param overwrite replace a folder that holds something
 * @param write fills the draft
 * @returns the folder's absolute path
 * @throws UserError when the folder holds something and may not be replaced, or the disk refuses
 */
export async function writeFolder(
  folder: string,
  overwrite: boolean,
  write: (draft: string) => Promise<void>,
): Promise<string> {
  const target = resolve(folder);
  if (!overwrite) await refuseExisting(target);
  await sweepDrafts(target, await exists(target));
  const draft = draftBeside(target);
  try {
    await makeFolder(draft);
    await write(draft);
    await syncFolder(draft);
    await takeName(draft, target);
  } catch (error) {
    await discarded(draft);
    throw fileError(error, "write", target);
  }
  return target;
}

/** Writes a value as a JSON file, for people to read. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeBytes(path, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}

/** Writes a whole file. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await writeAtomically(path, (handle) => writeFully(handle, bytes, 0, path));
}

/** How to have one's way, in the words of commands and of code: an error does not know which it will be read by. */
export const replacing = "replace it: --force, in code overwrite: true";

/** @throws UserError when a folder holds something */
export async function refuseExisting(folder: string): Promise<void> {
  const target = resolve(folder);
  if (!(await exists(target))) return;
  const held = await readdir(target).catch((error) => {
    throw fileError(error, "write", target);
  });
  if (held.length > 0) throw new UserError(`${target} is not empty`, { fix: `Choose another folder, or ${replacing}` });
}

/**
 * Gives the finished folder its name. What was there before steps aside first and is removed last; between the two renames no
 * signal is handled, so that who interrupts finds one of the two.
 */
async function takeName(draft: string, target: string): Promise<void> {
  const before = (await exists(target)) ? asideOf(target) : undefined;
  if (before !== undefined) renameSync(target, before);
  try {
    renameSync(draft, target);
  } catch (error) {
    if (before !== undefined) renameSync(before, target);
    throw error;
  }
  kept(draft);
  await syncFolder(dirname(target));
  if (before !== undefined) await discarded(before);
}
