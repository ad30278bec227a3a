/** What is fetched for a run is told: where its model comes from, its base, its data. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { projectRoot } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { startHub } from "../source/testing/hub.js";
import { toyStories } from "../text/index.js";
import { load } from "../weights/index.js";
import { type HealingSpec, healingRun } from "./heal.js";
import { prepareData } from "./runData.js";
import { freeStart, startOf } from "./start.js";

const sample = join(projectRoot(), "data", "sample", "pico");
const pico = Object.fromEntries(readdirSync(sample).map((name) => [name, readFileSync(join(sample, name))]));
const stories = (seed: number): string =>
  toyStories({ seed, count: 20 })
    .map((text) => `${JSON.stringify({ text })}\n`)
    .join("");

let said: string[];
const say = (message: string): void => void said.push(message);

beforeEach(async () => {
  said = [];
  const rows = { "org/one": { "train.jsonl": stories(1) }, "org/two": { "train.jsonl": stories(2) } };
  const hub = await startHub({ "org/pico": pico, "org/base": pico, ...rows });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("KINTSUGI_MIRROR", "");
  vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
});
afterEach(() => vi.unstubAllEnvs());

const healing: HealingSpec = {
  source: "org/pico",
  base: "org/base",
  corpus: { kind: "mixture", sources: [{ from: "org/one", weight: 1 }] },
  validation: 0.2,
  tokens: 512,
};

test("a model and its base", async () => {
  const { spec } = await healingRun("fetched", 0, healing, { say });
  expect(said).toEqual([expect.stringMatching(/^fetches org\/pico: \S+, \d+\.\d MB of \d+\.\d MB$/)]);
  said = [];
  freeStart(await startOf(spec, 0, say));
  expect(said).toEqual([expect.stringMatching(/^fetches org\/base: /)]);
  // Another cache: the run begins on another machine.
  vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
  said = [];
  freeStart(await startOf(spec, 0, say));
  expect(said).toEqual(["org/pico", "org/base"].map((name) => expect.stringMatching(`^fetches ${name}: `)));
});

test("what it reads", async () => {
  const { spec } = await healingRun("fetched", 0, healing, { say });
  const source = await load(sample);
  said = [];
  await prepareData(spec, source, say);
  expect(said).toEqual([expect.stringMatching(/^fetches org\/one: train\.jsonl, /)]);
  const sources = ["org/one", "org/two"].map((from) => ({ from, weight: 1 }));
  vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
  said = [];
  await prepareData({ ...spec, data: { ...spec.data, corpus: { kind: "mixture", sources } } }, source, say);
  // The second comes too soon after the first to be told.
  expect(said).toEqual([expect.stringMatching(/^fetches the mixture: train\.jsonl, /)]);
});
