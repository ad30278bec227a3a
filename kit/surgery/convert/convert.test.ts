/** Conversions in memory and on disk: what stays, what begins without effect, what is lost and said. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close } from "../../engine/testing/compare.js";
import { causality } from "../../measure/index.js";
import { batch, init, logits, type Model, type ModelConfig, teenyS, tinyLlama } from "../../model/index.js";
import { configOf, dense, mixerExamples } from "../../model/testing/examples.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { load, open, save } from "../../weights/index.js";
import { writeSmall } from "../../weights/testing/llama.js";
import { conversionReport, convert, convertedConfig, departure, growth, type Recipe, recipes } from "../index.js";

const pico = await load("pico");
const sentence = "Once there was a small cat. It sat on the mat and looked at the door.";
const text = [...pico.tokenizer!.encode(sentence)].slice(0, 24);
const ids = batch([text]);
const scores = (model: Model<e.Tensor>): number[] => e.scope(() => Array.from(e.read(logits(model, ids))));

const residual: Recipe = {
  attention: { version: 1, split: "halvedHeads", output: "residual" },
  init: "identity",
};
const sparse: Recipe = {
  ...recipes.differentialV2,
  liquid: { rank: "full", bias: true },
  layers: [{ first: 1, last: 1 }],
};

/** Recipes of which mathematics allows that they begin as the base. */
const identities: Readonly<Record<string, Recipe>> = {
  "liquid metal": recipes.liquidMetal,
  "liquid metal, decaying": { ...recipes.liquidMetal, liquid: { pool: { kind: "ema", decay: 0.9 }, kernel: 5 } },
  "differential, second version": recipes.differentialV2,
  "differential, first version beside a residual path": residual,
  "both, in some layers": sparse,
};

describe.each(Object.entries(identities))("%s", (_, recipe) => {
  const converted = convert(pico.model, recipe);

  it("begins as the base", () => {
    const [before, after] = [pico.model, converted].map(scores);
    const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = before.reduce((most, value, i) => Math.max(most, Math.abs(value - after[i])), 0);
    expect(error / largest).toBeLessThanOrEqual(1e-5);
    const report = conversionReport(pico.model, converted, ids);
    expect(report.diverges).toBeUndefined();
    expect(departure(recipe)).toBeUndefined();
    expect(report.lossNats.after).toBeCloseTo(report.lossNats.before, 5);
  });

  it("sees no future, and every new parameter, or the one before it, learns at the first step", () => {
    expect(causality(converted, { ids: text, positions: [11] }).leaks).toEqual([]);
    e.scope(() => {
      const { gradients } = e.valueAndGradient(
        (params) => e.mean(e.square(logits({ ...converted, params }, ids))),
        converted.params,
      );
      const silent = e.tree
        .entries<e.Tensor>(gradients)
        .filter(([, gradient]) => e.item(e.max(e.abs(gradient))) === 0)
        .map(([path]) => path.replace(/^layers\.\d+\./, ""));
      // Behind a matrix of zeros nothing learns until that matrix has: one step later.
      expect([...new Set(silent)].filter((path) => !/(Norm|squeezeExcite)\.down(Bias)?$/.test(path))).toEqual([]);
    });
  });

  it("is the same on disk, and after it", async () => {
    const opened = await open("pico");
    const folder = await save(convert(opened.model, recipe), join(temporaryFolder(), "out"), { like: opened });
    const { model } = await load(folder);
    expect(model.config).toEqual(converted.config);
    const [stored, made] = [model, converted].map(({ params }) => new Map(e.tree.entries<e.Tensor>(params)));
    expect([...stored.keys()]).toEqual([...made.keys()]);
    for (const [path, tensor] of stored) {
      expect([path, tensor.shape]).toEqual([path, made.get(path)!.shape]);
      // New parameters take the base's element type.
      const tolerance = opened.info.dtypes.F32 === undefined ? 5e-3 : 0;
      close(e.read(tensor), e.read(made.get(path)!), tolerance);
    }
  });
});

