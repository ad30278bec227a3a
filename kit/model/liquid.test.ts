/** What Liquid Metal and differential attention add to a model, and that the former begins by changing nothing. */
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { UserError } from "../errors.js";
import {
  batch,
  countParameters,
  Decoder,
  differential,
  flopsPerToken,
  init,
  type LiquidDials,
  leaks,
  liquid,
  llama,
  logits,
  type ModelConfig,
  refuseLeaks,
  smolLm2,
  teenyS,
  tinyLlama,
} from "./index.js";

const added = (config: ModelConfig): number => countParameters(config) - countParameters(tinyLlama);
const only = (part: "adaptiveRmsNorm" | "tokenMixing" | "squeezeExcite", dials: LiquidDials = {}): ModelConfig =>
  liquid(tinyLlama, { ...dials, parts: [part] });

describe("parameters added to TinyLlama-1.1B", () => {
  it("by two full adaptive norms a layer: 184,549,376, beside the gains there were", () => {
    const full = only("adaptiveRmsNorm", { rank: "full" });
    expect(added(full)).toBe(184_549_376);
    // The gain of an adaptive norm is the bias of its linear layer.
    const gains = 2 * 22 * 2048;
    expect(gains).toBe(90_112);
    expect(added(full) + gains).toBe(184_639_488);
    expect(added(only("adaptiveRmsNorm", { rank: 16 }))).toBe(2 * 22 * 2 * 16 * 2048);
  });

  it("by squeeze-and-excitation with a reduction of 16: 11,534,336, with biases 11,582,208", () => {
    expect(added(only("squeezeExcite"))).toBe(11_534_336);
    expect(added(only("squeezeExcite", { bias: true }))).toBe(11_582_208);
  });

  it("by token mixing over 3 tokens: 135,168, with biases 180,224", () => {
    expect(added(only("tokenMixing"))).toBe(135_168);
    expect(added(only("tokenMixing", { bias: true }))).toBe(180_224);
  });

  it("by λ: 2,816 within heads, 5,632 of whole heads; and by sub-norms", () => {
    expect(added(differential(tinyLlama, { version: 1, split: "withinHead", output: "plainSubNorm" }))).toBe(2_816);
    for (const split of ["halvedHeads", "adjacentHeads"] as const) {
      expect(added(differential(tinyLlama, { version: 1, split, output: "plainSubNorm" }))).toBe(5_632);
      expect(added(differential(tinyLlama, { version: 1, split }))).toBe(5_632 + 22 * 128);
    }
  });

  it("by the second version: as many queries again, and a gate", () => {
    expect(added(differential(tinyLlama, { version: 2 }))).toBe(22 * (2048 * 2048 + 32 * 2048));
    expect(added(differential(tinyLlama, { version: 2, lambdaBias: true }))).toBe(22 * (2048 * 2048 + 32 * 2049));
  });

  it("take two operations a token each, gains none", () => {
    const [before, after] = [tinyLlama, only("tokenMixing")].map((config) => flopsPerToken(config, 100));
    expect(after - before).toBe(2 * 135_168);
    expect(flopsPerToken(only("adaptiveRmsNorm", { rank: "full" }), 100) - before).toBe(2 * 184_549_376);
    const v1 = differential(tinyLlama, { version: 1, split: "halvedHeads" });
    expect(flopsPerToken(v1, 100) - before).toBe(2 * (5_632 + 22 * 128));
  });
});

const base = llama({ vocab: 50, width: 16, depth: 2, heads: 4, kvHeads: 2, hidden: 24, context: 40 });
const ids = batch([
  [3, 1, 4, 1, 5, 9, 2],
  [6, 5, 3, 5, 8, 9, 7],
]);

