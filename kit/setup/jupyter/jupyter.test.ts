import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { project, projectAt } from "../core/project.mjs";
import { jupyterEnvironment, kitEnvironment } from "./environment.mjs";
import { installKernel, kernelInstallation, kernelProblem, labextensionProblem, removeKernel } from "./install.mjs";
import { answers, choosePort, startJupyterLab } from "./server.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kintsugi-jupyter-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a Python program that sees the Jupyter data folder `data` prints as JSON. */
function ask(program: string, data: string): unknown {
  const env = { ...process.env, JUPYTER_PATH: data, JUPYTER_PREFER_ENV_PATH: "0" };
  return JSON.parse(spawnSync(project.python, ["-c", program, data], { encoding: "utf8", env }).stdout);
}

describe("kernel and Plotly extension in another Jupyter", () => {
  test("Jupyter finds both, and nothing stays behind after removal", () => {
    const data = join(folder, "share", "jupyter");
    const written = installKernel(project, data);
    expect(written.every((path) => existsSync(path))).toBe(true);
    const spec = JSON.parse(readFileSync(join(data, "kernels", "tslab", "kernel.json"), "utf8"));
    expect(spec).toMatchObject({
      argv: [process.execPath, project.kernelEntry, "--config-path", "{connection_file}"],
      language: "typescript",
      interrupt_mode: "signal",
      metadata: { debugger: false },
    });
    const seen = ask(
      `import json, sys
from jupyter_client.kernelspec import KernelSpecManager
from jupyterlab_server.config import get_federated_extensions
print(json.dumps([KernelSpecManager().find_kernel_specs(), get_federated_extensions([sys.argv[1] + "/labextensions"])]))`,
      data,
    ) as [Record<string, string>, Record<string, unknown>];
    expect(seen[0].tslab).toBe(join(data, "kernels", "tslab"));
    expect(seen[1]["jupyterlab-plotly"]).toMatchObject({
      jupyterlab: { mimeExtension: true },
      install: { packageName: "jupyterlab-plotly" },
    });

    expect(removeKernel(data)).toHaveLength(2);
    expect(readdirSync(join(data, "kernels"))).toEqual([]);
    expect(readdirSync(join(data, "labextensions"))).toEqual([]);
    expect(existsSync(join(data, "replaced-by-kintsugi"))).toBe(false);
    expect(removeKernel(data)).toEqual([]);
  });

  test("a stock tslab and PyPI's plotly come back when ours leave", () => {
    const at = kernelInstallation(folder);
    mkdirSync(at.kernel, { recursive: true });
    mkdirSync(at.labextension, { recursive: true });
    writeFileSync(join(at.kernel, "kernel.json"), '{"argv": ["tslab"]}');
    writeFileSync(join(at.labextension, "package.json"), '{"name": "jupyterlab-plotly", "version": "7"}');
    expect(removeKernel(folder)).toEqual([]); // Not ours: left alone.
    installKernel(project, folder);
    installKernel(project, folder); // The second time replaces our own, not the ones set aside.
    expect(readFileSync(join(at.kernel, "kernel.json"), "utf8")).toContain("kintsugi");
    removeKernel(folder);
    expect(readFileSync(join(at.kernel, "kernel.json"), "utf8")).toBe('{"argv": ["tslab"]}');
    expect(readFileSync(join(at.labextension, "package.json"), "utf8")).toContain('"version": "7"');
  });

  test("papermill, started from .venv by hand, finds the kernel and writes TypeScript", () => {
    const { JUPYTER_PATH: _, ...env } = process.env;
    const program = `import json, papermill.cli
from jupyter_client.kernelspec import find_kernel_specs
from papermill.translators import papermill_translators
print(json.dumps([find_kernel_specs()["tslab"], papermill_translators.find_translator("tslab", "typescript").codify({"profile": "full"})]))`;
    const answer = spawnSync(project.python, ["-c", program], { encoding: "utf8", env, cwd: folder });
    const [kernel, code]: [string, string] = JSON.parse(answer.stdout);
    expect(kernel).toBe(join(project.venv, "share", "jupyter", "kernels", "tslab"));
    expect(code).toMatch(/const profile.* = "full";/);
  });

  test("what is broken is named", () => {
    const at = kernelInstallation(folder);
    expect(kernelProblem(at)).toBe(`no kernelspec in ${at.kernel}`);
    expect(labextensionProblem(at)).toContain("package.json is missing");
    installKernel(project, folder);
    expect([kernelProblem(at), labextensionProblem(at)]).toEqual([undefined, undefined]);
    rmSync(join(at.labextension, "static", "plotly.min.js"));
    expect(labextensionProblem(at)).toContain("plotly.min.js is missing");
    writeFileSync(join(at.kernel, "kernel.json"), JSON.stringify({ argv: ["/no/such/node", "x"] }));
    expect(kernelProblem(at)).toBe("its kernelspec names /no/such/node, which is missing");
    writeFileSync(join(at.kernel, "kernel.json"), "{ broken");
    expect(kernelProblem(at)).toContain("no kernelspec");
  });
});

