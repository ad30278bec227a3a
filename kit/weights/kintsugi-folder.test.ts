import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describe as described } from "../cli/inspect.js";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { UserError } from "../errors.js";
import {
  batch,
  differential,
  hybrid,
  init,
  type LinearSpec,
  llama,
  logits,
  type MixerSpec,
  type Model,
  type ModelConfig,
  rounded,
} from "../model/index.js";
import { besidesExamples, configOf, dense, linearExamples, mixerExamples } from "../model/testing/examples.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { tokenizerFromJson, trainBpe } from "../text/index.js";
import { open, openLlama } from "./checkpoint.js";
import { bytesOf } from "./chunks.js";
import { inspect } from "./inspect.js";
import { load, loadLlama } from "./load.js";
import { save } from "./save.js";

/** Every leaf's path and bits. */
function bits({ params }: Model<e.Tensor>): [string, string][] {
  return e.tree
    .entries<e.Tensor>(params)
    .map(([path, leaf]) => [path, `${leaf.shape} ${Buffer.from(bytesOf(e.read(leaf))).toString("base64")}`]);
}

const mixers = Object.values(mixerExamples).flatMap((examples) => Object.entries<MixerSpec>(examples));
const activations: LinearSpec = { kind: "ternary", scale: "per-channel", norm: "both", activationBits: 8 };
const linears = Object.entries({ ...linearExamples, "8-bit activations": activations });
const interleaved = llama({
  vocab: 23,
  width: 12,
  depth: 1,
  heads: 2,
  hidden: 10,
  context: 8,
  ropeLayout: "interleaved",
});

const configs: [string, ModelConfig][] = [
  ...mixers.flatMap(([name, mixer]) =>
    linears.map(([how, linear]): [string, ModelConfig] => [`${name}, ${how}`, configOf(mixer, linear)]),
  ),
  ...Object.entries(besidesExamples).map(([name, besides]): [string, ModelConfig] => [
    name,
    configOf(mixerExamples.attention.grouped, dense, 2, 12, besides),
  ]),
  ["a hybrid", hybrid(configOf(mixers[1][1], dense, 3), mixerExamples.attention.grouped, 2)],
  ["a head of its own", { ...configOf(mixers[1][1], dense), tied: false }],
];

describe("any model, saved and loaded", () => {
  test.each(configs)("%s: the same config, the same bits, the same files again", async (_, config) => {
    const [model, out] = [init(config, 4), join(temporaryFolder(), "out")];
    await save(model, out, { format: "kintsugi" });
    const { model: found, info } = await load(out);
    expect(found.config).toEqual(config);
    expect(bits(found)).toEqual(bits(model));
    expect(info.format).toBe("safetensors-folder");
    // From disk to disk, without a detour through memory.
    await save((await open(out)).model, `${out}2`, { format: "kintsugi" });
    for (const name of readdirSync(out))
      expect(readFileSync(join(`${out}2`, name))).toEqual(readFileSync(join(out, name)));
  });

  test("the format is Hugging Face's where it can be the model", async () => {
    const base = temporaryFolder();
    const typeOf = async (config: ModelConfig): Promise<unknown> => {
      const folder = await save(init(config, 0), join(base, "x"), { overwrite: true });
      return JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).model_type;
    };
    const [plain, wide] = [interleaved, { ...interleaved, layers: [...interleaved.layers, ...interleaved.layers] }];
    expect(await typeOf(plain)).toBe("llama");
    const [first, second] = wide.layers;
    expect(await typeOf({ ...wide, layers: [first, { ...second, mlp: { ...second.mlp, hidden: 7 } }] })).toBe(
      "kintsugi",
    );
    expect(await typeOf({ ...plain, layers: [] })).toBe("kintsugi");
    for (const [, config] of configs.slice(2, 4)) expect(await typeOf(config)).toBe("kintsugi");
    await expect(save(init(configs[2][1], 0), join(base, "y"), { format: "huggingface" })).rejects.toThrow(
      /The model for transformers, modeling_kintsugi.py, has no ternary linear layers/,
    );
    expect(readdirSync(base)).toEqual(["x"]);
  });

  test("a DiffLlama is Hugging Face's, rows in its order", async () => {
    const out = join(temporaryFolder(), "out");
    const config = differential(interleaved, { version: 1, split: "halvedHeads", output: "plainSubNorm" });
    const model = init(config, 3);
    await save(model, out);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({ model_type: "diffllama" });
    const found = await load(out);
    expect(found.model.config.layers[0].mixer).toMatchObject({ kind: "differentialV1", rope: { layout: "half" } });
    const ids = batch([[3, 1, 4, 1, 5]]);
    close(e.read(logits(found.model, ids)), e.read(logits(model, ids)), 1e-6);
    const names = (await inspect(out)).tensors.map(({ name }) => name);
    expect(names.filter((name) => name.includes("lambda"))).toEqual(
      ["k1", "k2", "q1", "q2"].map((name) => `model.layers.0.self_attn.lambda_${name}`),
    );
  });

  test("the rows of an interleaved Llama stay as they are", async () => {
    const [model, out] = [init(interleaved, 1), join(temporaryFolder(), "out")];
    await save(model, out, { format: "kintsugi" });
    const found = await loadLlama(out);
    expect(found.model.config.layers[0].mixer.rope.layout).toBe("interleaved");
    expect(bits(found.model)).toEqual(bits(model));
  });

  test("in sixteen bits and shards, with the tokenizer it is given", async () => {
    const out = join(temporaryFolder(), "out");
    const tokenizer = trainBpe(["a story of a dog and a dog"], { vocab: 260 });
    const config = { ...configOf(mixers[2][1], dense), vocab: 260 };
    await save(init(config, 1), out, { dtype: "BF16", maxShardBytes: 1000, tokenizer, metadata: { step: "12" } });
    const found = await open(out);
    expect(Object.keys(found.info.dtypes)).toEqual(["BF16"]);
    expect(found.info.files.length).toBeGreaterThan(3);
    expect(found.info.metadata).toEqual({ format: "pt", step: "12" });
    expect([...found.tokenizer!.encode("a dog")]).toEqual([...tokenizerFromJson(tokenizer).encode("a dog")]);
    // A model made from this one has its tokenizer too, and another one when it is given one.
    await save(found.model, `${out}2`, { like: found });
    expect(readFileSync(join(`${out}2`, "tokenizer.json"))).toEqual(readFileSync(join(out, "tokenizer.json")));
    await save(found.model, `${out}3`, { like: found, tokenizer: trainBpe(["b"], { vocab: 258 }) });
    expect((await open(`${out}3`)).tokenizer?.vocab).toBe(257);
  });

  test("rounded for good: it says so, and gives the values of the rounded model", async () => {
    const [, config] = configs.find(([name]) => name.includes("groups"))!;
    const [once, out] = [rounded(init(config, 2)), join(temporaryFolder(), "out")];
    await save(once, out);
    const { model } = await load(out);
    expect(model.config.linear).toMatchObject({ kind: "ternary", rounded: true });
    expect(bits(model)).toEqual(bits(once));
  });
});

