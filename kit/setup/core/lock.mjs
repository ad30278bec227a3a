import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { say } from "./screen.mjs";

/** A holder on another machine is only visible through the time of its file, which it renews this often. */
const RENEW_MS = 5_000;
const ABANDONED_MS = 30_000;

/**
 * Keep a second set-up of the same project waiting while `work` runs. A lock whose holder is gone is taken over.
 *
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @param {{ pollMs?: number, announce?: (holder: string) => void }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(folder, work, options = {}) {
  const file = join(folder, "lock");
  mkdirSync(folder, { recursive: true });
  await acquire(file, options);
  const renew = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {} // Somebody cleaned the cache under us; the work itself will notice what it misses.
  }, RENEW_MS);
  const release = () => {
    clearInterval(renew);
    if (readHolder(file) === identity()) rmSync(file, { force: true });
  };
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

/**
 * @param {string} file
 * @param {{ pollMs?: number, announce?: (holder: string) => void }} options
 */
async function acquire(
  file,
  {
    pollMs = 500,
    announce = (pid) => say(`  another set-up of this project is under way (process ${pid}): waiting for it`),
  },
) {
  let announced = false;
  for (;;) {
    try {
      writeFileSync(file, identity(), { flag: "wx" });
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = readHolder(file);
    if (holder !== undefined && isGone(holder, file)) {
      takeAway(file, holder);
      continue;
    }
    if (!announced && holder !== undefined) {
      announce(holder.split(" ")[0]);
      announced = true;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Who holds a lock: process, when that process began (numbers of processes come again) and machine. */
function identity() {
  return `${process.pid} ${beganAt(process.pid)} ${hostname()}`;
}

function readHolder(/** @type {string} */ file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote `holder` has ended. */
function isGone(/** @type {string} */ holder, /** @type {string} */ file) {
  const [pid, began, host] = holder.split(" ");
  if (host === hostname()) {
    if (!isAlive(Number(pid))) return true;
    return began !== beganAt(Number(pid));
  }
  try {
    return Date.now() - statSync(file).mtimeMs > ABANDONED_MS;
  } catch {
    return false; // Released this moment.
  }
}

function isAlive(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When a process began, in the kernel's own count; `-` where there is no /proc. */
function beganAt(/** @type {number} */ pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "-";
  }
}

/** Remove an abandoned lock. Of several waiting set-ups one rename succeeds, and one that caught a new lock puts it back. */
function takeAway(/** @type {string} */ file, /** @type {string} */ holder) {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readHolder(aside) === holder) rmSync(aside, { force: true });
  else renameSync(aside, file);
}
