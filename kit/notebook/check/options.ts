/** The command line of `npm run notebooks`. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../../errors.js";

/** What `--help` prints. */
export const USAGE: string = `npm run notebooks [-- OPTIONS]   execute the notebooks in copies and compare their outputs
  --profile smoke|full     smoke: seconds, small weights (default); full: real weights and budgets, no comparison
  --only NAME              notebooks whose name starts with this (02, or 02,05); may be repeated
  --update                 write the outputs back into the notebooks (smoke only)
  --folder DIR             where the notebooks are (default: notebooks)
  --timeout SECONDS        longest time for one cell (default: 300; full: 7200)`;

/** The options, checked. */
export type Options = {
  readonly profile: "smoke" | "full";
  readonly only: readonly string[];
  readonly update: boolean;
  readonly folder: string;
  readonly timeoutSeconds: number;
};

/**
 * Reads the options.
 *
 * @param args the words after the command
 * @param root the checkout
 * @returns the options
 * @throws UserError when they contradict each other
 */
export function readOptions(args: string[], root: string): Options {
  const { values } = parseArgs({
    args,
    options: {
      profile: { type: "string", default: "smoke" },
      only: { type: "string", multiple: true, default: [] },
      update: { type: "boolean", default: false },
      folder: { type: "string", default: join(root, "notebooks") },
      timeout: { type: "string" },
    },
  });
  const { profile, update } = values;
  if (profile !== "smoke" && profile !== "full") {
    throw new UserError(`--profile ${profile}`, { expected: "smoke or full" });
  }
  if (update && profile !== "smoke") {
    throw new UserError("--update with the full profile", { expected: "the smoke profile: that is what is compared" });
  }
  const timeoutSeconds = Number(values.timeout ?? (profile === "smoke" ? 300 : 7200));
  if (!(timeoutSeconds > 0)) throw new UserError(`--timeout ${values.timeout}`, { expected: "seconds" });
  const only = values.only.flatMap((list) => list.split(",")).filter((name) => name !== "");
  return { profile, only, update, folder: resolve(values.folder), timeoutSeconds };
}
