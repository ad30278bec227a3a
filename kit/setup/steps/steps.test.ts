import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keepChoice } from "../core/choices.mjs";
import { fingerprint } from "../core/fingerprint.mjs";
import { project, projectAt } from "../core/project.mjs";
import { loadAddon } from "./addon.mjs";
import { systemCompiler } from "./compiler.mjs";
import { nvidiaGpus } from "./gpu.mjs";
import { NODE_WANTED, nodeIsSupported } from "./node.mjs";
import { isInstalled } from "./npm-packages.mjs";
import { parsePipConfig, uvEnvironment } from "./pip-config.mjs";
import { platformAnswer } from "./platform.mjs";
import { findPython, requirePython } from "./python.mjs";
import { tensorflowDamage } from "./python-packages.mjs";
import { venvStep } from "./venv.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kintsugi-setup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("platforms", () => {
  test.each([
    ["linux", "x64", true, /^linux x64$/],
    ["linux", "arm64", true, /^linux arm64, not yet verified$/],
    ["darwin", "arm64", true, /not yet verified/],
    ["darwin", "x64", false, /is not supported: the kit runs on Linux/],
    ["win32", "x64", false, /WSL2/],
    ["linux", "riscv64", false, /is not supported/],
    ["freebsd", "x64", false, /is not supported/],
  ])("%s %s", (platform, arch, supported, note) => {
    const answer = platformAnswer(platform, arch);
    expect(answer.supported).toBe(supported);
    expect(answer.note).toMatch(note);
  });

  test("Linux with musl is told why", () => {
    expect(platformAnswer("linux", "x64", { musl: true })).toMatchObject({
      supported: false,
      note: expect.stringContaining("glibc"),
    });
  });

  test("Node versions", () => {
    const good = ["v20.19.0", "v20.20.2", "v22.13.0", "v24.0.0", "v26.10.0"];
    const bad = ["v18.20.0", "v20.18.3", "v21.7.0", "v22.12.0", "v23.5.0"];
    expect(good.map(nodeIsSupported)).toEqual(good.map(() => true));
    expect(bad.map(nodeIsSupported)).toEqual(bad.map(() => false));
  });

  test("the README and both package.json ask for the same Node as the set-up", () => {
    const text = (name: string) => readFileSync(join(project.root, name), "utf8");
    expect(text("README.md").replace(/\s+/g, " ")).toContain(NODE_WANTED);
    for (const name of ["package.json", join("kit", "package.json")])
      expect(JSON.parse(text(name)).engines.node).toBe("^20.19 || ^22.13 || >=24");
  });
});

describe("pip's configuration for uv", () => {
  test("later sources win, as they do for pip", () => {
    const listing = [
      "global.index-url='https://global.example/simple'",
      "install.index-url='https://install.example/simple'",
      ":env:.index-url='https://variable.example/simple'",
      "install.trusted-host='a.example\\nb.example'",
      "list.format='columns'",
      "something unreadable",
    ].join("\n");
    expect(parsePipConfig(listing)).toEqual({
      "index-url": "https://variable.example/simple",
      "trusted-host": "a.example\nb.example",
    });
    expect(parsePipConfig(listing.split("\n").reverse().join("\n"))["index-url"]).toBe(
      "https://variable.example/simple",
    );
  });

  test("every setting arrives under uv's name", () => {
    const pip = {
      "index-url": "https://user:secret@index.example/simple",
      "extra-index-url": "https://one.example/simple\nhttps://two.example/simple",
      "find-links": `${folder} /no/such/folder https://links.example`,
      "trusted-host": "a.example b.example",
      cert: "/etc/certificates.pem",
      timeout: "180",
      "no-index": "true",
    };
    expect(uvEnvironment(pip, {})).toEqual({
      UV_DEFAULT_INDEX: "https://user:secret@index.example/simple",
      UV_INDEX: "https://one.example/simple https://two.example/simple",
      UV_INDEX_STRATEGY: "unsafe-best-match",
      UV_FIND_LINKS: `${folder},https://links.example`,
      UV_INSECURE_HOST: "a.example b.example",
      SSL_CERT_FILE: "/etc/certificates.pem",
      UV_HTTP_TIMEOUT: "180",
      UV_NO_INDEX: "1",
    });
  });

  test("uv's own variables are left alone, and nothing is invented", () => {
    expect(uvEnvironment({ "index-url": "https://pip.example" }, { UV_INDEX_URL: "https://uv.example" })).toEqual({});
    expect(uvEnvironment({ cert: "/pip.pem" }, { SSL_CERT_FILE: "/mine.pem" })).toEqual({});
    expect(uvEnvironment({}, {})).toEqual({});
  });

  test.each(["cpu", "gpu"] as const)("the %s lock file holds exact versions and no address", (variant) => {
    const lines = readFileSync(project.requirements(variant), "utf8").trim().split("\n");
    for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+==[\w.]+( ; .+)?$/);
    expect(lines.join("\n")).toContain("jupyterlab==4.6.6");
    expect(lines.join("\n")).toMatch(/^tensorflow==2\.21\.0/m);
  });
});

