import { existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { ask } from "../core/run.mjs";

/** The Python versions TensorFlow 2.21 has wheels for, the ones with most of them tried first. */
export const PYTHON_MINORS = [12, 11, 13, 10];

/**
 * @typedef {object} Python
 * @property {string} path The interpreter itself, past links and version managers' shims.
 * @property {string} version
 */

const REPORT = "import sys, json; print(json.dumps([sys.executable, '%d.%d.%d' % sys.version_info[:3]]))";
const CAN_MAKE_VENV = "import venv, ensurepip";

/**
 * Find a Python the kit can use: `KINTSUGI_PYTHON` if it is set, else the first good one on the PATH.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [venv] The environment it is for: activated, its own Python comes first on the PATH.
 * @returns {{ python?: Python, tried: string[] }} `tried`: why each of the others was passed over.
 */
export function findPython(env = process.env, venv = undefined) {
  const named = env.KINTSUGI_PYTHON;
  const names = named ? [named] : [...PYTHON_MINORS.map((minor) => `python3.${minor}`), "python3", "python"];
  /** @type {string[]} */
  const tried = [];
  for (const name of names) {
    for (const path of named ? [named] : onPath(name, env)) {
      const verdict = examine(path, env, venv);
      if (typeof verdict !== "string") return { python: verdict, tried };
      tried.push(`${path}: ${verdict}`);
    }
  }
  return { tried };
}

/** The Python at `path`, or why it will not do. Runs it: a version manager's shim exists without a Python behind it. */
function examine(
  /** @type {string} */ path,
  /** @type {NodeJS.ProcessEnv} */ env,
  /** @type {string | undefined} */ venv,
) {
  const answer = ask(path, ["-c", REPORT], { env });
  if (answer === undefined) return "does not run";
  /** @type {[string, string]} */
  const [executable, version] = JSON.parse(answer);
  if (venv !== undefined && isIn(venv, executable)) return "is in the environment that is to be made from it";
  if (!PYTHON_MINORS.some((minor) => version.startsWith(`3.${minor}.`))) return `is Python ${version}`;
  if (ask(path, ["-c", CAN_MAKE_VENV], { env }) === undefined)
    return `is Python ${version} without venv (on Debian: apt-get install python3-venv)`;
  return { path: executable, version };
}

/** Whether a Python is a virtual environment's own. It is a link that leads out of it: the folder of the link tells. */
function isIn(/** @type {string} */ venv, /** @type {string} */ executable) {
  const bin = join(venv, "bin");
  return existsSync(bin) && realpathSync(dirname(executable)) === realpathSync(bin);
}

function onPath(/** @type {string} */ name, /** @type {NodeJS.ProcessEnv} */ env) {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set(folders.map((folder) => join(folder, name)))].filter((path) => existsSync(path));
}

/** The Python a `.venv` was made from, if it still runs. */
export function venvPython(/** @type {import("../core/project.mjs").Project} */ { venv, python }) {
  try {
    const config = readFileSync(join(venv, "pyvenv.cfg"), "utf8");
    const version = /^version(?:_info)? *= *(\S+)/m.exec(config)?.[1];
    return version !== undefined && existsSync(python) ? version : undefined;
  } catch {
    return undefined;
  }
}

/** A Python, or the failure that says what was found instead. */
export function requirePython(env = process.env, /** @type {string | undefined} */ venv = undefined) {
  const { python, tried } = findPython(env, venv);
  if (python !== undefined) return python;
  const found = tried.length === 0 ? "none was found" : tried.join("; ");
  throw new SetupFailure(`no Python the kit can use (3.10 to 3.13 with venv): ${found}`, {
    type: "install one (Debian: apt-get install python3 python3-venv), or KINTSUGI_PYTHON=/path/to/python before the command, which remembers it",
  });
}
