import { existsSync } from "node:fs";
import { join } from "node:path";
import { withChoices } from "../core/choices.mjs";
import { pythonPackageVersion, sitePackages } from "../core/project.mjs";
import { ask, run } from "../core/run.mjs";
import { installFromPypi } from "./pypi.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/**
 * @typedef {object} Compiler
 * @property {string} name As shown.
 * @property {string[]} command
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} flags What this compiler needs beyond the common flags.
 */

const ZIG = "ziglang==0.17.1";

/** The C++ compilers that are used when the machine has them. `KINTSUGI_CXX` names another, or `zig` for PyPI's. */
const SYSTEM_COMPILERS = ["g++", "clang++"];

/** The compiler of this machine that would be tried first, or `undefined` when PyPI's has to do. */
export function systemCompiler(env = process.env) {
  const wanted = env.KINTSUGI_CXX;
  if (wanted === "zig") return undefined;
  for (const name of wanted ? [wanted] : SYSTEM_COMPILERS) {
    const version = ask(name, ["--version"], { env })?.split("\n")[0];
    if (version !== undefined) return { name: version.trim(), command: [name], env, flags: [] };
  }
  return undefined;
}

/** How the compiler that will be used is told apart from another, for the fingerprint. */
export function compilerIdentity(/** @type {Project} */ project) {
  return systemCompiler(withChoices(project))?.name ?? ZIG;
}

/**
 * A compiler that works: the machine's own, or the one PyPI carries as `ziglang`, fetched now.
 *
 * @param {Project} project
 * @param {{ log: string }} options
 * @returns {Promise<Compiler>}
 */
export async function findCompiler(project, { log }) {
  const system = systemCompiler(withChoices(project));
  if (system !== undefined && (await compilesCpp(system, project))) return system;
  return zigCompiler(project, { log });
}

/** Whether the compiler finds a standard library: clang++ is often installed without one. */
async function compilesCpp(/** @type {Compiler} */ { command: [name], env }, /** @type {Project} */ { kit }) {
  const probe = join(kit, "setup", "steps", "probe.cc");
  return (await run(name, ["-std=c++17", "-fsyntax-only", probe], { env })).code === 0;
}

/**
 * @param {Project} project
 * @param {{ log: string }} options
 * @returns {Promise<Compiler>}
 */
async function zigCompiler(project, { log }) {
  const [name, version] = ZIG.split("==");
  if (pythonPackageVersion(project, name) !== version || !existsSync(join(sitePackages(project) ?? "", name, "zig"))) {
    await installFromPypi(project, [ZIG], {
      log,
      why: `this machine has no C++ compiler, and PyPI's (${ZIG}) could not be installed`,
    });
  }
  const cache = join(project.cache, "zig");
  return {
    name: `zig ${version} from PyPI`,
    command: [project.python, "-m", "ziglang", "c++"],
    env: { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache },
    // zig checks for undefined behaviour unless told otherwise; what it would call then is not there to be linked.
    flags: ["-fno-sanitize=undefined"],
  };
}
