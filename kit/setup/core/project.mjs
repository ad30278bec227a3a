import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Every place the set-up reads or writes, all of them below `root`: deleting the project uninstalls it.
 *
 * @typedef {ReturnType<typeof projectAt>} Project
 */

/** The project as laid out below `root`. Functions take it as an argument, so that a test can point them elsewhere. */
export function projectAt(/** @type {string} */ root) {
  const modules = join(root, "node_modules");
  const cache = join(root, ".cache");
  const jupyter = join(root, ".jupyter");
  const venv = join(root, ".venv");
  return {
    root,
    modules,
    cache,
    /** Fingerprints, logs and the lock of the set-up. */
    state: join(cache, "setup"),
    venv,
    /** The interpreter every Python command runs with; scripts in `bin` are avoided, their first line breaks on a move. */
    python: join(venv, "bin", "python"),
    /** The lock files of the Python packages. */
    requirements: (/** @type {"cpu" | "gpu"} */ variant) => join(root, "kit", "setup", "python", `${variant}.txt`),
    tfjs: join(modules, "@tensorflow", "tfjs-node-gpu"),
    addon: join(modules, "@tensorflow", "tfjs-node-gpu", "lib", "napi-v8", "tfjs_binding.node"),
    /** The engine's own part of the addon. */
    traceSource: join(root, "kit", "engine", "native", "trace_binding.cc"),
    kit: join(root, "kit"),
    dist: join(root, "kit", "dist"),
    kernelEntry: join(root, "kit", "dist", "notebook", "kernel", "main.js"),
    labextensionSource: join(root, "kit", "notebook", "labextension"),
    /** Python on the path of `.venv`, so that its papermill writes parameters in TypeScript. */
    papermill: join(root, "kit", "notebook", "papermill"),
    plotlyScript: join(modules, "plotly.js-dist-min", "plotly.min.js"),
    notebooks: join(root, "notebooks"),
    jupyter: {
      root: jupyter,
      config: join(jupyter, "config"),
      data: join(jupyter, "data"),
      runtime: join(jupyter, "runtime"),
      ipython: join(jupyter, "ipython"),
      settings: join(jupyter, "lab", "settings"),
      workspaces: join(jupyter, "lab", "workspaces"),
    },
  };
}

/** This checkout. */
export const project = projectAt(resolve(dirname(fileURLToPath(import.meta.url)), "..", "..", ".."));

/** Where `.venv` keeps its packages, or `undefined` while there is no `.venv`. */
export function sitePackages(/** @type {Project} */ { venv }) {
  const lib = join(venv, "lib");
  if (!existsSync(lib)) return undefined;
  const version = readdirSync(lib).find((name) => /^python3\.\d+$/.test(name));
  return version === undefined ? undefined : join(lib, version, "site-packages");
}

/** The version of an installed Python package, read from its metadata folder: a tenth of the time of asking Python. */
export function pythonPackageVersion(/** @type {Project} */ at, /** @type {string} */ name) {
  const folder = sitePackages(at);
  if (folder === undefined || !existsSync(folder)) return undefined;
  const prefix = `${name.replaceAll("-", "_")}-`;
  const found = readdirSync(folder).find((entry) => entry.startsWith(prefix) && entry.endsWith(".dist-info"));
  return found?.slice(prefix.length, -".dist-info".length);
}
