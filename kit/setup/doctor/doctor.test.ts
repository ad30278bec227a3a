import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { project, projectAt } from "../core/project.mjs";
import { installKernel } from "../jupyter/install.mjs";
import { absent, broken, examine, good, table } from "./row.mjs";

/** A project like this one, whose parts can be broken: links where nothing is changed, copies where something is. */
function copyOfProject(root: string) {
  const copy = projectAt(root);
  mkdirSync(copy.kit, { recursive: true });
  for (const name of ["package.json", "package-lock.json", "tsconfig.json"])
    cpSync(join(project.root, name), join(root, name));
  linkExcept(project.kit, copy.kit, ["setup"]);
  cpSync(join(project.kit, "setup"), join(copy.kit, "setup"), { recursive: true });
  linkExcept(project.modules, copy.modules, ["@tensorflow"]);
  linkExcept(dirname(project.tfjs), dirname(copy.tfjs), [basename(project.tfjs)]);
  // Node follows links before it looks around: what loads the addon has to be a copy to load the copied one.
  linkExcept(project.tfjs, copy.tfjs, ["lib", "dist", "package.json"]);
  for (const name of ["dist", "package.json"])
    cpSync(join(project.tfjs, name), join(copy.tfjs, name), { recursive: true });
  restoreAddon(copy);
  linkExcept(project.venv, copy.venv, ["bin"]);
  linkExcept(join(project.venv, "bin"), join(copy.venv, "bin"), []);
  installKernel(copy, copy.jupyter.data);
  return copy;
}

function restoreAddon(copy: ReturnType<typeof projectAt>): void {
  mkdirSync(dirname(copy.addon), { recursive: true });
  cpSync(project.addon, copy.addon);
}

function linkExcept(from: string, to: string, except: readonly string[]): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (!except.includes(name)) symlinkSync(join(from, name), join(to, name));
}

/** What the doctor says, with the rows of its table by name. */
function doctor(root: string, env: NodeJS.ProcessEnv = {}) {
  // A hub that refuses at once: no test waits for the network.
  const all = { ...process.env, HF_ENDPOINT: "http://127.0.0.1:9", ...env };
  const script = join(root, "kit", "setup", "doctor.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8", env: all });
  const row = (name: string) => new RegExp(`^ (.)  ${name} +(.*)(?:\n +→ (.*))?$`, "m").exec(stdout)?.slice(1) ?? [];
  return { status, stdout, stderr, row };
}

describe("a project with one thing broken", () => {
  let copy = projectAt("");
  beforeAll(() => {
    copy = copyOfProject(mkdtempSync(join(tmpdir(), "kintsugi-doctor-")));
  });
  afterAll(() => rmSync(copy.root, { recursive: true, force: true }));

  test("nothing broken: the installation has no ✗", () => {
    const { row } = doctor(copy.root);
    for (const name of [
      "Platform",
      "Node",
      "Python",
      "npm packages",
      "\\.venv",
      "JupyterLab",
      "TensorFlow",
      "Addon",
      "Device",
      "Kernel",
      "Plotly renderer",
    ]) {
      expect([name, row(name)[0]]).toEqual([name, "✓"]);
    }
    expect(row("Addon")[1]).toContain(`TensorFlow 2.21.0, loads in Node ${process.version}`);
  });

  test("no Python on the PATH", () => {
    const { row, status, stderr } = doctor(copy.root, {
      PATH: dirname(process.execPath) === "/usr/bin" ? "/nowhere" : dirname(process.execPath),
    });
    expect(row("Python")).toEqual([
      "✗",
      expect.stringContaining("no Python 3.10 to 3.13 with venv"),
      expect.stringContaining("apt-get install python3"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toBe("");
  });

  test("the Python of .venv is gone", () => {
    rmSync(copy.python);
    const { row, status } = doctor(copy.root);
    expect(row("\\.venv")).toEqual(["✗", "the Python it was made from is gone", "npm start (or npm test) does it"]);
    expect(status).toBe(1);
    symlinkSync(project.python, copy.python);
  });

  test("the addon is corrupt, then gone", () => {
    writeFileSync(copy.addon, "corrupt");
    const corrupt = doctor(copy.root);
    expect(corrupt.row("Addon")).toEqual([
      "✗",
      expect.stringContaining("does not load"),
      expect.stringContaining("npm start"),
    ]);
    expect(corrupt.row("Addon")[1]).toMatch(/: [^/]*(too short|invalid|not a mach-o)/i);
    expect(corrupt.row("Device")).toEqual([
      "✗",
      expect.stringMatching(/does not compute: .*tfjs_binding\.node/),
      expect.any(String),
    ]);
    expect(corrupt.status).toBe(1);
    rmSync(copy.addon);
    expect(doctor(copy.root).row("Addon")).toEqual(["✗", "not built", "npm start (or npm test) does it"]);
    restoreAddon(copy);
  });

  test("the kernel and the Plotly renderer are gone", () => {
    rmSync(copy.jupyter.data, { recursive: true });
    const { row, status } = doctor(copy.root);
    expect(row("Kernel")).toEqual(["✗", expect.stringContaining("no kernelspec"), "npm start (or npm test) does it"]);
    expect(row("Plotly renderer")).toEqual([
      "✗",
      expect.stringContaining("is missing"),
      "npm start (or npm test) does it",
    ]);
    expect(status).toBe(1);
    installKernel(copy, copy.jupyter.data);
  });
});

test("a fresh clone: every row is there, none is a stack trace, and the exit code is 1", () => {
  const root = mkdtempSync(join(tmpdir(), "kintsugi-doctor-"));
  cpSync(join(project.kit, "setup"), join(root, "kit", "setup"), { recursive: true });
  const { status, stdout, stderr, row } = doctor(root);
  expect(status).toBe(1);
  expect(stderr).toBe("");
  expect(stdout).not.toMatch(/^\s+at /m);
  expect(row("npm packages")).toEqual(["✗", "node_modules is missing", "npm start (or npm test) does it"]);
  expect(row("Hub")[0]).toBe("–");
  expect(stdout).toContain("follow the arrows");
  rmSync(root, { recursive: true });
});

test("the table lines up, and a look that throws is a finding", async () => {
  const thrown = await examine("Disk", () => {
    throw new Error("EACCES: permission denied");
  });
  expect(table([good("Node", "v20"), absent("GPU", "none"), broken("Kernel", "gone", "mend it"), thrown])).toEqual([
    " ✓  Node    v20",
    " –  GPU     none",
    " ✗  Kernel  gone",
    "            → mend it",
    " ✗  Disk    EACCES: permission denied",
    "            → npm start (or npm test) does it",
  ]);
});
