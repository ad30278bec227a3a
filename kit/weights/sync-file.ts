import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";

/** Fills `target` from byte `position` of a file. */
type Fill = (target: Uint8Array, position: number) => void;

/**
 * Opens a file for as long as `use` runs. Synchronous, for those who need values in the middle of a computation.
 *
 * @throws UserError when the file is gone, or ends before what is asked of it
 */
export function withFile<T>(file: string, use: (fill: Fill) => T): T {
  const descriptor = opened(file);
  try {
    return use((target, position) => fillFrom(descriptor, target, position, file));
  } finally {
    closeSync(descriptor);
  }
}

function opened(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw fileError(error, "read", file);
  }
}

function fillFrom(descriptor: number, target: Uint8Array, position: number, file: string): void {
  for (let filled = 0; filled < target.length; ) {
    const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (count === 0)
      throw new UserError(`${file} ends at byte ${position + filled}`, { fix: "It is truncated: fetch it again" });
    filled += count;
  }
}
