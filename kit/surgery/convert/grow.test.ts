/** Models grown, and models turned ternary. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close } from "../../engine/testing/compare.js";
import { batch, countParameters, init, logits, type Model, teenyS } from "../../model/index.js";
import { besidesExamples, configOf, dense, lively, mixerExamples } from "../../model/testing/examples.js";
import { ternarise as rounding } from "../../nn/index.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { loadModel, open, save } from "../../weights/index.js";
import {
  addHeads,
  addLayers,
  conversionReport,
  convert,
  convertedConfig,
  liquidMetal,
  type Recipe,
  recipeReader,
  ternarise,
} from "../index.js";

const { grouped } = mixerExamples.attention;
const ids = batch([[3, 1, 4, 1, 5, 9, 2, 6, 5, 3]]);
const scores = (model: Model<e.Tensor>): number[] => e.scope(() => Array.from(e.read(logits(model, ids))));

const small = lively(configOf(grouped, dense));
const liquid = lively(configOf(grouped, dense, 2, 12, besidesExamples["everything, with biases"]));

/** The same model, gone to disk, operated on there and loaded again. */
async function onDisk(model: Model<e.Tensor>, operate: (of: Model<e.TensorRef>) => Parameters<typeof save>[0]) {
  const base = temporaryFolder();
  const opened = await open(await save(model, join(base, "from")), { tokenizer: false });
  const made = await open(await save(operate(opened.model), join(base, "to")), { tokenizer: false });
  return await loadModel(made.model);
}

function same(found: Model<e.Tensor>, wanted: Model<e.Tensor>): void {
  expect(found.config).toEqual(wanted.config);
  const values = ({ params }: Model<e.Tensor>): unknown =>
    Object.fromEntries(e.tree.entries<e.Tensor>(params).map(([path, x]) => [path, [x.shape, [...e.read(x)]]]));
  expect(values(found)).toEqual(values(wanted));
}

describe("addLayers", () => {
  it.each([
    ["attention", small],
    ["liquid metal with biases", liquid],
  ])("%s: the same scores, to the last bit, and gradients in what writes", (_, model) => {
    const deeper = addLayers(model, { after: [0, 1, 1] });
    const [a, b] = model.config.layers;
    expect(deeper.config.layers).toEqual([a, a, b, b, b]);
    expect(scores(deeper)).toEqual(scores(model));
    e.scope(() => {
      const { gradients } = e.valueAndGradient(
        (params) => e.mean(e.square(logits({ ...deeper, params }, ids))),
        deeper.params,
      );
      const { mixer, mlp } = gradients.layers[1];
      for (const written of [mixer.o, mlp.down]) expect(e.item(e.max(e.abs(written)))).toBeGreaterThan(0);
    });
  });

  it("is what a recipe does first of all, and its layers are counted then", async () => {
    const recipe: Recipe = {
      newLayers: [{ first: 1, last: 1 }],
      layers: [{ first: 2, last: 2 }],
      heads: 2,
      init: "identity",
    };
    const made = convert(small, recipe, { seed: 5 });
    same(made, addHeads(addLayers(small, { after: [1] }), { groups: 2, layers: recipe.layers, seed: 5 }));
    expect(made.config).toEqual(convertedConfig(small.config, recipe));
    same(await onDisk(small, (model) => convert(model, recipe, { seed: 5 })), made);
    const read = { field: "", where: "recipe.json" };
    expect(recipeReader(JSON.parse(JSON.stringify(recipe)), read)).toEqual(recipe);
    const { layers, lossNats, logits } = conversionReport(small, made, ids);
    expect(layers).toEqual([]);
    expect(logits).toBeLessThan(1e-5);
    expect(Math.abs(lossNats.after - lossNats.before)).toBeLessThan(1e-5);
  });

  it("is the same on disk", async () => {
    same(await onDisk(small, (model) => addLayers(model, { after: [1] })), addLayers(small, { after: [1] }));
  });

  it("refuses layers that do not exist", () => {
    expect(() => addLayers(small, { after: [2] })).toThrow(
      "There is no layer 2 (addLayers): expected numbers from 0 to 1",
    );
    expect(() => addLayers(small, { after: [] })).toThrow("No layer is asked for");
  });
});

