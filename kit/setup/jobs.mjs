import { run } from "./core/run.mjs";
import { kitEnvironment } from "./jupyter/environment.mjs";

/** The programs npm's scripts start, below kit/dist. @type {Readonly<Record<string, string>>} */
export const JOBS = {
  notebooks: "notebook/run.js",
  bench: "bench/main.js",
  "check-tinyllama": "bench/check-tinyllama.js",
  "check-mergekit": "bench/check-mergekit.js",
  "check-transformers": "bench/check-transformers.js",
  "check-lm-eval": "bench/check-lm-eval.js",
  "lm-eval": "bench/lm-eval.js",
  kintsugi: "cli/main.js",
  "smoke-studies": "test/smokeStudies.js",
  "check-resume": "test/checkResume.js",
  "test-browser": "test/browser.js",
};

/**
 * Run a compiled program of the kit as its own process. Asked to stop, it may finish its step and write a checkpoint.
 *
 * @param {import("./core/project.mjs").Project} project
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>} Its exit code.
 */
export async function runJob(project, program, args) {
  const { code } = await run(process.execPath, [program, ...args], {
    cwd: project.root,
    env: kitEnvironment(project),
    shown: true,
    patient: true,
  });
  return code;
}
