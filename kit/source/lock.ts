import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { UserError } from "../errors.js";
import { fileError } from "./files.js";

/**
 * Runs `work` while no other process does so for the same file; a lock left by a process that has ended is taken over, unless
 * it ran on another machine, which cannot be asked.
 *
 * @throws UserError when another process holds the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  if (!(await taken(lock))) {
    const owner = await ownerOf(lock);
    if (owner !== undefined && (await isAtWork(owner))) {
      const elsewhere = isElsewhere(owner);
      const who = owner.pid === undefined ? "Another process" : `Process ${owner.pid}`;
      throw new UserError(`${who}${elsewhere ? ` of the machine ${owner.host}` : ""} is at work on ${path}`, {
        fix: `Wait for it, or remove ${lock} if it is stuck${elsewhere ? ": whether it is can only be seen there" : ""}`,
      });
    }
    await takeOver(path, lock);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Takes the place of a lock that was left. One process at a time: a second would remove what the first has just taken. */
async function takeOver(path: string, lock: string): Promise<void> {
  const turn = `${lock}.turn`;
  const fix = `Wait for it, or remove ${turn} if it is there and stuck`;
  if (!(await taken(turn))) throw new UserError(`Another process has just begun to work on ${path}`, { fix });
  try {
    // It may have been taken or given back since it was looked at; one that was left stays as it is.
    const owner = await ownerOf(lock);
    if (owner !== undefined && !(await isAtWork(owner))) await rm(lock, { force: true });
    if (await taken(lock)) return;
  } finally {
    await rm(turn, { force: true });
  }
  throw new UserError(`Another process has just begun to work on ${path}`, { fix: "Wait for it" });
}

async function taken(lock: string): Promise<boolean> {
  const began = await beginningOf(process.pid);
  try {
    await writeFile(lock, `${process.pid} ${began ?? "-"} ${hostname()}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw fileError(error, "write", lock);
  }
}

/** What a lock says of who holds it. */
type Owner = {
  readonly pid?: number;
  /** Tells a process from a later one of the same number. */
  readonly began?: string;
  /** The machine it runs on. */
  readonly host?: string;
  /** A lock without a number, of a process that is writing it at this moment. */
  readonly writing: boolean;
};

/** How long a process may take from making its lock to writing its number, in milliseconds. */
const writingMs = 2_000;

/** @returns nothing when the lock is gone */
async function ownerOf(lock: string): Promise<Owner | undefined> {
  const found = await Promise.all([readFile(lock, "utf8"), stat(lock)]).catch(() => undefined);
  if (found === undefined) return undefined;
  const [text, { mtimeMs }] = found;
  const [, pid, began, host] = /^([1-9]\d*)(?: (\d+|-)(?: (.+))?)?$/.exec(text) ?? [];
  return {
    pid: pid === undefined ? undefined : Number(pid),
    began: began === "-" ? undefined : began,
    host,
    writing: text === "" && Date.now() - mtimeMs < writingMs,
  };
}

function isElsewhere({ host }: Owner): boolean {
  return host !== undefined && host !== hostname();
}

async function isAtWork(owner: Owner): Promise<boolean> {
  const { pid, began, writing } = owner;
  if (pid === undefined) return writing;
  if (isElsewhere(owner)) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const now = await beginningOf(pid);
  return began === undefined || now === undefined || began === now;
}

/** When a process began, in ticks of the machine's clock; nothing where the system does not tell. */
async function beginningOf(pid: number): Promise<string | undefined> {
  const fields = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is a name in parentheses, in which anything may stand; the beginning is the 22nd.
  return fields?.slice(fields.lastIndexOf(")") + 2).split(" ")[19];
}
