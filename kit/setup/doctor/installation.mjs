import { existsSync } from "node:fs";
import { pythonPackageVersion } from "../core/project.mjs";
import { errorLine, run } from "../core/run.mjs";
import { isDone } from "../core/steps.mjs";
import { gpuEnvironment } from "../jupyter/environment.mjs";
import { kernelInstallation, kernelProblem, labextensionProblem } from "../jupyter/install.mjs";
import { addonStep, loadAddon } from "../steps/addon.mjs";
import { isInstalled } from "../steps/npm-packages.mjs";
import { venvPython } from "../steps/python.mjs";
import { pythonPackagesStep, tensorflowDamage, tensorflowVersion } from "../steps/python-packages.mjs";
import { typescriptStep } from "../steps/typescript.mjs";
import { broken, good, SET_UP } from "./row.mjs";

/** @typedef {import("./row.mjs").Project} Project */
/** @typedef {import("./row.mjs").Row} Row */

/** What the set-up makes. @type {readonly [string, (project: Project) => Row | Promise<Row>][]} */
export const INSTALLATION = [
  ["npm packages", npmPackages],
  [".venv", venv],
  ["JupyterLab", jupyterlab],
  ["TensorFlow", tensorflow],
  ["Addon", addon],
  ["Device", device],
  ["TypeScript build", build],
  ["Kernel", kernel],
  ["Plotly renderer", plotly],
];

function npmPackages(/** @type {Project} */ project) {
  if (!existsSync(project.modules)) return broken("npm packages", "node_modules is missing");
  return isInstalled(project)
    ? good("npm packages", "as package-lock.json names them")
    : broken("npm packages", "node_modules does not fit package-lock.json");
}

function venv(/** @type {Project} */ project) {
  if (!existsSync(project.venv)) return broken(".venv", "missing");
  const version = venvPython(project);
  return version === undefined
    ? broken(".venv", "the Python it was made from is gone")
    : good(".venv", `Python ${version}`);
}

function jupyterlab(/** @type {Project} */ project) {
  const version = pythonPackageVersion(project, "jupyterlab");
  return version === undefined ? broken("JupyterLab", "not in .venv") : good("JupyterLab", version);
}

function tensorflow(/** @type {Project} */ project) {
  const version = tensorflowVersion(project);
  if (version === undefined) return broken("TensorFlow", "not in .venv");
  const damage = tensorflowDamage(project);
  return damage === undefined ? good("TensorFlow", version) : broken("TensorFlow", `${version}, but ${damage}`);
}

async function addon(/** @type {Project} */ project) {
  if (!existsSync(project.addon)) return broken("Addon", "not built");
  const { version, problem } = await loadAddon(project.addon);
  if (problem !== undefined)
    return broken(
      "Addon",
      `does not load in Node ${process.version}: ${problem}`,
      [pythonPackagesStep, addonStep].every((step) => isDone(step, project)) ? ALL_AGAIN : SET_UP,
    );
  const note = isDone(addonStep, project)
    ? ""
    : ", built from other sources or by hand: the set-up will build it again";
  return good("Addon", `TensorFlow ${version}, loads in Node ${process.version}${note}`);
}

/** The set-up leaves alone what it finds as it left it. uv's cache goes too: its files are the very ones in `.venv`. */
const ALL_AGAIN =
  "rm -r .venv .cache/uv .cache/setup/addon.json, then npm start (or npm test): TensorFlow and the addon made anew";

/** Loads TensorFlow.js itself; Node 23 dropped two functions it calls. */
const DEVICE = `const util = require("util"); util.isNullOrUndefined ??= (x) => x == null; util.isArray ??= Array.isArray;
const tf = require(process.argv[1]); console.log("device=" + (tf.backend().isUsingGpuDevice ? "GPU" : "CPU") + " sum=" + tf.sum(tf.ones([3])).dataSync()[0]);`;

async function device(/** @type {Project} */ project) {
  if (!existsSync(project.addon)) return broken("Device", "unknown without the addon");
  const env = { ...process.env, ...gpuEnvironment(project), TF_CPP_MIN_LOG_LEVEL: "3" };
  const { code, output } = await run(process.execPath, ["-e", DEVICE, project.tfjs], { env });
  const name = /device=(GPU|CPU) sum=3$/m.exec(output)?.[1];
  return code === 0 && name !== undefined
    ? good("Device", `TensorFlow computes on the ${name}`)
    : broken("Device", `TensorFlow does not compute: ${errorLine(output)}`);
}

function build(/** @type {Project} */ project) {
  if (!existsSync(project.dist)) return broken("TypeScript build", "kit/dist is missing");
  return isDone(typescriptStep, project)
    ? good("TypeScript build", "up to date")
    : broken("TypeScript build", "kit/dist is older than the sources, or was built by hand");
}

function kernel(/** @type {Project} */ project) {
  const problem = kernelProblem(kernelInstallation(project.jupyter.data));
  return problem === undefined ? good("Kernel", "tslab (TypeScript)") : broken("Kernel", problem);
}

function plotly(/** @type {Project} */ project) {
  const problem = labextensionProblem(kernelInstallation(project.jupyter.data));
  return problem === undefined
    ? good("Plotly renderer", "jupyterlab-plotly, served locally")
    : broken("Plotly renderer", problem);
}
