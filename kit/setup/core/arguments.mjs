// As a whole: an import by name that an old Node lacks would be a stack trace before anything can say that Node is old.
import * as util from "node:util";
import { messageOf, SetupFailure } from "./failure.mjs";
import { say } from "./screen.mjs";

/**
 * Read a command's options. `--help` prints the usage and yields `undefined`.
 *
 * @template {string} Text
 * @template {string} Flag
 * @param {{ text?: readonly Text[], flags?: readonly Flag[] }} names Options that take a value, and ones that do not.
 * @param {string} usage
 * @param {string[]} [args]
 * @returns {(Partial<Record<Text, string>> & Partial<Record<Flag, boolean>>) | undefined}
 */
export function readArguments({ text = [], flags = [] }, usage, args = process.argv.slice(2)) {
  const options = Object.fromEntries([
    ...text.map((name) => /** @type {const} */ ([name, { type: "string" }])),
    ...[...flags, "help"].map((name) => /** @type {const} */ ([name, { type: "boolean" }])),
  ]);
  try {
    /** @type {Record<string, unknown>} */
    const values = util.parseArgs({ args, options, strict: true }).values;
    if (!values.help) return /** @type {Partial<Record<Text, string>> & Partial<Record<Flag, boolean>>} */ (values);
  } catch (error) {
    const what = messageOf(error).split(". ")[0];
    throw new SetupFailure(what, { type: `Usage:\n${usage}` });
  }
  say(usage);
  return undefined;
}
