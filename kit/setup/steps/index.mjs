import { mkdirSync } from "node:fs";
import { withLock } from "../core/lock.mjs";
import { duration, say } from "../core/screen.mjs";
import { runSteps } from "../core/steps.mjs";
import { addonStep } from "./addon.mjs";
import { kernelStep } from "./kernel.mjs";
import { nodeStep } from "./node.mjs";
import { npmPackagesStep } from "./npm-packages.mjs";
import { platformStep } from "./platform.mjs";
import { pythonPackagesStep, smollm2Step } from "./python-packages.mjs";
import { typescriptStep } from "./typescript.mjs";
import { venvStep } from "./venv.mjs";

/** Everything between a fresh clone and a kit that runs, in order. @type {readonly import("../core/steps.mjs").Step[]} */
export const STEPS = [
  platformStep,
  nodeStep,
  npmPackagesStep,
  venvStep,
  pythonPackagesStep,
  smollm2Step,
  addonStep,
  typescriptStep,
  kernelStep,
];

/** Do all of the set-up that is not done yet. */
export async function setUp(/** @type {import("../core/project.mjs").Project} */ project) {
  const began = performance.now();
  mkdirSync(project.state, { recursive: true });
  await withLock(project.state, () => runSteps(STEPS, project));
  say(`Set-up complete · ${duration(performance.now() - began)}`);
}
