import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { filesBelow, fingerprint } from "../core/fingerprint.mjs";
import { errorLine, must, run } from "../core/run.mjs";
import { compilerIdentity, findCompiler } from "./compiler.mjs";
import { tensorflowFolder, tensorflowVersion } from "./python-packages.mjs";

/**
 * The addon of tfjs-node-gpu, compiled against the TensorFlow wheel of `.venv` in place of the TensorFlow 2.9 its own
 * install script would download, with the engine's `trace_binding.cc` added.
 */

/** @typedef {import("../core/project.mjs").Project} Project */

const COMMON_FLAGS = ["-O2", "-fPIC", "-std=c++17", "-DNAPI_VERSION=8", "-w"];

/**
 * `trace_binding.cc` stands between the package and TFE_NewContext: it defines `__wrap_TFE_NewContext` and calls
 * `__real_TFE_NewContext`. GNU linkers rename such calls with --wrap; macOS's cannot, so the preprocessor does, everywhere.
 */
const CALLS_WRAPPER = "-DTFE_NewContext=__wrap_TFE_NewContext";
const CALLS_TENSORFLOW = "-D__real_TFE_NewContext=TFE_NewContext";

/** @type {import("../core/steps.mjs").Step} */
export const addonStep = {
  id: "addon",
  title: "TensorFlow addon for Node",
  choice: "KINTSUGI_CXX",
  fingerprint: (project) =>
    fingerprint({
      files: addonSources(project),
      values: [
        ...COMMON_FLAGS,
        CALLS_WRAPPER,
        compilerIdentity(project),
        tensorflowVersion(project),
        tensorflowFolder(project),
      ],
    }),
  outputs: ({ addon }) => [addon],
  async run(project, { log }) {
    const compiler = await findCompiler(project, { log });
    const file = `${project.addon}.${process.pid}.tmp.node`; // Node loads only files that end in .node.
    mkdirSync(dirname(file), { recursive: true });
    try {
      await compile(project, compiler, file, log);
      const { version, problem } = await loadAddon(file);
      if (problem !== undefined)
        throw new SetupFailure(`the addon was compiled but does not load: ${problem}`, {
          type: "rm -r .venv .cache/uv, then the command again: TensorFlow anew; or with KINTSUGI_CXX=zig before it: another compiler",
        });
      renameSync(file, project.addon);
      return `TensorFlow ${version}, ${compiler.name}`;
    } finally {
      rmSync(file, { force: true });
    }
  },
};

/** The package's own sources, and the engine's. */
function addonSources(/** @type {Project} */ { tfjs, traceSource }) {
  const folders = [join(tfjs, "binding"), dirname(traceSource)].filter((folder) => existsSync(folder));
  return folders.flatMap((folder) => filesBelow(folder, (name) => /\.(cc|h)$/.test(name)));
}

/**
 * @param {Project} project
 * @param {import("./compiler.mjs").Compiler} compiler
 * @param {string} file
 * @param {string} log
 */
async function compile(project, compiler, file, log) {
  const tensorflow = tensorflowFolder(project);
  if (tensorflow === undefined)
    throw new SetupFailure("the TensorFlow wheel in .venv has no headers", {
      type: "rm -r .venv, then the command again",
    });
  const binding = join(project.tfjs, "binding");
  const headers = join(project.modules, "node-api-headers", "include");
  const remedy = { type: "rm -r node_modules (or git checkout kit/engine/native), then the command again" };
  for (const needed of [join(binding, "tfjs_backend.cc"), join(headers, "node_api.h"), project.traceSource]) {
    if (!existsSync(needed)) throw new SetupFailure(`${needed} is missing`, remedy);
  }
  const [command, ...before] = compiler.command;
  const flags = [
    ...compiler.flags,
    ...COMMON_FLAGS,
    `-I${headers}`,
    `-I${join(tensorflow, "include")}`,
    `-I${binding}`,
  ];
  const build = (/** @type {string[]} */ args, /** @type {string} */ part) =>
    must(command, [...before, ...args], {
      env: compiler.env,
      log: log.replace(/\.log$/, `-${part}.log`),
      progress: () => `compiling with ${compiler.name}`,
      why: `${compiler.name} could not build the addon (${part})`,
      type: compiler.name.startsWith("zig")
        ? "the command again"
        : "the command again with KINTSUGI_CXX=zig before it: another compiler, from PyPI",
    });
  const objects = [`${file}.backend.o`, `${file}.binding.o`];
  try {
    await Promise.all([
      build([...flags, CALLS_WRAPPER, "-c", join(binding, "tfjs_backend.cc"), "-o", objects[0]], "backend"),
      build([...flags, CALLS_TENSORFLOW, "-c", project.traceSource, "-o", objects[1]], "binding"),
    ]);
    await build([...compiler.flags, "-shared", ...objects, ...libraries(tensorflow), "-o", file], "link");
  } finally {
    for (const object of objects) rmSync(object, { force: true });
  }
}

/** The wheel's libraries, named by path: they have no development links. Node provides the rest when it loads the addon. */
function libraries(/** @type {string} */ tensorflow) {
  const names =
    process.platform === "darwin"
      ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
      : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  const late = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  return [...names.map((name) => join(tensorflow, name)), `-Wl,-rpath,${tensorflow}`, ...late];
}

/** Loads an addon in a Node of its own: a broken one ends the process that loads it. */
const LOAD =
  "const b = require(process.argv[1]); console.log('TF_Version=' + b.TF_Version + ' traces=' + (typeof b.traceBegin === 'function'))";

/**
 * @param {string} file
 * @param {string} [node]
 * @returns {Promise<{ version?: string, problem?: string }>}
 */
export async function loadAddon(file, node = process.execPath) {
  const { code, output } = await run(node, ["-e", LOAD, file], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" } });
  const [, version, traces] = /TF_Version=(\S+) traces=(true|false)/.exec(output) ?? [];
  if (code === 0 && traces === "true") return { version };
  if (code === 0 && version !== undefined) return { problem: "it lacks the kit's own part, which traces operations" };
  return { problem: errorLine(output).replace(`${file}: `, "") };
}
