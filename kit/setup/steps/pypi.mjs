import { join } from "node:path";
import { pythonPackageVersion } from "../core/project.mjs";
import { lastLine, must, run } from "../core/run.mjs";
import { dim, say } from "../core/screen.mjs";
import { parsePipConfig, uvEnvironment } from "./pip-config.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

const UV = "uv==0.13.9";

/**
 * Install packages from PyPI into `.venv`: with uv, ten times faster than pip, or with pip where uv fails.
 *
 * @param {Project} project
 * @param {readonly string[]} what Arguments both understand: `-r file`, `--no-deps`, `name==version`.
 * @param {{ log: string, why: string }} options
 */
export async function installFromPypi(project, what, { log, why }) {
  const env = pipEnvironment(project);
  const uvFailure = await installWithUv(project, what, env, log);
  if (uvFailure === undefined) return;
  say(dim(`  uv could not do it (${uvFailure}): trying pip`));
  const progress = downloadProgress();
  await must(project.python, ["-m", "pip", "install", "--progress-bar", "off", ...what], {
    env,
    log,
    ...progress,
    why,
    type: "the command again when the network is back (pip config list shows which index is asked)",
  });
}

/** The environment pip runs in: its cache below the project, and no questions. */
function pipEnvironment(/** @type {Project} */ { cache }) {
  return {
    ...process.env,
    PIP_CACHE_DIR: join(cache, "pip"),
    PIP_NO_INPUT: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PYTHONUTF8: "1",
  };
}

/**
 * @param {Project} project
 * @param {readonly string[]} what
 * @param {NodeJS.ProcessEnv} env
 * @param {string} log
 * @returns {Promise<string | undefined>} Why it failed, or `undefined` when it worked.
 */
async function installWithUv(project, what, env, log) {
  const missing = await fetchUv(project, env, log);
  if (missing !== undefined) return missing;
  const [command, ...before] = uvCommand(project);
  const { code, output } = await run(command, [...before, "pip", "install", "--python", project.python, ...what], {
    env: await uvEnvironmentOf(project, env),
    log,
    ...downloadProgress(),
  });
  return code === 0 ? undefined : lastLine(output);
}

function uvCommand(/** @type {Project} */ { python }) {
  return [python, "-m", "uv", "--system-certs"];
}

/** Install uv into `.venv` unless it is there. @returns {Promise<string | undefined>} Why it failed. */
async function fetchUv(
  /** @type {Project} */ project,
  /** @type {NodeJS.ProcessEnv} */ env,
  /** @type {string | undefined} */ log = undefined,
) {
  if (pythonPackageVersion(project, "uv") === UV.split("==")[1]) return undefined;
  const args = ["-m", "pip", "install", "--progress-bar", "off", UV];
  const { code, output } = await run(project.python, args, { env, log, progress: () => "fetching uv" });
  return code === 0 ? undefined : lastLine(output);
}

/** pip's settings in uv's words, and uv's own files below the project. */
async function uvEnvironmentOf(/** @type {Project} */ project, /** @type {NodeJS.ProcessEnv} */ env) {
  const { code, output } = await run(project.python, ["-m", "pip", "config", "list"], { env });
  const settings = code === 0 ? parsePipConfig(output) : {};
  const own = { UV_CACHE_DIR: join(project.cache, "uv"), UV_PYTHON_DOWNLOADS: "never", UV_NO_PROGRESS: "1" };
  return { ...env, ...uvEnvironment(settings, env), ...own };
}

/**
 * Resolve a list of requirements into exact versions for every platform and Python the kit supports.
 *
 * @param {Project} project
 * @param {string} input
 * @param {string} output
 */
export async function compileRequirements(project, input, output) {
  const env = pipEnvironment(project);
  await fetchUv(project, env);
  const [command, ...before] = uvCommand(project);
  const plain = ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"];
  const range = ["--universal", "--python-version", "3.10"];
  await must(command, [...before, "pip", "compile", "--upgrade", ...plain, ...range, input, "--output-file", output], {
    env: await uvEnvironmentOf(project, env),
    why: `uv could not resolve ${input}`,
    progress: () => "resolving",
  });
}

/** Follow what uv and pip say about downloads. */
function downloadProgress() {
  /** @type {Map<string, string>} */
  const underWay = new Map();
  return {
    onLine(/** @type {string} */ line) {
      const [, begun, size] = /^\s*Downloading (\S+) \(([\d.]+ ?[kKMG]i?B)\)/.exec(line) ?? [];
      if (begun !== undefined) underWay.set(begun, size);
      const ended = /^\s*Downloaded (\S+)/.exec(line)?.[1];
      if (ended !== undefined) underWay.delete(ended);
      if (/^(Prepared|Installing)/.test(line.trim())) underWay.clear();
    },
    progress() {
      const items = [...underWay].slice(-3).map(([name, size]) => `${name} (${size})`);
      return items.length === 0 ? "" : `downloading ${items.join(", ")}`;
    },
  };
}
