/** Repositories of which headers are fetched, and those that are fetched as a whole. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { repositoryFolder } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { startHub } from "../source/testing/hub.js";
import { outlineRepository } from "./outline.js";
import { readSafetensors } from "./safetensors.js";
import { smallShapes, writeSmall } from "./testing/llama.js";

beforeEach(() => void vi.stubEnv("KINTSUGI_HOME", temporaryFolder()));
afterEach(() => vi.unstubAllEnvs());

const small = writeSmall(join(temporaryFolder(), "small"));
const weights = readFileSync(join(small, "model.safetensors"));
const config = readFileSync(join(small, "config.json"));

test("a header is the file's own, behind it are zeros, and what is there is not fetched again", async () => {
  const hub = await startHub({ "org/a": { "config.json": config, "model.safetensors": weights } });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  const folder = await outlineRepository({ id: "org/a", type: "models" });
  expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors"]);
  const file = join(folder, "model.safetensors");
  const { tensors } = await readSafetensors(file);
  expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([...smallShapes()]);
  const start = Math.min(...[...tensors.values()].map(({ offset }) => offset));
  expect(readFileSync(file)).toEqual(Buffer.concat([weights.subarray(0, start), Buffer.alloc(weights.length - start)]));
  const before = hub.requests.length;
  expect(await outlineRepository({ id: "org/a", type: "models" })).toBe(folder);
  expect(hub.requests.slice(before).map(({ path }) => path)).toEqual([expect.stringMatching(/^\/api\//)]);
});

test("a header that claims more than there is is told by who reads it", async () => {
  const broken = Buffer.from(weights);
  broken.writeBigUInt64LE(2n ** 40n);
  const hub = await startHub({ "org/a": { "config.json": config, "model.safetensors": broken } });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  const file = join(await outlineRepository({ id: "org/a", type: "models" }), "model.safetensors");
  expect(statSync(file).size).toBe(weights.length);
  await expect(readSafetensors(file)).rejects.toThrow(/header claims 1099511627776 bytes/);
});

test("other formats are fetched as a whole, under the names they are known by", async () => {
  const hub = await startHub({ "org/g": { "a.gguf": "GGUF" }, "org/l": { "deep/a.bin": "weights" } });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  const gguf = { id: "org/g", type: "models" } as const;
  expect(await outlineRepository(gguf)).toBe(repositoryFolder(gguf));
  const files = [{ name: "a.bin", remote: "deep/a.bin" }];
  const folder = await outlineRepository({ id: "org/l", type: "models", files });
  expect(readFileSync(join(folder, "a.bin"), "utf8")).toBe("weights");
});