it.runIf(process.env.KINTSUGI_MIRROR)("a model trained elsewhere begins as itself too", async () => {
  const { model, tokenizer } = await load("tinystories-656k");
  const story = batch([tokenizer!.encode("Once upon a time, there was a little girl who had a red ball.")]);
  for (const recipe of Object.values(identities)) {
    const report = conversionReport(model, convert(model, recipe), story);
    expect(report.diverges).toBeUndefined();
    expect(report.logits).toBeLessThanOrEqual(1e-5 * Math.max(...e.read(logits(model, story)).map(Math.abs)));
  }
});

describe("what is lost is said", () => {
  it("within heads: the first converted layer diverges, the loss rises", () => {
    const recipe: Recipe = {
      attention: { version: 1, split: "withinHead" },
      layers: [{ first: 2, last: 3 }],
      init: "identity",
    };
    const report = conversionReport(pico.model, convert(pico.model, recipe), ids);
    expect(report.diverges?.at).toBe("layers.2");
    expect(report.layers.slice(0, 3).map(({ difference }) => difference)).toEqual([0, 0, 0]);
    expect(report.lossNats.after).toBeGreaterThan(report.lossNats.before + 0.01);
    expect(report.logits).toBeGreaterThan(0.1);
  });

  it("an ordinary rewrite damages every part it adds", () => {
    for (const part of ["adaptiveRmsNorm", "tokenMixing", "squeezeExcite"] as const) {
      const recipe: Recipe = { liquid: { parts: [part] }, init: "standard" };
      const { diverges } = conversionReport(pico.model, convert(pico.model, recipe), ids);
      expect([part, diverges?.at]).toEqual([part, "layers.0"]);
      expect(diverges?.relative).toBeGreaterThan(1e-3);
    }
    const whole = convert(pico.model, { ...recipes.liquidMetal, init: "standard" });
    const { lossNats } = conversionReport(pico.model, whole, ids);
    expect(lossNats.after).toBeGreaterThan(lossNats.before + 0.1);
    const twins = convert(pico.model, { ...recipes.differentialV2, init: "standard" });
    expect(conversionReport(pico.model, twins, ids).diverges?.at).toBe("layers.0");
  });

  it("an ordinary rewrite's token mixing is a plain convolution, its gates are about a half", () => {
    const { params, config } = convert(pico.model, { ...recipes.liquidMetal, init: "standard" });
    const { kernel } = params.layers[0].tokenMixing!;
    const [rows, width] = kernel.shape;
    const values = e.read(kernel);
    const present = values.slice((rows - 1) * width).map((value) => value + 1);
    expect(Math.max(...[...values.slice(0, (rows - 1) * width), ...present].map(Math.abs))).toBeLessThan(
      rows ** -0.5 + 1e-6,
    );
    expect(config.layers[0].squeezeExcite?.gate).toBe("sigmoid");
  });

  it.each<Recipe>([
    recipes.ternary,
    recipes.differentialLiquidMetal,
    { ...recipes.liquidMetal, init: "standard" },
    { ...recipes.differentialV2, init: "standard" },
    { ...residual, init: "standard" },
    { liquid: { parts: ["squeezeExcite"], gate: "sigmoid" }, init: "identity" },
  ])("%j is known not to begin as the base", (recipe) => {
    expect(departure(recipe)).toBeDefined();
    expect(conversionReport(pico.model, convert(pico.model, recipe), ids).diverges?.at).toBe("layers.0");
  });

  it("a pool over the whole text is named", () => {
    const recipe: Recipe = {
      liquid: { pool: { kind: "sequence" } },
      layers: [{ first: 1, last: 1 }],
      init: "identity",
    };
    expect(growth(pico.model.config, convertedConfig(pico.model.config, recipe)).leaks).toEqual([
      "layers.1.mixerNorm",
      "layers.1.mlpNorm",
      "layers.1.squeezeExcite",
    ]);
  });
});

it("reproduces the arithmetic of TinyLlama's parts", () => {
  const added = (recipe: Recipe): number => {
    const { before, after } = growth(tinyLlama, convertedConfig(tinyLlama, recipe)).parameters;
    return after - before;
  };
  const only = (part: "adaptiveRmsNorm" | "tokenMixing" | "squeezeExcite", dials = {}): number =>
    added({ liquid: { parts: [part], ...dials }, init: "identity" });
  expect(only("adaptiveRmsNorm", { rank: "full" })).toBe(184_549_376);
  expect(only("squeezeExcite")).toBe(11_534_336);
  expect(only("squeezeExcite", { bias: true })).toBe(11_582_208);
  expect(only("tokenMixing")).toBe(135_168);
  expect(only("tokenMixing", { bias: true })).toBe(180_224);
  const lambdas = (split: "withinHead" | "halvedHeads"): number =>
    added({ attention: { version: 1, split, output: "plainSubNorm" }, init: "identity" });
  expect([lambdas("withinHead"), lambdas("halvedHeads")]).toEqual([2_816, 5_632]);
});

