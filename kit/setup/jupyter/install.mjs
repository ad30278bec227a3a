import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { writeWhole } from "../core/fingerprint.mjs";
import { gpuEnvironment } from "./environment.mjs";

/**
 * The kernelspec `tslab` and the Plotly extension, below any Jupyter data folder: the project's own, a user's, or the
 * share/jupyter of a prefix. What was there under the same names is set aside, and comes back on removal.
 */

/** @typedef {import("../core/project.mjs").Project} Project */
/** @typedef {ReturnType<typeof kernelInstallation>} Installation */

/** What Jupyter shows about where an extension came from; it is also how the kit knows its own. */
const INSTALLED_BY = {
  packageManager: "kintsugi",
  packageName: "jupyterlab-plotly",
  uninstallInstructions: "npm run kernel -- --remove, with --user or --prefix DIR",
};

/** Both paths below a Jupyter data folder, and where what they replace is kept. */
export function kernelInstallation(/** @type {string} */ data) {
  const aside = join(data, "replaced-by-kintsugi");
  return {
    kernel: join(data, "kernels", "tslab"),
    labextension: join(data, "labextensions", "jupyterlab-plotly"),
    aside: { kernel: join(aside, "tslab"), labextension: join(aside, "jupyterlab-plotly") },
  };
}

/** What Jupyter reads about the kernel. Paths are absolute: Jupyter starts it in the notebook's folder. */
export function kernelSpec(/** @type {Project} */ project) {
  return {
    argv: [process.execPath, project.kernelEntry, "--config-path", "{connection_file}"],
    display_name: "TypeScript (kintsugi)",
    language: "typescript",
    interrupt_mode: "signal",
    env: gpuEnvironment(project),
    metadata: { debugger: false, kintsugi: project.root },
  };
}

/**
 * Write the kernelspec and the extension below `data`.
 *
 * @param {Project} project
 * @param {string} data
 * @returns {string[]} What was written.
 */
export function installKernel(project, data) {
  return [installKernelSpec(project, data), installLabextension(project, data)];
}

/** Write the kernelspec below `data`. @returns {string} What was written. */
export function installKernelSpec(/** @type {Project} */ project, /** @type {string} */ data) {
  const at = kernelInstallation(data);
  requireFiles([project.kernelEntry]);
  setAside(at.kernel, at.aside.kernel);
  const file = join(at.kernel, "kernel.json");
  writeWhole(file, `${JSON.stringify(kernelSpec(project), null, 2)}\n`);
  return file;
}

/** Write the Plotly extension below `data`. @returns {string} What was written. */
function installLabextension(/** @type {Project} */ project, /** @type {string} */ data) {
  const at = kernelInstallation(data);
  requireFiles([join(project.labextensionSource, "package.json"), project.plotlyScript]);
  setAside(at.labextension, at.aside.labextension);
  fs.rmSync(at.labextension, { recursive: true, force: true });
  fs.mkdirSync(join(at.labextension, "static"), { recursive: true });
  fs.cpSync(project.labextensionSource, at.labextension, { recursive: true });
  fs.copyFileSync(project.plotlyScript, join(at.labextension, "static", "plotly.min.js"));
  writeWhole(join(at.labextension, "install.json"), `${JSON.stringify(INSTALLED_BY)}\n`);
  return at.labextension;
}

function requireFiles(/** @type {string[]} */ files) {
  const missing = files.find((file) => !fs.existsSync(file));
  if (missing === undefined) return;
  throw new SetupFailure(`${missing} is missing`, { type: "npm run build, or npm start on a whole checkout" });
}

/**
 * Take both out of `data` again, and put back what they replaced.
 *
 * @param {string} data
 * @returns {string[]} What was removed; folders that are somebody else's are left alone.
 */
export function removeKernel(data) {
  const at = kernelInstallation(data);
  /** @type {string[]} */
  const removed = [];
  for (const name of /** @type {const} */ (["kernel", "labextension"])) {
    if (!isOurs(at[name])) continue;
    fs.rmSync(at[name], { recursive: true });
    removed.push(at[name]);
    if (fs.existsSync(at.aside[name])) fs.renameSync(at.aside[name], at[name]);
  }
  try {
    fs.rmdirSync(dirname(at.aside.kernel));
  } catch {} // Not there, or not empty.
  return removed;
}

/** Why the kernel below `data` would not start, or `undefined`. */
export function kernelProblem(/** @type {Installation} */ { kernel }) {
  const spec = readJson(join(kernel, "kernel.json"));
  if (spec === undefined) return `no kernelspec in ${kernel}`;
  if (!Array.isArray(spec.argv)) return `${join(kernel, "kernel.json")} has no argv`;
  const missing = spec.argv.slice(0, 2).find((/** @type {string} */ path) => !fs.existsSync(path));
  return missing === undefined ? undefined : `its kernelspec names ${missing}, which is missing`;
}

/** Why JupyterLab would not draw Plotly figures with the extension below a data folder, or `undefined`. */
export function labextensionProblem(/** @type {Installation} */ { labextension }) {
  const needed = ["package.json", join("static", "remoteEntry.js"), join("static", "plotly.min.js")];
  const missing = needed.find((name) => !fs.existsSync(join(labextension, name)));
  return missing === undefined ? undefined : `${join(labextension, missing)} is missing`;
}

function setAside(/** @type {string} */ path, /** @type {string} */ aside) {
  if (!fs.existsSync(path) || isOurs(path)) return;
  fs.mkdirSync(dirname(aside), { recursive: true });
  fs.rmSync(aside, { recursive: true, force: true });
  fs.renameSync(path, aside);
}

/** Whether the kit wrote this kernelspec or extension folder. */
function isOurs(/** @type {string} */ path) {
  const spec = readJson(join(path, "kernel.json"));
  return (
    spec?.metadata?.kintsugi !== undefined ||
    readJson(join(path, "install.json"))?.packageManager === INSTALLED_BY.packageManager
  );
}

function readJson(/** @type {string} */ file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
