import { existsSync, readdirSync } from "node:fs";
import { SetupFailure } from "./failure.mjs";

/**
 * The notebook a person means: `02`, `02-loading`, or the whole name with or without `.ipynb`.
 *
 * @param {string} folder
 * @param {string} wanted
 * @returns {string} Its file name.
 */
export function resolveNotebook(folder, wanted) {
  const all = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith(".ipynb")).sort();
  const name = wanted.replace(/\.ipynb$/, "");
  const found =
    all.find((file) => file === `${name}.ipynb`) ?? all.find((file) => file.startsWith(name) && name !== "");
  if (found !== undefined) return found;
  const list =
    all.length === 0 ? "there are none" : `there are ${all.map((file) => file.replace(/\.ipynb$/, "")).join(", ")}`;
  throw new SetupFailure(`no notebook "${wanted}" in ${folder}: ${list}`);
}
