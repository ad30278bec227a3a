import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { readArguments } from "./core/arguments.mjs";
import { entry } from "./core/entry.mjs";
import { SetupFailure } from "./core/failure.mjs";
import { project } from "./core/project.mjs";
import { say } from "./core/screen.mjs";
import { installKernel, removeKernel } from "./jupyter/install.mjs";
import { setUp } from "./steps/index.mjs";

const USAGE = `npm run kernel -- --user | --prefix DIR [--remove]
  --user          for this user: every JupyterLab, and VS Code
  --prefix DIR    for the JupyterLab or JupyterHub installed in DIR (a virtual environment, a conda environment)
  --remove        take the kernel and the Plotly extension out again`;

/** Install the kernel and the Plotly extension into a Jupyter that is there already. */
await entry(async () => {
  const options = readArguments({ text: ["prefix"], flags: ["user", "remove"] }, USAGE);
  if (options === undefined) return;
  const data = dataFolder(options);
  if (options.remove) {
    const removed = removeKernel(data);
    for (const path of removed) say(`removed ${path}`);
    if (removed.length === 0) say(`nothing of the kit's is in ${data}`);
    return;
  }
  await setUp(project);
  for (const path of installKernel(project, data)) say(`wrote ${path}`);
  say(
    "Restart JupyterLab, or reload the VS Code window. The project has to stay where it is: the kernel runs from it.",
  );
});

/** The Jupyter data folder meant. */
function dataFolder(/** @type {{ user?: boolean, prefix?: string }} */ { user = false, prefix }) {
  if (user === (prefix !== undefined)) throw new SetupFailure("where to is not clear", { type: `Usage:\n${USAGE}` });
  if (prefix === undefined) return userDataFolder();
  if (!existsSync(prefix)) throw new SetupFailure(`--prefix ${prefix}: there is no such folder`);
  return join(resolve(prefix), "share", "jupyter");
}

/** Where Jupyter looks for what belongs to one user. */
function userDataFolder(env = process.env) {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  return join(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "jupyter");
}
