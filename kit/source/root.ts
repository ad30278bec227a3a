import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.js";

/**
 * The folder that holds everything the kit reads and writes: sample data, cache, results, virtual environment.
 *
 * `KINTSUGI_HOME` names it; otherwise it is the nearest folder above this file whose `package.json` declares the
 * workspace, whether the file runs from `kit/` or from `kit/dist/`.
 *
 * @throws UserError when `KINTSUGI_HOME` is no folder, or the kit was copied out of its project
 */
export function projectRoot(): string {
  const home = process.env.KINTSUGI_HOME;
  if (home !== undefined && home !== "") {
    if (!existsSync(home)) throw new UserError(`KINTSUGI_HOME is ${home}`, { expected: "an existing folder" });
    return resolve(home);
  }
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; dirname(folder) !== folder; folder = dirname(folder)) {
    if (isWorkspace(join(folder, "package.json"))) return folder;
  }
  throw new UserError("Cannot find the project folder", { where: start, fix: "Set KINTSUGI_HOME to it" });
}

function isWorkspace(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    const json: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof json === "object" && json !== null && "workspaces" in json;
  } catch {
    return false;
  }
}

/** Where fetched and derived files are kept; deleting it costs only the time to fetch them again. */
export function cacheFolder(): string {
  return join(projectRoot(), "data", "cache");
}

/** The folder `KINTSUGI_MIRROR` names, whether or not it is there; a relative path starts at the project. */
export function mirrorRoot(): string | undefined {
  const mirror = process.env.KINTSUGI_MIRROR;
  return mirror ? resolve(projectRoot(), mirror) : undefined;
}
