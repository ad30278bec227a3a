import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  asLlama,
  batch,
  countLinearParameters,
  countParameters,
  deltaNet,
  flopsPerToken,
  hybrid,
  init,
  llama,
  logits,
  type Model,
  type ModelConfig,
  partlyRounded,
  rounded,
  teenyS,
  teenySConv,
} from "./index.js";

const small = { vocab: 31, width: 12, depth: 4, heads: 2, hidden: 16, context: 64 };

describe("presets", () => {
  it("count what their originals count", () => {
    expect([countParameters(teenyS), countLinearParameters(teenyS)]).toEqual([5_042_112, 3_105_792]);
    expect(countParameters(teenySConv)).toBe(4_370_112);
    const large = { vocab: 10_000, width: 384, depth: 8, hidden: 1024, context: 1024 };
    const { layers: _, ...rest } = teenyS;
    const [layer] = deltaNet({ ...large, heads: 6, keyDim: 48, valueDim: 96, outputNorm: "none" }).layers;
    const gate = { kind: "logsigmoid", gateLogitNormalizer: 16 } as const;
    const mixer = { ...layer.mixer, gate } as typeof layer.mixer;
    const layers = Array.from({ length: 8 }, () => ({ ...layer, mixer }));
    expect(countParameters({ ...rest, width: 384, layers })).toBe(20_435_328);
  });

  it("place norms as their config says", () => {
    const paths = (norm: "block" | "per-linear" | "both" | "none"): string[] => {
      const config = deltaNet({
        ...small,
        depth: 1,
        keyDim: 3,
        valueDim: 4,
        outputNorm: "none",
        linear: { kind: "ternary", scale: "per-tensor", norm },
      });
      return e.tree
        .entries<e.Tensor>(init(config, 0).params)
        .filter(([path]) => path.endsWith(".gain"))
        .map(([path, { shape }]) => `${path} ${shape}`);
    };
    const block = ["layers.0.mixerNorm.gain 12", "layers.0.mlpNorm.gain 12"];
    expect(paths("none")).toEqual(["norm.gain 12"]);
    expect(paths("block")).toEqual([...block, "norm.gain 12"]);
    expect(paths("per-linear")).toContain("layers.0.linearNorms.mixer.o.gain 8");
    expect(paths("per-linear")).toContain("layers.0.linearNorms.mlp.down.gain 16");
    expect(paths("per-linear")).toHaveLength(11);
    expect(paths("both")).toHaveLength(13);
  });

  it("take widths of their own for each layer", () => {
    const { layers } = deltaNet({ ...small, keyDim: [3, 4, 5, 6], valueDim: 7 });
    expect(layers.map(({ mixer }) => mixer.kind === "gatedDeltaNet" && mixer.keyDim)).toEqual([3, 4, 5, 6]);
    expect(layers[3].mixer).toMatchObject({ queryScale: 6 ** -0.5 });
  });
});

describe("rounded", () => {
  const ids = batch([[1, 2, 3, 4, 5]]);
  const scores = (model: Model<e.Tensor>) => e.scope(() => e.read(logits(model, ids)));

  it("gives the same scores from matrices that are ternary already", () => {
    const scale = { group: 8, aligned: true } as const;
    const linear = { kind: "ternary", scale, norm: "per-linear", activationBits: 8 } as const;
    const model = init(deltaNet({ ...small, keyDim: 3, valueDim: 4, linear }), 2);
    const once = rounded(model);
    expect([...scores(once)]).toEqual([...scores(model)]);
    expect([...scores(rounded(once))]).toEqual([...scores(model)]);
    expect(new Set(e.read(e.narrow(once.params.layers[0].mlp.up, 0, 0, 1))).size).toBeLessThanOrEqual(6);
    expect(once.params.embed).toBe(model.params.embed);
  });

  it("leaves a dense model as it is", () => {
    const model = init(deltaNet({ ...small, keyDim: 3, valueDim: 4 }), 2);
    expect(rounded(model)).toBe(model);
  });
});

describe("partlyRounded", () => {
  const ids = batch([[1, 2, 3, 4, 5]]);
  const linear = { kind: "ternary", scale: "per-tensor", norm: "block" } as const;
  const model = init(deltaNet({ ...small, keyDim: 3, valueDim: 4, linear }), 2);
  const scores = (of: Model<e.Tensor>) => e.scope(() => e.read(logits(of, ids)));

  it("goes from the weights behind the rounding to the rounded ones", () => {
    const dense = { ...model, config: { ...model.config, linear: { kind: "dense" } as const } };
    expect([...scores(partlyRounded(model, e.scalar(0)))]).toEqual([...scores(dense)]);
    expect([...scores(partlyRounded(model, e.scalar(1)))]).toEqual([...scores(model)]);
    const [before, after] = [dense, rounded(model)].map(({ params }) => e.read(params.layers[1].mixer.v));
    const between = e.read(partlyRounded(model, e.scalar(0.25)).params.layers[1].mixer.v);
    close(
      between,
      before.map((w, i) => 0.75 * w + 0.25 * after[i]),
      1e-6,
    );
  });

  it("learns as what is rounded in full learns", () => {
    const gradients = (of: (params: typeof model.params) => Model<e.Tensor>) => {
      const loss = (params: typeof model.params) => e.mean(e.square(logits(of(params), ids)));
      return e.tree.leaves<e.Tensor>(e.valueAndGradient(loss, model.params).gradients).map((leaf) => e.read(leaf));
    };
    const full = gradients((params) => ({ ...model, params }));
    const blended = gradients((params) => partlyRounded({ ...model, params }, e.scalar(1)));
    for (const [i, leaf] of blended.entries()) close(leaf, full[i], 1e-6);
  });
});

describe("a hybrid", () => {
  const base = deltaNet({ ...small, keyDim: 3, valueDim: 4 });
  const attention = llama({ ...small }).layers[0].mixer;
  const mixed = hybrid(base, attention, 2);

  it("has the other mixer in every k-th layer", () => {
    expect(mixed.layers.map(({ mixer }) => mixer.kind)).toEqual([
      "gatedDeltaNet",
      "attention",
      "gatedDeltaNet",
      "attention",
    ]);
    expect(e.scope(() => logits(init(mixed, 1), batch([[1, 2, 3]])).shape)).toEqual([1, 3, 31]);
  });

  it("costs more per token the more it sees, and Gated DeltaNet does not", () => {
    const growth = (config: ModelConfig) => flopsPerToken(config, 1000) - flopsPerToken(config, 10);
    expect(growth(base)).toBe(0);
    expect(growth(mixed)).toBe(2 * 2 * 2 * 12 * 990);
  });

  it("is no Llama, and says where", () => {
    expect(() => asLlama(mixed, "A Hugging Face Llama")).toThrow(
      "A Hugging Face Llama has no gatedDeltaNet (layer 0): expected attention in every layer",
    );
    expect(() => asLlama(teenySConv, "It")).toThrow("It has no ternary linear layers");
  });
});