describe("where Jupyter reads and writes", () => {
  test("every one of Jupyter's folders is inside the project", () => {
    for (const path of Object.values(jupyterEnvironment(project))) expect(path.startsWith(project.root)).toBe(true);
    const answer = spawnSync(project.python, ["-m", "jupyter", "--paths", "--json"], {
      encoding: "utf8",
      env: kitEnvironment(project),
    });
    const paths: { data: string[]; config: string[]; runtime: string[] } = JSON.parse(answer.stdout);
    const home = process.env.HOME ?? "/nowhere";
    const outside = [...paths.data, ...paths.config, ...paths.runtime].filter((path) => !path.startsWith(project.root));
    expect(outside.filter((path) => path.startsWith(home) && !project.root.startsWith(home))).toEqual([]);
  });

  test("the mirror: a variable wins over the folder beside the project", () => {
    expect(kitEnvironment(project, { env: { KINTSUGI_MIRROR: "/mine" } }).KINTSUGI_MIRROR).toBe("/mine");
    const relative = kitEnvironment(project, { env: { KINTSUGI_MIRROR: "../mine" } });
    expect(relative.KINTSUGI_MIRROR).toBe(join(dirname(project.root), "mine"));
    expect(kitEnvironment(project, { env: { KINTSUGI_MIRROR: "" } }).KINTSUGI_MIRROR).toBeUndefined();
  });

  test("a folder beside the project is a mirror when it holds the golden values", () => {
    const at = projectAt(join(folder, "project"));
    const data = join(folder, "shared", "data");
    mkdirSync(data, { recursive: true });
    expect(kitEnvironment(at, { env: {} }).KINTSUGI_MIRROR).toBeUndefined();
    writeFileSync(join(data, "golden.json"), "{}");
    expect(kitEnvironment(at, { env: {} }).KINTSUGI_MIRROR).toBe(data);
  });
});

test("large pages of memory, unless the reader has settings of malloc of their own", () => {
  expect(kitEnvironment(project, { env: {} }).GLIBC_TUNABLES).toBe("glibc.malloc.hugetlb=1");
  expect(kitEnvironment(project, { env: { GLIBC_TUNABLES: "" } }).GLIBC_TUNABLES).toBe("");
});

test("a taken port is refused when it was asked for, and passed over when it was not", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await expect(choosePort(port)).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  expect(await choosePort(undefined)).toBeGreaterThanOrEqual(8888);
  await new Promise((resolve) => server.close(resolve));
  expect(await choosePort(port)).toBe(port);
});

test("a server that is still starting can be stopped, and says that it never was ready", async () => {
  const at = projectAt(folder);
  mkdirSync(dirname(at.python), { recursive: true });
  writeFileSync(at.python, "#!/bin/sh\nexec sleep 60\n");
  chmodSync(at.python, 0o755);
  const server = await startJupyterLab(at, {});
  const ready = expect(server.ready).rejects.toThrow("JupyterLab ended before it was ready");
  await server.stop();
  await ready;
});

test("our own server is asked without the agent that a proxy's variables change", async () => {
  const server = http.createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const agent = http.globalAgent as unknown as { addRequest: () => void };
  const shared = vi.spyOn(agent, "addRequest").mockImplementation(() => {
    throw new Error("through a proxy");
  });
  expect(await answers(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, "token")).toBe(true);
  shared.mockRestore();
  server.close();
});