describe.each([
  ["of low rank", {}],
  ["with full matrices", { rank: "full" }],
  ["with a decaying pool and biases", { pool: { kind: "ema", decay: 0.9 }, bias: true }],
  ["over the whole text", { pool: { kind: "sequence" } }],
] as const)("Liquid Metal %s", (_, dials: LiquidDials) => {
  const model = init(liquid(base, { hidden: 4, ...dials }), 5);

  it("gives the scores of the model it was made from, to the last bit", () => {
    expect([...e.read(logits(model, ids))]).toEqual([...e.read(logits(init(base, 5), ids))]);
  });

  it("lets every part that begins with no effect learn from the first step on", () => {
    const { gradients } = e.valueAndGradient(
      (params) => e.sum(e.square(logits({ ...model, params }, ids))),
      model.params,
    );
    const still = e.tree
      .entries<e.Tensor>(gradients)
      .filter(
        ([path, leaf]) => /Norm\.(matrix|up)|kernel|bias|Excite\.up/.test(path) && e.read(leaf).every((v) => v === 0),
      );
    expect(still.map(([path]) => path)).toEqual([]);
  });

  it("decodes", () => {
    const decoder = new Decoder(model, { backend: "graph", recent: 4 });
    decoder.prompt([[3, 1, 4], [6]]);
    expect(decoder.next([1, 5]).every(Number.isFinite)).toBe(true);
    decoder.reset();
  });
});

it("the sub-norm of differential attention makes another function at once", () => {
  const model = init(differential(base, { version: 1, split: "halvedHeads" }), 5);
  expect(model.config.layers.map(({ mixer }) => "lambdaInit" in mixer && mixer.lambdaInit.toFixed(4))).toEqual([
    "0.2000",
    "0.3555",
  ]);
  expect([...e.read(logits(model, ids))]).not.toEqual([...e.read(logits(init(base, 5), ids))]);
});

describe("what cannot be is refused", () => {
  it("heads that cannot be split", () => {
    const split = (split: "halvedHeads" | "withinHead") => () => differential(smolLm2, { version: 1, split });
    expect(split("halvedHeads")).toThrow(
      'The heads of layer 0 cannot be split: heads is 9: expected an even number, for pairs of heads. The split "withinHead" fits any number of heads',
    );
    expect(split("withinHead")().layers).toHaveLength(30);
    const narrow = llama({ vocab: 5, width: 12, depth: 1, heads: 2, hidden: 4, context: 8 });
    expect(() => differential(narrow, { version: 1, split: "withinHead" })).toThrow(
      "The heads of layer 0 cannot be split: headDim is 6: expected a multiple of 4, for two groups of rotary pairs",
    );
    expect(() => differential(base, { version: 1, split: "withinHead", output: "residual" })).toThrow(
      /output is residual/,
    );
    expect(() => differential(teenyS, { version: 2 })).toThrow(
      "Layer 0 has no attention to make differential (its mixer is gatedDeltaNet)",
    );
  });

  it("an adaptive norm where no norm stands", () => {
    const perLinear = { kind: "ternary", scale: "per-tensor", norm: "per-linear" } as const;
    expect(() => countParameters({ ...liquid(base), linear: perLinear })).toThrow(
      "There is no place for the adaptiveRmsNorm of layer 0: expected a placement of norms that has one before each half",
    );
  });

  it("a model that sees the future, unless that is allowed", () => {
    const leaky = liquid(base, { pool: { kind: "sequence" } });
    expect(leaks(leaky)).toEqual(
      [0, 1].flatMap((i) => ["mixerNorm", "mlpNorm", "squeezeExcite"].map((part) => `layers.${i}.${part}`)),
    );
    expect(() => refuseLeaks(leaky, "Training")).toThrow(UserError);
    expect(() => refuseLeaks(leaky, "Training")).toThrow(
      "Training is refused: the model sees the future (layers.0.mixerNorm and 5 more)",
    );
    refuseLeaks(leaky, "Training", { allowLeak: true });
    refuseLeaks(liquid(base), "Training");
    expect(leaks(liquid(base, { pool: { kind: "sequence" }, parts: ["tokenMixing"] }))).toEqual([]);
  });
});