describe("mistakes", () => {
  const config: ModelConfig = pico.model.config;
  const last = config.layers.length - 1;
  const odd = configOf({ ...mixerExamples.attention.grouped, heads: 3, kvHeads: 3, headDim: 6 }, dense);
  const halved: Recipe = { attention: { version: 1, split: "halvedHeads" }, init: "identity" };
  it.each<[string, () => unknown, RegExp]>([
    ["nothing to do", () => convertedConfig(config, { init: "identity" }), /The recipe changes nothing/],
    ["no layers", () => convertedConfig(config, { ...sparse, layers: [] }), /The recipe is for no layer/],
    [
      "layers that do not exist",
      () => convertedConfig(config, { ...sparse, layers: [{ first: 1, last: 99 }] }),
      new RegExp(`There are no layers 1-99: expected layers from 0 to ${last}`),
    ],
    [
      "a reversed range",
      () => convertedConfig(config, { ...sparse, layers: [{ first: 2, last: 1 }] }),
      /no layers 2-1/,
    ],
    ["an odd number of heads", () => convertedConfig(odd, halved), /heads of layer 0 cannot be split: heads is 3/],
    [
      "an odd head width",
      () => convertedConfig(odd, recipes.differentialLiquidMetal),
      /headDim is 6: expected a multiple of 4/,
    ],
    [
      "no attention",
      () => convertedConfig(teenyS, recipes.differentialV2),
      /Layer \d has no attention to make differential/,
    ],
    [
      "gates that would count double",
      () => convertedConfig(convertedConfig(config, { liquid: {}, init: "standard" }), recipes.liquidMetal),
      /Layer 0 has another squeezeExcite already: .*"sigmoid".*: expected .*"doubleSigmoid"/,
    ],
    [
      "trained parts that would be lost",
      () => convert(convert(pico.model, recipes.liquidMetal), { liquid: { rank: 3 }, init: "identity" }),
      /Layer 0 has another norm already: .*"rank":16.*: expected .*"rank":3.*Begin with the base/,
    ],
  ])("%s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

it("copies the bytes of what stays, and gives new parameters the base's element type", async () => {
  const base = temporaryFolder();
  const from = await open(writeSmall(join(base, "from")), { tokenizer: false });
  const out = await save(convert(from.model, recipes.liquidMetal), join(base, "out"));
  const to = await open(out, { tokenizer: false });
  expect(Object.keys(to.info.dtypes)).toEqual(["BF16"]);
  const after = new Map(e.tree.entries<e.TensorRef>(to.model.params));
  for (const [path, ref] of e.tree.entries<e.TensorRef>(from.model.params)) {
    const bytes = ({ file, offset, bytes }: e.TensorRef): Buffer => readFileSync(file).subarray(offset, offset + bytes);
    expect([path, bytes(after.get(path)!).equals(bytes(ref))]).toEqual([path, true]);
  }
});

it("a part that is there already as the recipe has it stays", () => {
  const once = convertedConfig(pico.model.config, recipes.liquidMetal);
  expect(convertedConfig(once, recipes.liquidMetal)).toEqual(once);
  const other: Recipe = { liquid: { parts: ["tokenMixing"] }, init: "identity" };
  expect(convertedConfig(convertedConfig(pico.model.config, other), recipes.liquidMetal)).toEqual(once);
});

it("draws the same for the same seed only", () => {
  const config = configOf(mixerExamples.attention.grouped, dense);
  const model = init(config, 1);
  const down = (seed?: number): number[] => [
    ...e.read(convert(model, recipes.liquidMetal, { seed }).params.layers[0].squeezeExcite!.down),
  ];
  expect(down(3)).toEqual(down(3));
  expect(down(3)).not.toEqual(down());
});
