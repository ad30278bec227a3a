import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as e from "../engine/index.js";
import { differential, init, liquid, llama, type Model, type ModelConfig, teenyS } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open } from "./checkpoint.js";
import { bytesOf } from "./chunks.js";
import { pythonFile, pythonMixers, pythonPath } from "./custom-code.js";
import { load } from "./load.js";
import type { TensorValues } from "./safetensors-write.js";
import { save } from "./save.js";

const base = llama({ vocab: 19, width: 16, depth: 2, heads: 4, kvHeads: 2, hidden: 12, context: 32 });
const cases: readonly [name: string, config: ModelConfig][] = [
  ["Liquid Metal", liquid(base)],
  ["Liquid Metal of full rank, with biases", liquid(base, { rank: "full", bias: true, pool: { kind: "sequence" } })],
  ["differential V1", differential(base, { version: 1, split: "withinHead" })],
  ["liquid and differential V2", liquid(differential(base, { version: 2, lambdaBias: true }))],
];

function bits({ params }: Model<e.Tensor>): [string, string][] {
  return e.tree
    .entries<e.Tensor>(params)
    .map(([path, leaf]) => [path, `${leaf.shape} ${Buffer.from(bytesOf(e.read(leaf))).toString("base64")}`]);
}

const jsonIn = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));

test.each(cases)("%s: a folder with its own Python, read back bit for bit", async (_, config) => {
  const out = join(temporaryFolder(), "out");
  const model = init(config, 3);
  await save(model, out, { format: "huggingface" });
  expect(readdirSync(out).sort()).toEqual(["config.json", "model.safetensors", pythonFile]);
  const found = await load(out);
  expect(found.model.config).toEqual(config);
  expect(bits(found.model)).toEqual(bits(model));
  // Without a word about the format it is the kit's own, as ever.
  await save(model, `${out}2`);
  expect(jsonIn(`${out}2`)).not.toHaveProperty("auto_map");
});

test("a config that transformers has written anew opens: fields sorted, others beside them", async () => {
  const out = join(temporaryFolder(), "out");
  const config = cases[0][1];
  await save(init(config, 1), out, { format: "huggingface" });
  const { model, ...json } = jsonIn(out);
  const sorted = Object.fromEntries(Object.entries(model as object).sort());
  const anew = { ...json, _name_or_path: "x", model: sorted, transformers_version: "5.23.0" };
  writeFileSync(join(out, "config.json"), JSON.stringify(anew));
  expect((await open(out)).model.config).toEqual(config);
  writeFileSync(join(out, "config.json"), JSON.stringify({ ...anew, model: { ...sorted, width: "x" } }));
  await expect(open(out)).rejects.toThrow(/model\.width is "x" \(.*config\.json\): expected a whole number/);
});

test("the Python has the classes that the config names, and the mixers that the kit lets through", async () => {
  const out = join(temporaryFolder(), "out");
  await save(init(cases[0][1], 1), out, { format: "huggingface" });
  const python = readFileSync(pythonPath(), "utf8");
  for (const place of Object.values(jsonIn(out).auto_map as Record<string, string>)) {
    const [module, name] = place.split(".");
    expect(`${module}.py`).toBe(pythonFile);
    expect(python).toContain(`\nclass ${name}(`);
  }
  const [, listed] = /^MIXERS = \{(.*)\}$/m.exec(python)!;
  expect([...listed.matchAll(/"(\w+)":/g)].map(([, name]) => name)).toEqual(pythonMixers);
  // Whoever accumulates gradients tells the loss how: `npm run check:transformers` computes it.
  expect(python).toMatch(/self\.loss_function\([^)]*labels=labels, [^)]*\*\*kwargs\)/);
  expect(readFileSync(join(out, pythonFile), "utf8")).toBe(python);
});

test("what the Python has not is one clear error", async () => {
  const out = join(temporaryFolder(), "out");
  await expect(save(init({ ...teenyS, vocab: 20 }, 0), out, { format: "huggingface" })).rejects.toThrow(
    /modeling_kintsugi\.py, has no ternary linear layers/,
  );
  const [first, second] = base.layers;
  const mixed: ModelConfig = { ...base, layers: [first, { ...second, mixer: { kind: "gatedConv", kernel: 4 } }] };
  await expect(save(init(mixed, 0), out, { format: "huggingface" })).rejects.toThrow(
    /has no gatedConv \(layer 1\): expected attention, differentialV1, differentialV2\. Save it as the kit's own folder/,
  );
});

/** A model on disk with one value that is too large, or cannot be computed. */
async function spoilt(values: TensorValues["values"]): Promise<[model: Model<e.Tensor | TensorValues>, out: string]> {
  const gain: TensorValues = { dtype: "F32", shape: [16], values };
  const model = init(cases[0][1], 1);
  return [{ ...model, params: { ...model.params, norm: { gain } } }, join(temporaryFolder(), "out")];
}

test("an interrupted export leaves nothing", async () => {
  const [model, out] = await spoilt(() => {
    throw new Error("the power fails");
  });
  await expect(save(model, out, { format: "huggingface" })).rejects.toThrow(/the power fails/);
  expect(readdirSync(join(out, ".."))).toEqual([]);
});

test.each([
  ["F16", 65_520, /A value of tensor "model\.norm\.weight" is beyond the range of F16: .*65,504\. Choose BF16 or F32/],
  ["BF16", 3.4e38, /A value of tensor "model\.norm\.weight" is beyond the range of BF16: .*Choose F32/],
] as const)("a weight beyond %s names its tensor, in memory and on disk", async (dtype, value, message) => {
  const [model, out] = await spoilt(new Float32Array(16).fill(value));
  await expect(save(model, out, { format: "huggingface", dtype })).rejects.toThrow(message);
  expect(readdirSync(join(out, ".."))).toEqual([]);
  await save(model, out, { format: "huggingface" });
  const stored = await open(out);
  await expect(save(stored.model, `${out}2`, { format: "huggingface", dtype })).rejects.toThrow(message);
  const [largest] = [dtype === "F16" ? 65_519 : 3.389e38];
  const [fits, there] = await spoilt(new Float32Array(16).fill(largest));
  await save(fits, there, { format: "huggingface", dtype });
});