describe("addHeads", () => {
  it("the same scores but for rounding; new heads learn to write at the first step", () => {
    const wider = addHeads(small, { groups: 2, layers: [{ first: 1, last: 1 }] });
    expect(wider.config.layers.map(({ mixer }) => mixer)).toEqual([grouped, { ...grouped, heads: 8, kvHeads: 4 }]);
    close(scores(wider), scores(small), 1e-5);
    expect(countParameters(wider.config) - countParameters(small.config)).toBe(12 * 4 * (4 + 2 + 2 + 4));
    e.scope(() => {
      const { gradients } = e.valueAndGradient(
        (params) => e.mean(e.square(logits({ ...wider, params }, ids))),
        wider.params,
      );
      const fresh = e.narrow(gradients.layers[1].mixer.o, 1, 16, 16);
      expect(e.item(e.min(e.max(e.abs(fresh), { axis: 0 })))).toBeGreaterThan(0);
    });
  });

  it("is what a recipe does first", async () => {
    const recipe: Recipe = { layers: [{ first: 1, last: 1 }], heads: 2, liquid: {}, init: "identity" };
    const made = convert(small, recipe, { seed: 5 });
    const wider = addHeads(small, { groups: 2, layers: recipe.layers, seed: 5 });
    same(made, convert(wider, { ...recipe, heads: undefined }, { seed: 5 }));
    expect(made.config).toEqual(convertedConfig(small.config, recipe));
    close(scores(made), scores(small), 1e-5);
    same(await onDisk(small, (model) => convert(model, recipe, { seed: 5 })), made);
    const read = { field: "", where: "recipe.json" };
    expect(recipeReader(JSON.parse(JSON.stringify(recipe)), read)).toEqual(recipe);
    expect(() => recipeReader({ ...recipe, heads: 0 }, read)).toThrow(/heads/);
  });

  it("is the same on disk", async () => {
    const heads = { groups: 1, seed: 5 };
    same(await onDisk(small, (model) => addHeads(model, heads)), addHeads(small, heads));
  });

  it("is the same on disk where rotary pairs are interleaved: what is computed is reordered as what is stored", async () => {
    const rope = { ...grouped.rope, layout: "interleaved" } as const;
    const model = lively(configOf({ ...grouped, rope }, dense));
    const base = temporaryFolder();
    const from = await open(await save(model, join(base, "from"), { format: "kintsugi" }), { tokenizer: false });
    const recipe: Recipe = { heads: 1, init: "identity" };
    const to = await open(await save(convert(from.model, recipe, { seed: 5 }), join(base, "to")), { tokenizer: false });
    expect(to.model.config.layers[0].mixer).toEqual({ ...grouped, heads: 6, kvHeads: 3 });
    close(scores(await loadModel(to.model)), scores(model), 1e-5);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["no heads", () => addHeads(small, { groups: 0 }), /addHeads: 0 groups: expected a whole number from 1 on/],
    ["ternary layers", () => addHeads(init(teenyS, 0), { groups: 1 }), /has no ternary linear layers/],
    [
      "no attention",
      () => addHeads(init(configOf({ kind: "gatedConv", kernel: 4 }, dense), 0), { groups: 1 }),
      /Layer 0 has no attention to give heads to \(its mixer is gatedConv\)/,
    ],
  ])("refuses %s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe("ternarise", () => {
  it("is the dense model of the rounded matrices", () => {
    const ternary = ternarise(small, { scale: "per-channel", norm: "block" });
    const layers = small.params.layers.map((layer) => {
      const rounded = (part: typeof layer.mixer): typeof layer.mixer =>
        Object.fromEntries(Object.entries(part).map(([name, x]) => [name, rounding(x, "per-channel").values]));
      return { ...layer, mixer: rounded(layer.mixer), mlp: rounded(layer.mlp) };
    });
    close(scores(ternary), scores({ config: small.config, params: { ...small.params, layers } }), 1e-5);
    expect(ternary.params.layers[0].mixer.q).toBe(small.params.layers[0].mixer.q);
  });

  it("the gain of a block's norm goes to the norms that take its place", async () => {
    const spec = { scale: "per-tensor", norm: "per-linear" } as const;
    const ternary = ternarise(small, spec);
    const [{ mixerNorm, linearNorms }, before] = [ternary.params.layers[0], small.params.layers[0]];
    expect(mixerNorm).toBeUndefined();
    for (const name of ["q", "k", "v"]) expect(linearNorms?.mixer[name].gain).toBe(before.mixerNorm?.gain);
    expect([...e.read(linearNorms!.mixer.o.gain)]).toEqual(Array(16).fill(1));
    same(await onDisk(small, (model) => ternarise(model, spec)), ternary);
  });

  it("is what a recipe does last", async () => {
    const spec = { scale: { group: 8, aligned: true }, norm: "block" } as const;
    const recipe: Recipe = { ...liquidMetal, layers: [{ first: 1, last: 1 }], ternary: spec };
    const made = convert(small, recipe);
    same(made, ternarise(convert(small, { ...recipe, ternary: undefined }), spec));
    expect(made.config).toEqual(convertedConfig(small.config, recipe));
    same(await onDisk(small, (model) => convert(model, recipe)), made);
    const read = { field: "", where: "recipe.json" };
    expect(recipeReader(JSON.parse(JSON.stringify(recipe)), read)).toEqual(recipe);
    expect(() => recipeReader({ ...recipe, ternary: { ...spec, rounded: true } }, read)).toThrow(
      /no field ternary\.rounded/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "what is ternary",
      () => ternarise(init(teenyS, 0), { scale: "per-tensor", norm: "block" }),
      /The linear layers are ternary already/,
    ],
    [
      "to lose trained norms",
      () => ternarise(small, { scale: "per-tensor", norm: "none" }),
      /would lose layers\.0\.mixerNorm\.gain/,
    ],
    [
      "adaptive norms without a place",
      () => ternarise(liquid, { scale: "per-tensor", norm: "per-linear" }),
      /There is no place for the adaptiveRmsNorm of layer 0/,
    ],
  ])("refuses %s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});
