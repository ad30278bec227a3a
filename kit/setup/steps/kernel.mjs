import { existsSync } from "node:fs";
import { filesBelow, fingerprint } from "../core/fingerprint.mjs";
import { installKernel, kernelInstallation, kernelSpec } from "../jupyter/install.mjs";
import { writeLabSettings } from "../jupyter/settings.mjs";

/** @type {import("../core/steps.mjs").Step} */
export const kernelStep = {
  id: "kernel",
  title: "Jupyter kernel and Plotly renderer",
  fingerprint: (project) =>
    fingerprint({
      files: existsSync(project.labextensionSource) ? filesBelow(project.labextensionSource, () => true) : [],
      values: [JSON.stringify(kernelSpec(project)), existsSync(project.kernelEntry) ? "built" : "absent"],
    }),
  outputs: ({ jupyter }) => {
    const at = kernelInstallation(jupyter.data);
    return [at.kernel, at.labextension].flatMap((folder) => (existsSync(folder) ? filesBelow(folder, () => true) : []));
  },
  run(project) {
    installKernel(project, project.jupyter.data);
    writeLabSettings(project);
  },
};
