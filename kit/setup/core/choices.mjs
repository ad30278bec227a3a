import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./fingerprint.mjs";

/**
 * What somebody chose by a variable of the environment (which Python, which compiler) lasts until they choose again: without
 * a record, the next command without the variable would look like another choice, and make everything anew.
 */

/** @typedef {import("./project.mjs").Project} Project */

/** The environment, with what was chosen earlier where it says nothing. A variable that is set but empty takes a choice back. */
export function withChoices(/** @type {Project} */ project, env = process.env) {
  return { ...readChoices(project), ...env };
}

/** Record what the environment chooses, once the step it decides has finished: a choice that failed is none. */
export function keepChoice(/** @type {Project} */ project, /** @type {string | undefined} */ name, env = process.env) {
  const value = name === undefined ? undefined : env[name];
  const known = readChoices(project);
  if (name === undefined || value === undefined || value === known[name]) return;
  writeWhole(choicesFile(project), `${JSON.stringify({ ...known, [name]: value }, null, 2)}\n`);
}

function choicesFile(/** @type {Project} */ { state }) {
  return join(state, "choices.json");
}

/** @returns {Record<string, string>} */
function readChoices(/** @type {Project} */ project) {
  try {
    return JSON.parse(readFileSync(choicesFile(project), "utf8"));
  } catch {
    return {}; // Nothing chosen so far.
  }
}
