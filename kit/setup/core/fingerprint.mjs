import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A short hash of everything a step's result depends on.
 *
 * @param {{ files?: readonly string[], values?: readonly (string | undefined)[] }} parts `files` count with their path
 *   and content (an absent one counts as absent); `values` are versions, flags, paths.
 */
export function fingerprint({ files = [], values = [] }) {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(existsSync(file) ? readFileSync(file) : "absent");
    hash.update("\0");
  }
  for (const value of values) hash.update(`${value}\0`);
  return hash.digest("hex").slice(0, 16);
}

/** The fingerprint a step left when it last finished, or `undefined`. */
export function readStamp(/** @type {string} */ file) {
  try {
    return String(JSON.parse(readFileSync(file, "utf8")).fingerprint);
  } catch {
    return undefined; // Never finished, or cut off while writing: the step runs again.
  }
}

/** Record that a step finished. */
export function writeStamp(/** @type {string} */ file, /** @type {string} */ value) {
  writeWhole(file, `${JSON.stringify({ fingerprint: value, finished: new Date().toISOString() })}\n`);
}

/** Write a file under another name and rename it, so that nobody ever sees half of it. */
export function writeWhole(/** @type {string} */ file, /** @type {string} */ text) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** Forget that a step finished. */
export function removeStamp(/** @type {string} */ file) {
  rmSync(file, { force: true });
}

/** The files below `folder` whose name `wanted` accepts, in a fixed order, without `node_modules`, `dist` and dot folders. */
export function filesBelow(/** @type {string} */ folder, /** @type {(name: string) => boolean} */ wanted) {
  /** @type {string[]} */
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!/^(node_modules|dist|\..*)$/.test(entry.name)) found.push(...filesBelow(path, wanted));
    } else if (wanted(entry.name)) found.push(path);
  }
  return found.sort();
}
