import { fingerprint, filesBelow } from "../core/fingerprint.mjs";
import { existsSync } from "node:fs";
import { installKernel, kernelInstallation, kernelProblem, labextensionProblem } from "../jupyter/install.mjs";
import { writeLabSettings } from "../jupyter/settings.mjs";

/** @type {import("../core/steps.mjs").Step} */
export const kernelStep = {
  id: "kernel",
  title: "Jupyter kernel and Plotly renderer",
  fingerprint: (project) =>
    fingerprint({
      files: existsSync(project.labextensionSource) ? filesBelow(project.labextensionSource, () => true) : [],
      values: [process.execPath, project.root],
    }),
  intact: (project) => {
    const at = kernelInstallation(project.jupyter.data);
    return kernelProblem(at) === undefined && labextensionProblem(at) === undefined;
  },
  run(project) {
    installKernel(project, project.jupyter.data);
    writeLabSettings(project);
  },
};
