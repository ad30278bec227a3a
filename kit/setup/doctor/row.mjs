import { messageOf } from "../core/failure.mjs";

/**
 * One line of the doctor's table.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {"good" | "broken" | "absent"} state `broken`: the kit cannot work without it. `absent`: it can.
 * @property {string} found
 * @property {string} [fix]
 *
 * @typedef {import("../core/project.mjs").Project} Project
 */

/** What most rows advise: the set-up mends whatever it made itself. */
export const SET_UP = "npm start (or npm test) does it";

/** @returns {Row} */
export const good = (/** @type {string} */ name, /** @type {string} */ found) => ({ name, state: "good", found });
/** @returns {Row} */
export const broken = (/** @type {string} */ name, /** @type {string} */ found, fix = SET_UP) => ({
  name,
  state: "broken",
  found,
  fix,
});
/** @returns {Row} */
export const absent = (
  /** @type {string} */ name,
  /** @type {string} */ found,
  /** @type {string | undefined} */ fix = undefined,
) => ({ name, state: "absent", found, fix });

/**
 * Look one thing over. Whatever goes wrong in the looking is itself a finding: the doctor is for broken machines.
 *
 * @param {string} name
 * @param {() => Row | Promise<Row>} look
 * @returns {Promise<Row>}
 */
export async function examine(name, look) {
  try {
    return await look();
  } catch (error) {
    return broken(name, messageOf(error).split("\n")[0]);
  }
}

const MARKS = { good: "✓", broken: "✗", absent: "–" };

/**
 * The table as lines.
 *
 * @param {readonly Row[]} rows
 * @param {(state: Row["state"], text: string) => string} [paint]
 */
export function table(rows, paint = (_, text) => text) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.flatMap(({ name, state, found, fix }) => [
    ` ${paint(state, MARKS[state])}  ${name.padEnd(width)}  ${found}`,
    ...(fix === undefined ? [] : [`    ${" ".repeat(width)}  → ${fix}`]),
  ]);
}
