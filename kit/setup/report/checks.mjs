import { existsSync } from "node:fs";
import { join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { run } from "../core/run.mjs";
import { JOBS, runJob } from "../jobs.mjs";
import { provideChromium } from "./chromium-install.mjs";
import { runVitest } from "./vitest.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/**
 * One part of the check. `tests` counts tests one by one; the others count as one each.
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {(project: Project) => Promise<import("./vitest.mjs").Counts | boolean>} run
 */

/** What has to hold before a change is shared, the tests first. @type {readonly Check[]} */
export const CHECKS = [
  { name: "tests", run: (project) => runVitest(project, []) },
  { name: "format", run: (project) => node(project, ["@biomejs", "biome", "bin", "biome"], ["check"]) },
  { name: "types", run: types },
  { name: "tables", run: (project) => job(project, "kintsugi", ["tables", "--check"]) },
  { name: "lm-eval", run: (project) => job(project, "check-lm-eval", []) },
  { name: "studies (smoke)", run: (project) => job(project, "smoke-studies", []) },
  { name: "notebooks (smoke)", run: (project) => job(project, "notebooks", ["--profile", "smoke"]) },
  { name: "browser", run: browser },
];

/** A program of a package, in a Node of its own. */
async function node(
  /** @type {Project} */ { root, modules },
  /** @type {string[]} */ path,
  /** @type {string[]} */ args,
) {
  const { code } = await run(process.execPath, [join(modules, ...path), ...args], { cwd: root, shown: true });
  return code === 0;
}

/** The library, then the set-up, whose types stand in comments. */
async function types(/** @type {Project} */ project) {
  const tsc = ["typescript", "bin", "tsc"];
  const library = await node(project, tsc, ["--noEmit", "--incremental", "false"]);
  const setup = await node(project, tsc, ["-p", join("kit", "setup", "tsconfig.json")]);
  return library && setup;
}

async function job(/** @type {Project} */ project, /** @type {string} */ name, /** @type {string[]} */ args) {
  const program = join(project.dist, JOBS[name]);
  if (!existsSync(program)) throw new SetupFailure(`${program} is missing`);
  return (await runJob(project, program, args)) === 0;
}

async function browser(/** @type {Project} */ project) {
  const chromium = await provideChromium(join(project.state, "logs", "chromium.log"));
  if (chromium !== undefined) return job(project, "test-browser", []);
  throw new SetupFailure("no Chromium for the browser test", {
    type: "Install one (Debian: apt-get install chromium), or name one: KINTSUGI_CHROMIUM=/path/to/chromium",
  });
}
