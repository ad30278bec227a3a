import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.js";
import { discarded, draftBeside, kept } from "./drafts.js";

/** What a failed file operation means to the person at the keyboard. */
const meanings: Readonly<Record<string, readonly [what: string, fix?: string]>> = {
  ENOENT: ["no such file or folder"],
  EEXIST: ["something else has that name"],
  EACCES: ["permission denied"],
  EPERM: ["permission denied"],
  EROFS: ["the disk is read-only"],
  EISDIR: ["it is a folder"],
  ENOTDIR: ["a part of the path is a file, not a folder"],
  ENOSPC: ["no space left on the disk", "Free some space and run it again"],
  EDQUOT: ["the disk quota is used up", "Free some space and run it again"],
  EFBIG: ["the file would pass the size limit of this disk or account", "Write elsewhere, or in smaller shards"],
  EMFILE: ["too many open files"],
  ENAMETOOLONG: ["the name is too long"],
  EIO: ["the disk reports an error"],
};

/** Turns an error of a file operation into one clear line; anything else is a bug and passes through unchanged. */
export function fileError(error: unknown, doing: string, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const meaning = meanings[code];
  if (meaning === undefined) return error;
  return new UserError(`Cannot ${doing} ${path}: ${meaning[0]}`, { fix: meaning[1] });
}

/** Opens a regular file for reading. Pipes and devices are refused: reading one could wait for ever. */
export async function openToRead(path: string): Promise<{ handle: FileHandle; size: number }> {
  try {
    if (!(await stat(path)).isFile()) throw new UserError(`Cannot read ${path}`, { expected: "a regular file" });
    const handle = await open(path, constants.O_RDONLY);
    return { handle, size: (await handle.stat()).size };
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

/** Fills `target` from byte `position` of an open file, or throws that the file ends early. */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number, path: string): Promise<void> {
  let filled = 0;
  while (filled < target.byteLength) {
    let count: number;
    try {
      count = (await handle.read(target, filled, target.byteLength - filled, position + filled)).bytesRead;
    } catch (error) {
      throw fileError(error, "read", path);
    }
    if (count === 0)
      throw new UserError(`${path} ends at byte ${position + filled}`, { fix: "It is truncated: fetch it again" });
    filled += count;
  }
}

/** Writes all of `bytes` at byte `position` of an open file. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    try {
      written += (await handle.write(bytes, written, bytes.byteLength - written, position + written)).bytesWritten;
    } catch (error) {
      throw fileError(error, "write", path);
    }
  }
}

/**
 * Writes a file so that its name holds either the old content or all of the new one, whatever happens.
 *
 * The content goes to a temporary sibling, reaches the disk, and takes the name by renaming. When `write` throws, the
 * sibling is removed.
 *
 * @param path the file to make or replace
 * @param write fills the open file, whose name is `temporary` until it is complete
 * @throws UserError when the disk refuses (no space, no permission)
 */
export async function writeAtomically(
  path: string,
  write: (handle: FileHandle, temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = draftBeside(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      await write(handle, temporary);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    kept(temporary);
  } catch (error) {
    await discarded(temporary);
    throw fileError(error, "write", path);
  }
}

/**
 * Makes a folder and those above it. Node's recursive `mkdir` never returns where a disk refuses with "no such file", as
 * `/proc` does; this one throws.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST" && (await stat(path)).isDirectory()) return;
      if (error.code !== "ENOENT" || dirname(path) === path) throw error;
      await makeFolder(dirname(path));
      await mkdir(path);
    });
  } catch (error) {
    throw fileError(error, "make the folder", path);
  }
}

/** Makes a rename inside `folder` survive a power cut. Not every platform can sync a folder, and none needs to. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch {
    // The rename itself has happened; only its durability is unconfirmed.
  }
}

/** Whether something stands at `path`. */
export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
