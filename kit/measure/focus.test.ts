import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, embed, init, type MixerSpec, type Model, type ModelConfig, partsOf } from "../model/index.js";
import { configOf, dense, mixerExamples } from "../model/testing/examples.js";
import { attentionMaps, focus, mapOverlap } from "./index.js";

function lively(config: ModelConfig): Model<e.Tensor> {
  const { params } = init(config, 2);
  const drawn = e.tree.map<e.Tensor, e.Tensor, typeof params>(params, (leaf, path) =>
    e.random.normal(e.random.fold(e.random.key(5), path), leaf.shape, 0.4),
  );
  return { config, params: drawn as typeof params };
}

const ids = [3, 1, 4, 1, 5, 9, 2, 6];
const T = ids.length;

/** Maps times values, as the mixer itself would put them together: `[1, H, T, V]` → `[1, T, H·V]` → the output. */
function fromMaps(maps: e.Tensor, values: e.Tensor, o: e.Tensor): e.Tensor {
  const [heads, repeats] = [maps.shape[1], maps.shape[1] / values.shape[1]];
  const [, kv, , V] = values.shape;
  const grouped = e.reshape(maps, [1, kv, repeats * T, T]);
  const mixed = e.reshape(e.matmul(grouped, values), [1, heads, T, V]);
  return e.matmul(e.reshape(e.transpose(mixed, [0, 2, 1, 3]), [1, T, heads * V]), o, { right: true });
}

/** Mixers that do nothing to what the maps have mixed but multiply it. */
const plainOutput: readonly (readonly [string, MixerSpec])[] = [
  ["attention", mixerExamples.attention.grouped],
  ["differential V1, residual", mixerExamples.differentialV1["residual, halved heads"]],
  ["differential V2", mixerExamples.differentialV2.reference],
  ["differential V2 with a bias", mixerExamples.differentialV2["with a bias, three heads"]],
];

describe("attentionMaps", () => {
  it.each(plainOutput)("mixes values into what the mixer gives: %s", (_, mixer) => {
    const config = configOf(mixer, dense, 1);
    const model = lively(config);
    const parts = partsOf(model.params.layers[0], config.layers[0], config);
    const x = parts.mixerNorm!.apply(embed(model, batch([ids])));
    const { v, o } = model.params.layers[0].mixer as unknown as { v: e.Tensor; o: e.Tensor };
    const { kvHeads, headDim } = mixer as Extract<MixerSpec, { kind: "attention" }>;
    const split = e.reshape(e.matmul(x, v, { right: true }), [1, T, kvHeads, headDim]);
    const values = e.transpose(split, [0, 2, 1, 3]);
    const [maps] = attentionMaps(model, batch([ids]));
    close(e.read(fromMaps(maps, values, o)), e.read(parts.mixer!.apply(x)), 1e-5);
  });

  it.each(Object.entries(mixerExamples.differentialV1))("V1 is a map less λ times another: %s", (_, mixer) => {
    const model = lively(configOf(mixer, dense, 1));
    const [maps] = attentionMaps(model, batch([ids]));
    const values = e.read(maps) as Float32Array;
    const row = (at: number): number => values.slice(at * T, (at + 1) * T).reduce((sum, value) => sum + value, 0);
    // A row of each map sums to 1, and so of the difference to 1 − λ, the same for all rows of the layer.
    const rows = Array.from({ length: values.length / T }, (_, at) => row(at));
    close(
      rows,
      rows.map(() => rows[0]),
      1e-5,
    );
    expect(Math.abs(rows[0] - 1)).toBeGreaterThan(0.01);
    for (let at = 0; at < T - 1; at++) expect(values[at * T + at + 1]).toBe(0);
  });

  it("leaves out layers without maps", () => {
    expect(attentionMaps(lively(configOf(mixerExamples.gatedConv["k = 8"], dense)), batch([ids]))).toEqual([]);
  });
});

