import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../core/run.mjs";
import { kitEnvironment } from "../jupyter/environment.mjs";

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Run vitest, showing what it writes, and count.
 *
 * @param {import("../core/project.mjs").Project} project
 * @param {readonly string[]} args
 * @param {string} [node] The Node to run in, and to be found first by programs that tests start.
 * @returns {Promise<Counts>}
 */
export async function runVitest(project, args, node = process.execPath) {
  mkdirSync(project.state, { recursive: true });
  const file = join(project.state, `vitest-${process.pid}.json`);
  const vitest = join(project.modules, "vitest", "vitest.mjs");
  const { code } = await run(
    node,
    [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...args],
    {
      cwd: project.root,
      env: kitEnvironment(project, { node }),
      shown: true,
    },
  );
  const counts = countTests(readReport(file));
  rmSync(file, { force: true });
  // vitest also fails on an error outside any test, and when it finds no test at all.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport */

/**
 * Count the tests of a vitest JSON report; a file that could not even be read counts as one failure.
 *
 * @param {{ testResults?: FileReport[] }} report
 * @returns {Counts}
 */
export function countTests({ testResults = [] }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of testResults) {
    const failedBefore = counts.failed;
    for (const result of assertionResults) {
      if (result.status === "passed") counts.passed++;
      else if (result.status === "failed") counts.failed++;
      else counts.skipped++;
    }
    if (status === "failed" && counts.failed === failedBefore) counts.failed++;
  }
  return counts;
}

/** @returns {{ testResults?: FileReport[] }} */
function readReport(/** @type {string} */ file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // vitest ended before it wrote one; its exit code tells.
  }
}

/** The closing line everything that runs tests ends with. */
export function verdict(/** @type {{ passed: number, failed: number }} */ { passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}
