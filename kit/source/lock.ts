import { readFile, rm, writeFile } from "node:fs/promises";
import { UserError } from "../errors.js";
import { fileError } from "./files.js";

/**
 * Runs `work` while no other process does so for the same file; a lock left by a process that has ended is taken over.
 *
 * @throws UserError when another process holds the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  if (!(await taken(lock))) {
    const owner = Number(await readFile(lock, "utf8").catch(() => ""));
    if (isAlive(owner)) {
      throw new UserError(`Process ${owner} is at work on ${path}`, {
        fix: `Wait for it, or remove ${lock} if it is stuck`,
      });
    }
    await rm(lock, { force: true });
    if (!(await taken(lock)))
      throw new UserError(`Another process has just begun to work on ${path}`, { fix: "Wait for it" });
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw fileError(error, "write", lock);
  }
}

function isAlive(owner: number): boolean {
  // An empty lock belongs to a process that is writing its number just now, or died doing so: treat it as left over.
  if (!Number.isInteger(owner) || owner <= 0) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
