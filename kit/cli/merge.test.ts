import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { startHub } from "../source/testing/hub.js";
import { merge, planMerge } from "../surgery/index.js";
import { writeConfig, writeLlama } from "../surgery/testing/folders.js";
import { open } from "../weights/index.js";
import { mergeCommand } from "./merge.js";
import { runCommand } from "./testing/run.js";

/** What the command prints, and what it says beside it. */
async function run(...args: string[]): Promise<{ out: string; notes: string }> {
  return await runCommand(mergeCommand(), args);
}

const text = `slices:
  - sources: [{ model: a, layer_range: [0, 2] }]
    parameters: { scale: 1.25 }
  - sources:
      - model: a
        layer_range: [1, 3]
        parameters: { scale: [{ filter: o_proj, value: 0.5 }, { filter: down_proj, value: [0.5, 1] }] }
merge_method: passthrough
dtype: float16
`;

function prepared(): { folder: string; config: string; model: string; out: string } {
  const folder = temporaryFolder();
  const model = writeLlama(join(folder, "a"), 4);
  return { folder, config: writeConfig(folder, text), model: `a=${model}`, out: join(folder, "out") };
}

test("--plan shows every layer with its origin, factors and types, then what it takes, and writes nothing", async () => {
  const { folder, config, model } = prepared();
  const { out } = await run(config, "--plan", "--model", model, "--out-shard-size", "2K");
  expect(out.split("\n").map((line) => line.trimEnd().replaceAll(/ {2,}/g, " | "))).toEqual([
    " layer | from | scale | type",
    "before | a | all × 1.25 | BF16 → F16",
    " | 0 | a | 0 | all × 1.25 | BF16 → F16",
    " | 1 | a | 1 | all × 1.25 | BF16 → F16",
    " | 2 | a | 1 | o_proj, down_proj × 0.5 | BF16 → F16",
    " | 3 | a | 2 | o_proj × 0.5; down_proj × 1 | BF16 → F16",
    "behind | a | BF16 → F16",
    "",
    "layers | 4",
    "parameters | 2,168",
    "weights | 4,336 bytes in 3 files",
    "config | a",
    "tokenizer | a",
    "",
    "note: the last slice ends before layer 3 of a, which has 4 layers: the second number of a layer_range is not included",
  ]);
  expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml"]);
});

test("--plan fetches headers from the hub, and the merge what it then lacks", async () => {
  const { folder, out, model } = prepared();
  const path = model.slice(2);
  const files = Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]));
  const hub = await startHub({ "org/a": files });
  for (const [name, value] of [
    ["KINTSUGI_HOME", temporaryFolder()],
    ["KINTSUGI_MIRROR", ""],
    ["HF_ENDPOINT", hub.url],
  ]) {
    vi.stubEnv(name, value);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
  const config = writeConfig(folder, text.replaceAll("model: a", "model: org/a"));
  // A server that sends all of it, and one that breaks off: behind config.json.
  hub.mishaps.push(undefined, { ignoreRange: true }, { breakAfter: 20 });
  const { out: onHub } = await run(config, "--plan");
  const ranges = hub.requests.flatMap(({ path, range }) => (path.endsWith(".safetensors") ? [range] : []));
  const header = files["model.safetensors"].readUInt32LE();
  expect(ranges).toEqual(["bytes=0-7", ...Array(2).fill(`bytes=0-${8 + header - 1}`)]);
  const local = prepared();
  const here = (await run(local.config, "--plan", "--model", local.model)).out;
  const spaced = (plan: string): string => plan.replaceAll("org/a", "a").replaceAll(/ +/g, " ");
  expect(spaced(onHub)).toBe(spaced(here));
  await expect(merge(await planMerge(config, { outline: true }), out)).rejects.toThrow(/the plan is an outline/);
  await run(config, out);
  await run(local.config, local.out, "--model", local.model);
  const bytes = (merged: string): Buffer => readFileSync(join(merged, "model.safetensors"));
  expect(bytes(out).equals(bytes(local.out))).toBe(true);
});

test("the merge prints its folder, and notes apart from it", async () => {
  const { config, model, out } = prepared();
  const { out: printed, notes } = await run(config, out, "--model", model);
  expect(printed).toBe(out);
  expect(notes).toMatch(/^note: the last slice ends before layer 3 of a/);
  const { info } = await open(out);
  expect(info.dtypes).toEqual({ F16: 2168 });
  await expect(run(config, out, "--model", model)).rejects.toThrow(/out is not empty/);
  expect((await run(config, out, "--model", model, "--force")).out).toBe(out);
});

test("a place that is missing or taken is told before models are looked for", async () => {
  const { folder, config } = prepared();
  const gone = ["--model", `a=${join(folder, "gone")}`];
  await expect(run(config, ...gone)).rejects.toThrow(/There is no folder to write to/);
  await expect(run(config, folder, ...gone)).rejects.toThrow(/is not empty/);
  await expect(run(config, folder, ...gone, "--force")).rejects.toThrow(/gone/);
});

test.each<[string[], RegExp]>([
  [[], /There is no folder to write to. Name one, or add --plan/],
  [["out", "--out-shard-size", "5 GB"], /Expected a number of bytes, such as 500M or 5B/],
  [["out", "--out-shard-size", "0"], /Expected a number of bytes/],
  [["out", "--model", "a"], /Expected NAME=PATH/],
  [["out", "--model", "b=a"], /The configuration names no model b: expected a. Did you mean a\?/],
])("%j is one clear error", async (options, message) => {
  const { config, model } = prepared();
  await expect(run(config, "--model", model, ...options)).rejects.toThrow(message);
});
