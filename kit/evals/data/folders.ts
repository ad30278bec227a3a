/** Where data lie on this machine. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { mirrorFolder } from "../../source/index.js";

/**
 * The folder of a data set: below the folder that was given and nowhere else, or else in the mirror.
 *
 * @param name as the mirror calls it: `blimp`, or an id of the hub
 * @param data the folder that was given
 */
export async function dataFolder(name: string, data: string | undefined): Promise<string | undefined> {
  if (data === undefined) return await mirrorFolder(name);
  const folder = join(data, name);
  return isFolder(folder) ? folder : undefined;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
