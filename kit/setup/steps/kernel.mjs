import { existsSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, fingerprint, writeWhole } from "../core/fingerprint.mjs";
import { sitePackages } from "../core/project.mjs";
import { installKernel, installKernelSpec, kernelInstallation, kernelSpec } from "../jupyter/install.mjs";
import { writeLabSettings } from "../jupyter/settings.mjs";
import { venvIdentity } from "./venv.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/** @type {import("../core/steps.mjs").Step} */
export const kernelStep = {
  id: "kernel",
  title: "Jupyter kernel and Plotly renderer",
  fingerprint: (project) =>
    fingerprint({
      files: existsSync(project.labextensionSource) ? filesBelow(project.labextensionSource, () => true) : [],
      values: [
        JSON.stringify(kernelSpec(project)),
        existsSync(project.kernelEntry) ? "built" : "",
        venvIdentity(project),
      ],
    }),
  outputs: (project) => {
    const at = kernelInstallation(project.jupyter.data);
    const folders = [at.kernel, at.labextension, kernelInstallation(venvData(project)).kernel];
    return [
      papermillPath(project),
      ...folders.flatMap((folder) => (existsSync(folder) ? filesBelow(folder, () => true) : [])),
    ];
  },
  run(project) {
    installKernel(project, project.jupyter.data);
    // Programs of .venv that were not started by the kit (papermill, nbconvert, VS Code) look there.
    installKernelSpec(project, venvData(project));
    writeWhole(papermillPath(project), `${project.papermill}\n`);
    writeLabSettings(project);
  },
};

function venvData(/** @type {Project} */ { venv }) {
  return join(venv, "share", "jupyter");
}

/** The file that puts a folder on the path of every Python program of `.venv`. */
function papermillPath(/** @type {Project} */ project) {
  return join(sitePackages(project) ?? project.venv, "kintsugi.pth");
}
