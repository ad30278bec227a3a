import { existsSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { sitePackages } from "../core/project.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */

/** Variables that keep everything Jupyter reads and writes inside the project. */
export function jupyterEnvironment(/** @type {Project} */ { jupyter }) {
  return {
    JUPYTER_PATH: jupyter.data,
    JUPYTER_CONFIG_DIR: jupyter.config,
    JUPYTER_DATA_DIR: jupyter.data,
    JUPYTER_RUNTIME_DIR: jupyter.runtime,
    IPYTHONDIR: jupyter.ipython,
    JUPYTERLAB_SETTINGS_DIR: jupyter.settings,
    JUPYTERLAB_WORKSPACES_DIR: jupyter.workspaces,
    JP_LSP_VIRTUAL_DIR: join(jupyter.root, "virtual_documents"),
  };
}

/**
 * What a GPU needs beyond the wheels' own search paths, which find CUDA: where XLA's compiler keeps its library of device
 * code, and that TensorFlow leaves memory to others. Empty without the CUDA wheels.
 *
 * @returns {Record<string, string>}
 */
export function gpuEnvironment(/** @type {Project} */ project, env = process.env) {
  const nvcc = join(sitePackages(project) ?? "", "nvidia", "cuda_nvcc");
  if (!existsSync(nvcc)) return {};
  return {
    XLA_FLAGS: `--xla_gpu_cuda_data_dir=${nvcc} ${env.XLA_FLAGS ?? ""}`.trim(),
    TF_FORCE_GPU_ALLOW_GROWTH: env.TF_FORCE_GPU_ALLOW_GROWTH ?? "true",
  };
}

/**
 * Memory in pages of 2 MB, where glibc and the kernel have them: a training step walks through hundreds of megabytes, and looks
 * up a page for every 4 kB of them otherwise. glibc reads this when a process starts.
 */
export function memoryEnvironment(env = process.env) {
  return { GLIBC_TUNABLES: env.GLIBC_TUNABLES ?? "glibc.malloc.hugetlb=1" };
}

/**
 * The environment the kit's own programs run in: Jupyter inside the project, large pages of memory, the mirror beside it where there
 * is one.
 *
 * @param {Project} project
 * @param {{ env?: NodeJS.ProcessEnv, node?: string }} [options] `node`: the Node found first on the PATH.
 */
export function kitEnvironment(project, { env = process.env, node = process.execPath } = {}) {
  const mirror = env.KINTSUGI_MIRROR ?? defaultMirror(project);
  return {
    ...env,
    ...jupyterEnvironment(project),
    ...gpuEnvironment(project, env),
    ...memoryEnvironment(env),
    VIRTUAL_ENV: project.venv,
    PATH: [join(project.venv, "bin"), dirname(node), env.PATH ?? ""].join(delimiter),
    // Absolute, for kernels start in other folders. Set but empty: none, although there is a folder beside the project.
    KINTSUGI_MIRROR: mirror ? resolve(project.root, mirror) : undefined,
  };
}

/** The folder of models and data that may lie beside the project: the kit's own by its golden values, not a stranger's. */
export function defaultMirror(/** @type {Project} */ { root }) {
  const folder = resolve(root, "..", "shared", "data");
  return existsSync(join(folder, "golden.json")) ? folder : undefined;
}
