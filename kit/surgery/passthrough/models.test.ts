import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { read, type Tensor, tree } from "../../engine/index.js";
import { batch, init, logits, type MixerSpec, type Model } from "../../model/index.js";
import {
  besidesExamples,
  configOf,
  dense,
  linearExamples,
  lively,
  mixerExamples,
} from "../../model/testing/examples.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { open, save } from "../../weights/index.js";
import { writeConfig } from "../testing/folders.js";
import { merge } from "./merge.js";
import { passthrough } from "./models.js";
import { planMerge } from "./plan.js";

const mixers = Object.entries(mixerExamples).flatMap(([kind, specs]) =>
  Object.entries(specs).map(([name, spec]) => [`${kind}, ${name}`, spec as MixerSpec] as const),
);
const attention = mixerExamples.attention.grouped;

function values(model: Model<Tensor>): ReadonlyMap<string, readonly number[]> {
  return new Map(tree.entries<Tensor>(model.params).map(([path, leaf]) => [path, [...read(leaf)]]));
}

function times(factor: number, numbers: readonly number[] | undefined): number[] {
  return numbers!.map((one) => Math.fround(one * Math.fround(factor)));
}

/** Every mixer, and every part that a layer may have beside it, with every linear layer that has a place for them. */
const whole = Object.entries(linearExamples).flatMap(([how, linear]) => [
  ...mixers.map(([name, mixer]) => [name, how, configOf(mixer, linear, 3)] as const),
  // What adapts is a norm before each half of a block.
  ...(linear.kind === "dense" || linear.norm === "block" ? Object.entries(besidesExamples) : []).map(
    ([name, besides]) => [name, how, configOf(attention, linear, 3, 12, besides)] as const,
  ),
]);

test.each(whole)("all layers of a model are that model: %s, %s", (_, __, config) => {
  const model = lively(config);
  const whole = passthrough([{ model, layers: [0, 3] }]);
  expect(whole.config).toEqual(model.config);
  expect([...values(whole)].sort()).toEqual([...values(model)].sort());
  const parts = passthrough([
    { model, layers: [0, 1] },
    { model, layers: [1, 3] },
  ]);
  const ids = batch([[1, 4, 2, 9, 6]]);
  expect([...read(logits(parts, ids))]).toEqual([...read(logits(model, ids))]);
});

test("layers of two models and kinds, in the order of the slices", () => {
  const a = init(configOf(attention, dense, 3), 1);
  const b = init(configOf(mixerExamples.gatedConv["k = 8"], dense, 4), 2);
  const merged = passthrough([
    { model: a, layers: [1, 3] },
    { model: b, layers: [0, 2] },
    { model: a, layers: [1, 2] },
  ]);
  const { layers } = merged.params;
  const expected = [a.params.layers[1], a.params.layers[2], b.params.layers[0], b.params.layers[1], a.params.layers[1]];
  for (const [i, layer] of layers.entries()) expect(tree.leaves(layer)).toEqual(tree.leaves(expected[i]));
  expect(merged.config.layers.map(({ mixer }) => mixer.kind)).toEqual([
    "attention",
    "attention",
    "gatedConv",
    "gatedConv",
    "attention",
  ]);
  expect([merged.params.embed, merged.params.norm]).toEqual([a.params.embed, a.params.norm]);
  expect([...read(logits(merged, batch([[1, 2, 3]])))].every(Number.isFinite)).toBe(true);
});

test("factors: by path, by the number a layer has in its model, along the slice, outside the layers", () => {
  const model = init({ ...configOf(attention, dense, 4), tied: false }, 1);
  const merged = passthrough([
    { model, layers: [0, 1], scale: [{ value: 3 }] },
    {
      model,
      layers: [1, 4],
      scale: [
        { filter: "layers.2.mlp", value: 5 },
        { filter: "mlp.down", value: [1, 0.5] },
        { filter: "norm.gain", value: 7 },
      ],
    },
  ]);
  const [before, after] = [values(model), values(merged)];
  const expectTimes = (to: string, factor: number, from = to): void =>
    expect(after.get(to), to).toEqual(times(factor, before.get(from)));
  expectTimes("embed", 3);
  // A lone layer is the end of its slice, and what stands behind the layers has the factors of the last slice.
  expectTimes("layers.0.mlp.up", 3);
  expectTimes("layers.1.mlp.down", 1);
  expectTimes("layers.2.mlp.down", 5);
  expectTimes("layers.3.mlp.down", 0.5);
  expectTimes("layers.3.mlp.up", 1);
  expectTimes("norm.gain", 7);
  expectTimes("head", 1);
});

test("on disk a factor stays pending, on top of what was pending; a file by a configuration is the same", async () => {
  const folder = temporaryFolder();
  const source = await save(init(configOf(attention, dense, 4), 1), join(folder, "model"), { format: "huggingface" });
  const { model } = await open(source);
  const half = [{ filter: "mlp.down", value: 0.5 }];
  const once = passthrough([
    { model, layers: [0, 3], scale: half },
    { model, layers: [1, 4], scale: [{ filter: "mixer.o", value: [0.25, 2] }] },
  ]);
  expect(once.params.layers[1].mlp.down.scale).toBe(0.5);
  const twice = passthrough([{ model: once, layers: [0, 6], scale: half }]);
  expect(twice.params.layers.map(({ mlp }) => mlp.down.scale)).toEqual([0.25, 0.25, 0.25, 0.5, 0.5, 0.5]);

  const saved = await save(once, join(folder, "saved"));
  const config = `slices:
  - sources: [{ model: ${source}, layer_range: [0, 3], parameters: { scale: { filter: down_proj, value: 0.5 } } }]
  - sources: [{ model: ${source}, layer_range: [1, 4], parameters: { scale: { filter: o_proj, value: [0.25, 2] } } }]
merge_method: passthrough
`;
  const merged = await merge(await planMerge(writeConfig(folder, config)), join(folder, "merged"));
  const [a, b] = [saved, merged].map((path) => readFileSync(join(path, "model.safetensors")));
  expect(a.equals(b)).toBe(true);
});

describe("what does not go", () => {
  const model = init(configOf(attention, dense, 3), 1);
  test.each<[readonly [number, number]]>([[[0, 4]], [[2, 1]], [[1, 1]], [[-1, 2]], [[0.5, 2]]])(
    "layers %j",
    (layers) => {
      expect(() => passthrough([{ model, layers }])).toThrow(
        `There are no layers [${layers.join(", ")}]: expected two whole numbers with 0 ≤ from < to ≤ 3, the number of layers`,
      );
    },
  );

  test("no slice, models that do not fit", () => {
    expect(() => passthrough([])).toThrow("A merge of no slices: expected at least one");
    const wide = init(configOf(attention, dense, 1, 16), 1);
    const slices = [
      { model, layers: [0, 1] as const },
      { model: wide, layers: [0, 1] as const },
    ];
    expect(() => passthrough(slices)).toThrow("The model of slice 1 has width 16: expected 12, as the first has");
  });
});
