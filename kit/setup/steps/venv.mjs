import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withChoices } from "../core/choices.mjs";
import { fingerprint, writeWhole } from "../core/fingerprint.mjs";
import { must } from "../core/run.mjs";
import { requirePython, venvPython } from "./python.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/**
 * Written into a `.venv` the set-up made, different each time: one that somebody else made, or that was cut off half way,
 * lacks it, and what was installed into an earlier one counts no more.
 */
const markerOf = (/** @type {Project} */ { venv }) => join(venv, ".kintsugi");

/** @type {import("../core/steps.mjs").Step} */
export const venvStep = {
  id: "venv",
  title: "Python environment .venv",
  choice: "KINTSUGI_PYTHON",
  fingerprint: (project) => fingerprint({ values: [project.venv, withChoices(project).KINTSUGI_PYTHON || undefined] }),
  intact: isOurs,
  async run(project, { log }) {
    const { path, version } = requirePython(withChoices(project), project.venv);
    const found = existsSync(project.venv);
    rmSync(project.venv, { recursive: true, force: true });
    await must(path, ["-m", "venv", project.venv], {
      log,
      progress: () => "",
      why: `${path} could not make ${project.venv}`,
      type: "on Debian: apt-get install python3-venv; then the command again",
    });
    writeWhole(markerOf(project), `${version} ${randomUUID()}\n`);
    return `Python ${version}${found ? ", replaced one that was not usable" : ""}`;
  },
};

/** Which of all the environments made so far this one is, or `undefined` if the set-up did not make it. */
export function venvIdentity(/** @type {Project} */ project) {
  try {
    return readFileSync(markerOf(project), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Whether the `.venv` is one the set-up made, of a Python that is still there. */
function isOurs(/** @type {Project} */ project) {
  return venvIdentity(project) !== undefined && venvPython(project) !== undefined;
}
