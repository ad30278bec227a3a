/** Folders of task files, in which not every file is a task. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../errors.js";
import { literal } from "../../text/literal.js";
import { readTaskFile, type TaskFile } from "./yaml.js";

/** A file with a task or a group of that name. */
export type NamedFile = { readonly name: string; readonly file: TaskFile };

/** A file that is neither, and why. */
export type LeftOut = { readonly path: string; readonly why: UserError };

/**
 * All tasks and groups of a folder and of those below it.
 *
 * Files without a name are there to be included by others. One that cannot be read is the concern of whoever asks for its
 * task, so that it does not stand in the way of all the others; the harness leaves out both as well.
 *
 * @throws UserError when the folder cannot be read
 */
export function readTaskFolder(folder: string): {
  readonly tasks: readonly NamedFile[];
  readonly leftOut: readonly LeftOut[];
} {
  const tasks: NamedFile[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of filesOf(folder)) {
    try {
      tasks.push(readNamed(path));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      leftOut.push({ path, why: error });
    }
  }
  return { tasks, leftOut };
}

/** @throws UserError when the file cannot be read, or has neither a task nor a group */
export function readNamed(path: string): NamedFile {
  const file = readTaskFile(path);
  const name = file.values.group ?? file.values.task;
  if (typeof name === "string") return { name, file };
  throw new UserError("the file has neither a task nor a group", { where: file.path, expected: "task: a name" });
}

/** What of some files left out may have been meant by a name: those that have it, as a word, in their own name or their text. */
export function meant(name: string, leftOut: readonly LeftOut[]): string | undefined {
  const word = new RegExp(`(?<!\\w)${literal(name)}(?!\\w)`);
  const found = leftOut.filter(({ path }) => word.test(basename(path)) || word.test(textOf(path)));
  if (found.length === 0) return undefined;
  return `It may be meant by ${found.map(({ path, why }) => `${path}, which is left out: ${why.message}`).join("; ")}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => join(folder, file))
      .sort();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the folder of tasks cannot be read: ${reason}`, { where: folder });
  }
}
