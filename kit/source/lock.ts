import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { UserError } from "../errors.js";
import { fileError } from "./files.js";
import { isAtWork, isElsewhere, type Owner, ourselves } from "./owner.js";

/**
 * Runs `work` while no other process does so for the same file; a lock left by a process that has ended is taken over, unless
 * it ran on another machine, which cannot be asked.
 *
 * @throws UserError when another process holds the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  if (!(await taken(lock))) {
    const holder = await holderOf(lock);
    if (holder !== undefined && isHeld(holder)) throw busy(path, lock, holder);
    await takeOver(path, lock);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function busy(path: string, lock: string, holder: Holder): UserError {
  const who = "pid" in holder ? `Process ${holder.pid}` : "Another process";
  const [of, seen] =
    "pid" in holder && isElsewhere(holder)
      ? [` of the machine ${holder.host}`, ": whether it is can only be seen there"]
      : ["", ""];
  return new UserError(`${who}${of} is at work on ${path}`, {
    fix: `Wait for it, or remove ${lock} if it is stuck${seen}`,
  });
}

/** Takes the place of a lock that was left. One process at a time: a second would remove what the first has just taken. */
async function takeOver(path: string, lock: string): Promise<void> {
  const turn = `${lock}.turn`;
  const fix = `Wait for it, or remove ${turn} if it is there and stuck`;
  if (!(await taken(turn))) throw new UserError(`Another process has just begun to work on ${path}`, { fix });
  try {
    // It may have been taken or given back since it was looked at; one that was left stays as it is.
    const holder = await holderOf(lock);
    if (holder !== undefined && !isHeld(holder)) await rm(lock, { force: true });
    if (await taken(lock)) return;
  } finally {
    await rm(turn, { force: true });
  }
  throw new UserError(`Another process has just begun to work on ${path}`, { fix: "Wait for it" });
}

async function taken(lock: string): Promise<boolean> {
  const { pid, began = "-", host } = ourselves();
  try {
    await writeFile(lock, `${pid} ${began} ${host}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw fileError(error, "write", lock);
  }
}

/** What a lock says of who holds it: a process; or, without its number, whether one is writing it at this moment. */
type Holder = Owner | { readonly writing: boolean };

/** How long a process may take from making its lock to writing its number, in milliseconds. */
const writingMs = 2_000;

/** @returns nothing when the lock is gone */
async function holderOf(lock: string): Promise<Holder | undefined> {
  const found = await Promise.all([readFile(lock, "utf8"), stat(lock)]).catch(() => undefined);
  if (found === undefined) return undefined;
  const [text, { mtimeMs }] = found;
  const [, pid, began, host] = /^([1-9]\d*)(?: (\d+|-)(?: (.+))?)?$/.exec(text) ?? [];
  if (pid === undefined) return { writing: text === "" && Date.now() - mtimeMs < writingMs };
  return { pid: Number(pid), began: began === "-" ? undefined : began, host };
}

function isHeld(holder: Holder): boolean {
  return "pid" in holder ? isAtWork(holder) : holder.writing;
}