describe("a folder that is not what it says", () => {
  const small = async (config: ModelConfig = configOf(mixerExamples.gatedDeltaNet.paper, dense)): Promise<string> =>
    await save(init(config, 0), join(temporaryFolder(), "small"), { format: "kintsugi" });
  const rewritten = async (change: (config: Record<string, unknown>) => unknown): Promise<string> => {
    const folder = await small();
    const file = join(folder, "config.json");
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
    return folder;
  };

  test.each<[string, (config: Record<string, unknown>) => unknown, RegExp]>([
    ["a later version", (json) => ({ ...json, version: 2 }), /^version is 2 \(.*config\.json\): expected 1/],
    ["no version", ({ version: _, ...json }) => json, /^version is missing/],
    ["no model", ({ model: _, ...json }) => json, /^model is missing \(.*config\.json\): expected an object/],
    ["more than there is", (json) => ({ ...json, dtype: "F32" }), /^There is no field dtype/],
    [
      "a wrong field",
      (json) => ({ ...json, model: { ...(json.model as object), width: "12" } }),
      /^model\.width is "12"/,
    ],
    [
      "another width",
      (json) => ({ ...json, model: { ...(json.model as object), width: 13 } }),
      /of the wrong shape: "embed is \[23, 12\] instead of \[23, 13\]/,
    ],
    [
      "a head that is not there",
      (json) => ({ ...json, model: { ...(json.model as object), tied: false } }),
      /1 missing: "head"/,
    ],
    [
      "fewer layers",
      (json) => ({ ...json, model: { ...(json.model as object), layers: [] } }),
      /left over: "layers\.0\./,
    ],
  ])("%s", async (_, change, message) => {
    const folder = await rewritten(change);
    await expect(open(folder)).rejects.toThrow(message);
    await expect(open(folder)).rejects.toBeInstanceOf(UserError);
  });

  test("a Llama is asked for", async () => {
    const folder = await small();
    await expect(openLlama(folder)).rejects.toThrow(
      /small is no Llama, which has no gatedDeltaNet \(layer 0\): expected attention in every layer/,
    );
    await expect(loadLlama(folder)).rejects.toBeInstanceOf(UserError);
    const own = await small(interleaved);
    expect((await openLlama(own)).model.config).toEqual(interleaved);
  });

  test("inspection describes every kind of layer", async () => {
    const config = hybrid(configOf(mixerExamples.gatedDeltaNet["teeny-s"], linears[2][1], 4), mixers[0][1], 2);
    const text = described(await inspect(await small(config)));
    expect(text).toMatch(/gatedDeltaNet +layers \{0,2\}: 2 heads, .*gate logsigmoid \/ 16, rule undecayed/);
    expect(text).toMatch(/attention +layers \{1,3\}: 4 heads, 2 for keys and values/);
    expect(text).toMatch(/linear +ternary, scale per 8, norm per-linear/);
    expect(text).toMatch(/layers\.\{0-3\}\.mlp\.up +F32 +10 × 12 +× 4/);
  });
});

test("nothing is left beside a folder that could not be written", async () => {
  const base = temporaryFolder();
  const model = init(configOf(mixerExamples.gatedConv["k = 8"], dense), 0);
  const broken = {
    ...model,
    params: {
      ...model.params,
      norm: { gain: { file: join(base, "gone"), offset: 0, bytes: 48, dtype: "F32" as const, shape: [12] } },
    },
  };
  await expect(save(broken, join(base, "out"))).rejects.toThrow(/gone: no such file/);
  expect(existsSync(join(base, "out"))).toBe(false);
  expect(readdirSync(base)).toEqual([]);
});