describe("finding Python", () => {
  /** A program that answers as Python of that version would. */
  const fake = (name: string, version: string, { venv = true } = {}) => {
    const path = join(folder, name);
    const answer = `["${path}", "${version}"]`;
    writeFileSync(path, `#!/bin/sh\ncase "$2" in *ensurepip*) exit ${venv ? 0 : 1};; *) echo '${answer}';; esac\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const env = () => ({ PATH: folder });

  test("takes the first that will do, and says why others will not", () => {
    fake("python3.12", "3.12.4", { venv: false });
    fake("python3", "3.14.0");
    const path = fake("python3.11", "3.11.7");
    const { python, tried } = findPython(env());
    expect(python).toEqual({ path, version: "3.11.7" });
    expect(tried).toEqual([expect.stringMatching(/python3\.12: is Python 3\.12\.4 without venv \(on Debian: apt-get/)]);
  });

  test("a shim without a Python behind it is passed over", () => {
    const shim = join(folder, "python3.12");
    writeFileSync(shim, "#!/bin/sh\nexit 127\n");
    chmodSync(shim, 0o755);
    expect(() => requirePython(env())).toThrow(
      /no Python the kit can use \(3\.10 to 3\.13 with venv\): .*does not run/,
    );
  });

  test("none at all, a version too new, and one named by hand", () => {
    expect(() => requirePython(env())).toThrow("none was found");
    const path = fake("python3", "3.14.0");
    expect(() => requirePython(env())).toThrow("is Python 3.14.0");
    expect(() => requirePython({ ...env(), KINTSUGI_PYTHON: path })).toThrow("is Python 3.14.0");
    const mine = fake("my-python", "3.13.1");
    expect(requirePython({ ...env(), KINTSUGI_PYTHON: mine })).toEqual({ path: mine, version: "3.13.1" });
  });

  test("the Python of the activated .venv is passed over: .venv is about to be made anew", () => {
    const venv = join(folder, ".venv");
    mkdirSync(join(venv, "bin"), { recursive: true });
    const own = fake(join(".venv", "bin", "python3.12"), "3.12.4");
    const PATH = `${join(venv, "bin")}:${folder}`;
    expect(() => requirePython({ PATH }, venv)).toThrow(`${own}: is in the environment that is to be made from it`);
    const path = fake("python3.12", "3.12.4");
    expect(requirePython({ PATH }, venv)).toEqual({ path, version: "3.12.4" });
  });
});

describe("what is there already", () => {
  const write = (path: string, value: unknown) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(value));
  };

  test("node_modules made by hand counts when it holds what the lock file names", () => {
    const at = projectAt(folder);
    const packages = {
      "": {},
      kit: {},
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b-win32": { version: "1.0.0", optional: true },
      "node_modules/kit": { link: true },
    };
    write("package-lock.json", { packages });
    expect(isInstalled(at)).toBe(false);
    write("node_modules/.package-lock.json", { packages: { "node_modules/a": { version: "1.0.0" } } });
    expect(isInstalled(at)).toBe(false);
    write("node_modules/a/package.json", {});
    expect(isInstalled(at)).toBe(true);
    write("package-lock.json", { packages: { ...packages, "node_modules/a": { version: "1.0.1" } } });
    expect(isInstalled(at)).toBe(false);
  });

  test("an optional package counts where it is built for this machine", () => {
    const at = projectAt(folder);
    const wanted = (platforms: object) => {
      write("package-lock.json", {
        packages: { "node_modules/b": { version: "1.0.0", optional: true, ...platforms } },
      });
      return isInstalled(at);
    };
    write("node_modules/.package-lock.json", { packages: {} });
    expect(wanted({ os: [process.platform], cpu: [process.arch] })).toBe(false);
    expect(wanted({ os: ["!aix"] })).toBe(false);
    expect(wanted({ os: [`!${process.platform}`] })).toBe(true);
    expect(wanted({ os: [process.platform], cpu: ["wasm32"] })).toBe(true);
    expect(wanted({ os: [process.platform], libc: ["none"] })).toBe(true);
  });

  test("a TensorFlow library cut off half way is named", () => {
    const at = projectAt(folder);
    const site = join(at.venv, "lib", "python3.12", "site-packages");
    expect(tensorflowDamage(at)).toBe("its headers are missing");
    mkdirSync(join(site, "tensorflow", "include"), { recursive: true });
    expect(tensorflowDamage(at)).toBeUndefined(); // Nothing says how long they are.
    mkdirSync(join(site, "tensorflow_cpu-2.21.0.dist-info"));
    const list = "tensorflow/__init__.py,sha256=x,7\ntensorflow/libtensorflow_cc.so.2,sha256=x,4\n";
    writeFileSync(join(site, "tensorflow_cpu-2.21.0.dist-info", "RECORD"), list);
    expect(tensorflowDamage(at)).toBe("tensorflow/libtensorflow_cc.so.2 is missing");
    writeFileSync(join(site, "tensorflow", "libtensorflow_cc.so.2"), "ELF");
    expect(tensorflowDamage(at)).toBe("tensorflow/libtensorflow_cc.so.2 has 3 bytes instead of 4");
    writeFileSync(join(site, "tensorflow", "libtensorflow_cc.so.2"), "ELF.");
    expect(tensorflowDamage(at)).toBeUndefined();
    expect(tensorflowDamage(project)).toBeUndefined();
  });

  test("an addon that is none says so instead of ending the process", async () => {
    const file = join(folder, "tfjs_binding.node");
    writeFileSync(file, "not an addon");
    expect((await loadAddon(file)).problem).toMatch(/file too short|invalid ELF|not a mach-o/i);
    expect((await loadAddon(join(folder, "none.node"))).problem).toMatch(/Cannot find module|cannot open/);
  });

  test("the real addon loads, with the tracing part", async () => {
    expect(await loadAddon(project.addon)).toEqual({ version: "2.21.0" });
  });

  test("an environment made without a record of a choice, or before the variable was unset, stays", () => {
    const at = projectAt(folder);
    vi.stubEnv("KINTSUGI_PYTHON", undefined);
    const plain = fingerprint({ values: [at.venv, undefined] }); // As before choices were kept.
    expect(venvStep.fingerprint?.(at)).toBe(plain);
    keepChoice(at, venvStep.choice, { KINTSUGI_PYTHON: "/opt/python3.11" });
    expect(venvStep.fingerprint?.(at)).toBe(fingerprint({ values: [at.venv, "/opt/python3.11"] }));
    keepChoice(at, venvStep.choice, { KINTSUGI_PYTHON: "" });
    expect(venvStep.fingerprint?.(at)).toBe(plain);
    vi.unstubAllEnvs();
  });

  test("compilers: none on an empty PATH, one named by hand, PyPI's on request", () => {
    expect(systemCompiler({ PATH: folder })).toBeUndefined();
    expect(systemCompiler({ ...process.env, KINTSUGI_CXX: "zig" })).toBeUndefined();
    const path = join(folder, "clang++");
    writeFileSync(path, "#!/bin/sh\necho fake clang 1.0\n");
    chmodSync(path, 0o755);
    expect(systemCompiler({ PATH: folder })).toMatchObject({ name: "fake clang 1.0", command: ["clang++"] });
    expect(systemCompiler({ PATH: "", KINTSUGI_CXX: path })).toMatchObject({ command: [path] });
    expect(nvidiaGpus({ KINTSUGI_GPU: "off" })).toEqual([]);
  });
});