describe("focus", () => {
  /** Queries of zero look everywhere alike. */
  function blind(): Model<e.Tensor> {
    const { config, params } = lively(configOf(mixerExamples.attention.grouped, dense));
    const layers = params.layers.map((layer) => {
      const { q } = layer.mixer as unknown as { q: e.Tensor };
      return { ...layer, mixer: { ...layer.mixer, q: e.mul(q, 0) } };
    });
    return { config, params: { ...params, layers } as typeof params };
  }

  it("of a model that looks everywhere alike is the share of the rest, and entropy 1", () => {
    const found = focus(blind(), ids, [2, 3]);
    expect(found.irrelevant).toBeCloseTo(6 / 8, 6);
    expect(found.entropy).toBeCloseTo(1, 6);
  });

  it("counts every token once, and refuses what is not there", () => {
    const model = lively(configOf(mixerExamples.differentialV2.reference, dense));
    const before = e.liveTensors();
    const shares = ids.map((_, at) => 1 - focus(model, ids, [at]).irrelevant);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(Math.max(...shares)).toBeGreaterThan(1.2 / 8);
    expect(e.liveTensors()).toBe(before);
    expect(() => focus(model, ids, [8])).toThrow("focus: there is no token 8: expected whole numbers from 0 to 7");
    const conv = lively(configOf(mixerExamples.gatedConv["k = 8"], dense));
    expect(() => focus(conv, ids, [0])).toThrow("no layer of the model has attention maps");
  });
});

describe("mapOverlap", () => {
  /** What one token gives to the same tokens in two maps. */
  const shared = (a: Float32Array, b: Float32Array): number =>
    a.reduce((total, x, at) => total + Math.min(x, b[at]), 0);

  it("of attention compares neighbouring heads, token by token", () => {
    const model = lively(configOf(mixerExamples.attention.grouped, dense, 1));
    const [maps] = attentionMaps(model, batch([ids]));
    const values = e.read(maps) as Float32Array;
    const row = (head: number, t: number): Float32Array => values.slice((head * T + t) * T, (head * T + t + 1) * T);
    const rows = Array.from({ length: maps.shape[1] / 2 }, (_, pair) =>
      Array.from({ length: T - 1 }, (_, t) => shared(row(2 * pair, t + 1), row(2 * pair + 1, t + 1))),
    ).flat();
    const mean = rows.reduce((a, b) => a + b, 0) / rows.length;
    expect(mean).toBeLessThan(0.99);
    expect(mapOverlap(model, ids)).toBeCloseTo(mean, 5);
  });

  it.each([
    ...Object.entries(mixerExamples.differentialV1).map(([name, mixer]) => [`V1, ${name}`, mixer] as const),
    ...Object.entries(mixerExamples.differentialV2).map(([name, mixer]) => [`V2, ${name}`, mixer] as const),
  ])("pairs are maps, whose differences are what mixes the values: %s", (_, mixer) => {
    const config = configOf(mixer, dense, 1);
    const model = lively(config);
    const part = partsOf(model.params.layers[0], config.layers[0], config).mixer!;
    const x = e.random.normal(e.random.key(1), [1, T, config.width]);
    const [pairs, maps] = [part.pairs!(x), part.maps!(x)];
    const count = pairs.shape[2];
    expect(pairs.shape).toEqual([1, 2, count, T, T]);
    const rowSums = Array.from(e.read(e.sum(pairs, { axis: 4 })));
    close(
      rowSums,
      rowSums.map(() => 1),
      1e-5,
    );
    const [first, second] = [0, 1].map((which) => e.read(e.narrow(pairs, 1, which, 1)) as Float32Array);
    const differences = (e.read(maps) as Float32Array).subarray(0, first.length);
    // A₁ − λA₂ in every place of a row has one λ.
    for (let at = 0; at < first.length; at += T) {
      const lambda = (first[at] - differences[at]) / second[at];
      close(
        [...differences.subarray(at, at + T)],
        [...first.subarray(at, at + T)].map((a, i) => a - lambda * second[at + i]),
        1e-4,
      );
    }
    const overlap = mapOverlap(model, ids);
    expect(overlap).toBeGreaterThan(0);
    expect(overlap).toBeLessThan(1);
  });

  it("refuses what has no pairs", () => {
    const model = lively(configOf({ kind: "gatedConv", kernel: 4 }, dense, 1));
    expect(() => mapOverlap(model, ids)).toThrow("no layer of the model has two attention maps");
    expect(() => mapOverlap(model, [1])).toThrow("a text of 1 tokens: expected at least two");
  });
});
