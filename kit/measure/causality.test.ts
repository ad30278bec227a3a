import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import {
  batch,
  init,
  type LayerSpec,
  logits,
  type MixerSpec,
  type Model,
  type ModelConfig,
  type ModelParams,
} from "../model/index.js";
import { besidesExamples, configOf, dense, leakyExamples, mixerExamples } from "../model/testing/examples.js";
import { causality } from "./index.js";

/** Weights with which every part has an effect. */
function lively(config: ModelConfig): Model<e.Tensor> {
  const { params } = init(config, 2);
  const drawn = e.tree.map<e.Tensor, e.Tensor, ModelParams<e.Tensor>>(params, (leaf, path) =>
    e.random.normal(e.random.fold(e.random.key(5), path), leaf.shape, 0.4),
  );
  return { config, params: drawn as ModelParams<e.Tensor> };
}

const { grouped } = mixerExamples.attention;
const long = (config: ModelConfig): ModelConfig => ({ ...config, context: 80 });
const withBesides = (besides: Partial<LayerSpec>): ModelConfig =>
  long(configOf(grouped, dense, 2, 12, { norm: { kind: "rmsNorm" }, ...besides }));

const causal: readonly (readonly [string, ModelConfig])[] = [
  ...Object.values(mixerExamples).flatMap((examples) =>
    Object.entries<MixerSpec>(examples).map(
      ([name, mixer]) => [`${mixer.kind}, ${name}`, long(configOf(mixer, dense))] as const,
    ),
  ),
  ...Object.entries(besidesExamples).map(([name, besides]) => [name, withBesides(besides)] as const),
];

it.each(causal)("the past notices nothing: %s", (_, config) => {
  const { logits, layers, parts, leaks } = causality(lively(config));
  expect([logits, leaks]).toEqual([0, []]);
  expect(new Set([...layers, ...parts].map(({ change }) => change))).toEqual(new Set([0]));
  expect(layers.map(({ at }) => at)).toEqual(["embed", "layers.0", "layers.1"]);
  expect(parts.length % 2).toBe(0);
});

describe("a pool over the whole text", () => {
  it.each(Object.entries(leakyExamples))("is named wherever it stands: %s", (name, besides) => {
    const found = causality(lively(withBesides(besides)));
    const names = name === "adaptive norm" ? ["mixerNorm", "mlpNorm"] : ["squeezeExcite"];
    expect(found.leaks).toEqual([0, 1].flatMap((i) => names.map((part) => `layers.${i}.${part}`)));
    expect(found.logits).toBeGreaterThan(1e-4);
  });

  it("is told from what it spoils behind it", () => {
    const config = withBesides(besidesExamples["everything, with biases"]);
    const whole = { hidden: 3, pool: { kind: "sequence" }, gate: "sigmoid" } as const;
    const layers = config.layers.map((layer, i) => (i === 0 ? layer : { ...layer, squeezeExcite: whole }));
    const found = causality(lively({ ...config, layers: [...layers, config.layers[0]] }));
    expect(found.leaks).toEqual(["layers.1.squeezeExcite"]);
    expect(found.layers.map(({ at, change }) => [at, change > 0])).toEqual([
      ["embed", false],
      ["layers.0", false],
      ["layers.1", true],
      ["layers.2", true],
    ]);
    expect(found.parts.filter(({ change }) => change > 0).map(({ at }) => at)).toEqual(found.leaks);
  });
});

it("the change is that of the scores before the changed token", () => {
  const model = lively(withBesides(leakyExamples["squeeze and excite"]));
  const [ids, other] = [
    [3, 1, 4, 1, 5],
    [3, 1, 4, 2, 5],
  ];
  const rows = (ids: readonly number[]): Float32Array =>
    e.read(e.narrow(logits(model, batch([ids])), 1, 0, 3)) as Float32Array;
  const [a, b] = [rows(ids), rows(other)];
  const expected = Math.max(...a.map((v, i) => Math.abs(v - b[i])));
  expect(causality(model, { ids, positions: [2] }).logits).toBe(expected);
});

it("frees what it made, and refuses what it cannot change", () => {
  const model = lively(withBesides({}));
  const before = e.liveTensors();
  causality(model, { ids: [1, 2, 3] });
  expect(e.liveTensors()).toBe(before);
  expect(() => causality(model, { ids: [1] })).toThrow("causality: the text has 1 tokens: expected 2 to 80");
  expect(() => causality(model, { ids: [1, 2], positions: [1] })).toThrow(
    "causality: 1 position: expected whole numbers",
  );
  expect(() => causality(model, { ids: [1, 2], positions: [] })).toThrow("causality: no position");
});
