import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../core/fingerprint.mjs";

/** JupyterLab asks the network for news, and the reader whether it may: neither belongs in a course. */
const OVERRIDES = {
  "@jupyterlab/apputils-extension:notification": {
    fetchNews: "false",
    checkForUpdates: false,
    doNotDisturbMode: false,
  },
};

/** Write JupyterLab's defaults for this project. */
export function writeLabSettings(/** @type {import("../core/project.mjs").Project} */ { jupyter }) {
  writeWhole(
    join(jupyter.config, "labconfig", "default_setting_overrides.json"),
    `${JSON.stringify(OVERRIDES, null, 2)}\n`,
  );
  for (const folder of [jupyter.runtime, jupyter.ipython, jupyter.settings, jupyter.workspaces])
    mkdirSync(folder, { recursive: true });
}
