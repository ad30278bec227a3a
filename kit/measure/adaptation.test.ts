import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, countParameters, init, type LayerSpec, logits, type Model, type ModelConfig } from "../model/index.js";
import { besidesExamples, configOf, dense, linearExamples, mixerExamples } from "../model/testing/examples.js";
import { adaptationSpread, adaptations, withoutAdapting } from "./index.js";

const { grouped } = mixerExamples.attention;
const texts = () =>
  batch([
    [1, 2, 3, 4, 5, 6],
    [7, 7, 7, 8, 8, 8],
    [9, 1, 9, 2, 9, 3],
  ]);

function drawn(config: ModelConfig, size: number): Model<e.Tensor> {
  const { params } = init(config, 2);
  const all = e.tree.map<e.Tensor, e.Tensor, typeof params>(params, (leaf, path) =>
    // `up` is what begins at zero: with size 0 nothing adapts.
    e.random.normal(
      e.random.fold(e.random.key(5), path),
      leaf.shape,
      path.endsWith(".up") && !path.includes("mlp.") ? size : 0.4,
    ),
  );
  return { config, params: all as typeof params };
}

const configWith = (besides: Partial<LayerSpec>): ModelConfig =>
  configOf(grouped, dense, 2, 12, { norm: { kind: "rmsNorm" }, ...besides });
const low = configWith(besidesExamples["adaptive norm, rank 2"]);
const both = configWith({ ...besidesExamples["squeeze and excite"], norm: low.layers[0].norm });

describe("adaptations", () => {
  it("finds every part that adapts, and nothing else", () => {
    const names = adaptations(drawn(both, 0.4), texts()).map(({ at }) => at);
    expect(names).toEqual(
      [0, 1].flatMap((i) => ["mixerNorm", "mlpNorm", "squeezeExcite"].map((part) => `layers.${i}.${part}`)),
    );
    expect(adaptations(drawn(configWith({}), 0.4), texts())).toEqual([]);
    expect(adaptationSpread([])).toBeUndefined();
  });

  it("spread is none where nothing adapts, and that of the rows where they differ", () => {
    for (const spread of adaptationSpread(adaptations(drawn(both, 0), texts()))!) expect(spread).toBeCloseTo(0, 6);
    for (const spread of adaptationSpread(adaptations(drawn(both, 0.4), texts()))!)
      expect(spread).toBeGreaterThan(0.01);
    const rows = [
      [1, 2],
      [3, 2],
    ].map((row) => Float32Array.from(row));
    // Means 2 and 2: each row is 1 away, of √8.
    for (const spread of adaptationSpread([{ at: "", texts: rows }])!) expect(spread).toBeCloseTo(1 / Math.sqrt(8), 12);
  });
});

describe("withoutAdapting", () => {
  it("is the same model where nothing adapts, without the modules", () => {
    const model = drawn(both, 0);
    const fixed = withoutAdapting(model, adaptations(model, texts()));
    close(e.read(logits(fixed, texts())), e.read(logits(model, texts())), 1e-5);
    expect(countParameters(fixed.config)).toBe(countParameters(configWith({})));
  });

  it("takes the means over texts and tokens, of gains and of gates", () => {
    const model = drawn(both, 0.4);
    const parts = adaptations(model, texts());
    const fixed = withoutAdapting(model, parts);
    const means = (at: string): number[] => {
      const rows = parts.find((part) => part.at === at)!.texts;
      return Array.from(rows[0], (_, channel) => rows.reduce((sum, row) => sum + row[channel], 0) / rows.length);
    };
    close(e.read(fixed.params.layers[1].mlpNorm!.gain), means("layers.1.mlpNorm"), 1e-6);
    const [down, plain] = [fixed, model].map(({ params }) => e.read(params.layers[0].mlp.down) as Float32Array);
    const hidden = down.length / 12;
    close(
      down,
      Array.from(plain, (w, i) => w * means("layers.0.squeezeExcite")[Math.floor(i / hidden)]),
      1e-6,
    );
    const change = e.read(logits(fixed, texts())).map((v, i) => Math.abs(v - e.read(logits(model, texts()))[i]));
    expect(Math.max(...change)).toBeGreaterThan(1e-3);
  });

  it("frees what it made on its way, and refuses ternary layers", () => {
    const model = drawn(both, 0.4);
    const ids = texts();
    const before = e.liveTensors();
    const parts = adaptations(model, ids);
    expect(e.liveTensors()).toBe(before);
    const ternary = { ...model, config: { ...model.config, linear: linearExamples["ternary, block norm"] } };
    expect(() => withoutAdapting(ternary, parts)).toThrow(/gates cannot be multiplied.*expected dense/);
  });
});
