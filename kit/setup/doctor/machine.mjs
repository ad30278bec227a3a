// As a whole: an import by name that an old Node lacks would end the doctor before it can say that Node is old.
import * as fs from "node:fs";
import { totalmem } from "node:os";
import { withChoices } from "../core/choices.mjs";
import { ask } from "../core/run.mjs";
import { bytes } from "../core/screen.mjs";
import { systemCompiler } from "../steps/compiler.mjs";
import { nvidiaGpus } from "../steps/gpu.mjs";
import { NODE_WANTED, nodeIsSupported } from "../steps/node.mjs";
import { npmCommand } from "../steps/npm-packages.mjs";
import { thisPlatform } from "../steps/platform.mjs";
import { findPython } from "../steps/python.mjs";
import { absent, broken, good } from "./row.mjs";

/** @typedef {import("./row.mjs").Project} Project */

/** What the machine has to bring along. @type {readonly [string, (project: Project) => import("./row.mjs").Row][]} */
export const MACHINE = [
  ["Platform", platform],
  ["Node", node],
  ["npm", npm],
  ["Python", python],
  ["C++ compiler", compiler],
  ["GPU", gpu],
  ["Disk", disk],
  ["Memory", memory],
];

function platform() {
  const { supported, note } = thisPlatform();
  return supported ? good("Platform", note) : broken("Platform", note, "another machine, or WSL2 on this one");
}

function node() {
  if (nodeIsSupported(process.version)) return good("Node", `${process.version} (${process.execPath})`);
  return broken("Node", `${process.version}: expected ${NODE_WANTED}`, "install a current Node (https://nodejs.org)");
}

function npm() {
  const [command, ...before] = npmCommand();
  const version = ask(command, [...before, "--version"])?.trim();
  return version === undefined
    ? broken("npm", "does not run", "install npm, which comes with Node")
    : good("npm", version);
}

function python(/** @type {Project} */ project) {
  const { python, tried } = findPython(withChoices(project), project.venv);
  if (python !== undefined) return good("Python", `${python.version} (${python.path})`);
  const found = tried.length === 0 ? "none on the PATH" : tried.join("; ");
  return broken(
    "Python",
    `no Python 3.10 to 3.13 with venv: ${found}`,
    "install one (Debian: apt-get install python3 python3-venv), or set KINTSUGI_PYTHON",
  );
}

function compiler(/** @type {Project} */ project) {
  const system = systemCompiler(withChoices(project));
  return system === undefined
    ? absent("C++ compiler", "none; the set-up fetches one from PyPI (ziglang)")
    : good("C++ compiler", system.name);
}

function gpu(/** @type {Project} */ project) {
  const names = nvidiaGpus(withChoices(project));
  return names.length === 0
    ? absent("GPU", "no NVIDIA GPU; everything runs on the CPU")
    : good("GPU", names.join(", "));
}

/** What the set-up takes, with room for results. */
const DISK_FRESH = 4e9;
const DISK_SET_UP = 5e8;

function disk(/** @type {Project} */ { root, venv }) {
  const { bavail, bsize } = fs.statfsSync(root);
  const free = bavail * bsize;
  const wanted = fs.existsSync(venv) ? DISK_SET_UP : DISK_FRESH;
  if (free >= wanted) return good("Disk", `${bytes(free)} free`);
  return broken("Disk", `${bytes(free)} free, ${bytes(wanted)} wanted`, `make room on the disk that holds ${root}`);
}

const MEMORY_LEAST = 2e9;
const MEMORY_FULL = 4e9;

function memory() {
  const limit = process.constrainedMemory?.() ?? 0; // A container's limit; absurdly large where there is none.
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  if (total < MEMORY_LEAST)
    return broken(
      "Memory",
      `${bytes(total)}, at least ${bytes(MEMORY_LEAST)} wanted`,
      "a machine or container with more memory",
    );
  if (total < MEMORY_FULL)
    return absent("Memory", `${bytes(total)}: enough for the smoke profile`, `${bytes(MEMORY_FULL)} for the full one`);
  return good("Memory", bytes(total));
}
