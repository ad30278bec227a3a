import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { batch, convNet, deltaNet, init, type LinearSpec, llama } from "../model/index.js";
import { linearFigures, linearInputs, roundingLoss } from "./index.js";

const dials = { vocab: 40, width: 32, depth: 2, hidden: 64, context: 32 };
const ids = () => batch([Array.from({ length: 24 }, (_, i) => (i * 7) % 40)]);
const ternary = (norm: "block" | "per-linear"): LinearSpec => ({ kind: "ternary", scale: "per-tensor", norm });

describe("linearInputs", () => {
  it("finds every linear layer once, in order", () => {
    const model = init(llama({ ...dials, heads: 4 }), 1);
    const names = ["mixer.q", "mixer.k", "mixer.v", "mixer.o", "mlp.gate", "mlp.up", "mlp.down"];
    const expected = [0, 1].flatMap((i) => names.map((name) => `layers.${i}.${name}`));
    expect(
      linearInputs(model, ids())
        .map(({ path }) => path)
        .sort(),
    ).toEqual(expected.sort());
  });

  it("sees inputs behind the norms of linear layers", () => {
    const config = deltaNet({ ...dials, heads: 2, keyDim: 8, valueDim: 16, linear: ternary("per-linear") });
    for (const { rms, spread } of linearInputs(init(config, 1), ids())) {
      // Not quite 1 where an input is as small as the norm's eps.
      expect(rms).toBeGreaterThan(0.9);
      expect(rms).toBeLessThan(1.001);
      expect(spread).toBeLessThan(0.1);
    }
    const drifting = linearInputs(init(convNet({ ...dials, linear: ternary("block") }), 1), ids());
    expect(Math.min(...drifting.map(({ rms }) => rms))).toBeLessThan(0.1);
  });

  it("leaves no tensor behind", () => {
    const model = init(llama({ ...dials, heads: 4 }), 1);
    const sample = ids();
    const before = e.liveTensors();
    linearInputs(model, sample);
    expect(e.liveTensors()).toBe(before);
  });
});

describe("roundingLoss", () => {
  it("of normal weights is what integrals say, and small blocks gain by a scale of their own", () => {
    const config = llama({ ...dials, depth: 1, heads: 4, hidden: 96 });
    const model = init(config, 1);
    const block = Float32Array.from({ length: 96 * 32 }, (_, i) => Math.sin(i * 12.9898) * (i < 256 * 6 ? 0.1 : 1));
    const mixed = {
      ...model,
      params: {
        ...model.params,
        layers: model.params.layers.map((l) => ({ ...l, mlp: { ...l.mlp, up: e.tensor(block, [96, 32]) } })),
      },
    };
    const gate = roundingLoss(model, ["layers.0.mlp.gate"], "per-tensor");
    // P(|w| < mean|w| / 2) = 31.0 % for a normal distribution; the error is √0.2636 = 0.513.
    expect(gate.zeros).toBeCloseTo(0.31, 1);
    expect(gate.error).toBeCloseTo(0.513, 1);
    const of = (scale: Parameters<typeof roundingLoss>[2]) => roundingLoss(mixed, ["layers.0.mlp.up"], scale);
    expect(of("per-tensor").smallBlockError).toBe(1);
    expect(of({ group: 256, aligned: false }).smallBlockError).toBeLessThan(0.5);
  });
});

it("linearFigures names its figures", () => {
  const figures = linearFigures(init(llama({ ...dials, heads: 4 }), 1), ids());
  const losses = ["Tensor", "256", "64"].flatMap((scale) =>
    ["zeros", "error", "smallBlockError"].map((name) => name + scale),
  );
  expect(Object.keys(figures).sort()).toEqual(["inputRmsDrift", "inputTokenSpread", ...losses].sort());
  for (const value of Object.values(figures)) expect(value).toBeGreaterThanOrEqual(0);
});
