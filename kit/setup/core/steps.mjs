import { join } from "node:path";
import { keepChoice } from "./choices.mjs";
import { messageOf, SetupFailure } from "./failure.mjs";
import { fingerprint, readStamp, removeStamp, writeStamp } from "./fingerprint.mjs";
import { beginProgress, bold, complain, dim, duration, green, red, say } from "./screen.mjs";

/**
 * One step of the set-up.
 *
 * @typedef {object} Step
 * @property {string} id Names its fingerprint and its log.
 * @property {string} title What it does, as printed.
 * @property {(project: Project) => string | undefined} [fingerprint] Everything its result depends on. Without one the
 *   step is a quick check that always runs.
 * @property {(project: Project) => boolean} [intact] Whether the result is still there.
 * @property {(project: Project) => string[]} [outputs] Files it makes: one that changed since is made again.
 * @property {string} [choice] The variable of the environment by which a person decides its result, kept when it is done.
 * @property {(project: Project, context: { log: string }) => Promise<string | void> | string | void} run Returns what is
 *   worth saying about the result.
 *
 * @typedef {import("./project.mjs").Project} Project
 */

/** Run the steps in order; a step whose fingerprint and result are unchanged is skipped. Stops at the first failure. */
export async function runSteps(/** @type {readonly Step[]} */ steps, /** @type {Project} */ project) {
  for (const step of steps) {
    await runStep(step, project);
    keepChoice(project, step.choice);
  }
}

/** Whether a step has nothing to do: finished, of the same inputs, and its result untouched. */
export function isDone(/** @type {Step} */ step, /** @type {Project} */ project) {
  const wanted = step.fingerprint?.(project);
  return (
    wanted !== undefined &&
    readStamp(stampOf(step, project)) === seal(step, project, wanted) &&
    (step.intact?.(project) ?? true)
  );
}

function stampOf(/** @type {Step} */ { id }, /** @type {Project} */ { state }) {
  return join(state, `${id}.json`);
}

/** The fingerprint of a step's inputs and outputs together. */
function seal(/** @type {Step} */ { outputs }, /** @type {Project} */ project, /** @type {string} */ inputs) {
  return outputs === undefined ? inputs : `${inputs}-${fingerprint({ files: outputs(project) })}`;
}

async function runStep(/** @type {Step} */ step, /** @type {Project} */ project) {
  const stamp = stampOf(step, project);
  const log = join(project.state, "logs", `${step.id}.log`);
  const began = performance.now();
  try {
    if (isDone(step, project)) return say(dim(`✓ ${step.title} · unchanged`));
    if (step.fingerprint !== undefined) {
      removeStamp(stamp); // Interrupted from here on, the step runs again.
      say(`${bold("▸")} ${step.title}`);
      beginProgress();
    }
    const result = await step.run(project, { log });
    const after = step.fingerprint?.(project);
    if (after !== undefined) writeStamp(stamp, seal(step, project, after));
    const took = after === undefined ? [] : [duration(performance.now() - began)];
    say([`${green("✓")} ${step.title}`, ...took, ...(result ? [result] : [])].join(" · "));
  } catch (error) {
    complain(explain(step, error, duration(performance.now() - began)));
    throw new StepFailure(step.id);
  }
}

/** A step failed and has said so: nothing is left but to exit. */
export class StepFailure extends Error {
  name = "StepFailure";
}

/** Which step failed, why, and what to type. */
function explain(/** @type {Step} */ step, /** @type {unknown} */ error, /** @type {string} */ took) {
  const known = error instanceof SetupFailure;
  const lines = [`${red("✗")} ${step.title} failed after ${took}`];
  if (known && error.detail) lines.push(error.detail.replace(/^/gm, "  │ "));
  lines.push(`  why:  ${messageOf(error)}`);
  const again = "the command again: finished steps are skipped";
  lines.push(`  type: ${known && error.type ? error.type : again}`);
  if (!known && error instanceof Error && process.env.KINTSUGI_DEBUG) lines.push(String(error.stack));
  return lines.join("\n");
}
