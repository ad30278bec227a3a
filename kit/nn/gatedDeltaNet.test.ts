import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  type GatedDeltaNetParams,
  type GatedDeltaNetSpec,
  gatedDeltaNet,
  gatedDeltaNetStart,
  initial,
} from "./index.js";

const D = 6;
const paper: GatedDeltaNetSpec = {
  heads: 2,
  valueHeads: 4,
  keyDim: 3,
  valueDim: 2,
  conv: 4,
  gate: { kind: "mamba" },
  rule: "paper",
  queryScale: 3 ** -0.5,
  negativeEigenvalues: true,
  outputNorm: "gatedRmsNorm",
  chunk: 4,
};
const teeny: GatedDeltaNetSpec = {
  heads: 2,
  keyDim: 3,
  valueDim: 2,
  conv: 4,
  gate: { kind: "logsigmoid", gateLogitNormalizer: 16 },
  rule: "undecayed",
  queryScale: 1,
  outputNorm: "none",
  chunk: 64,
};

function draw(spec: GatedDeltaNetSpec): GatedDeltaNetParams<e.Tensor> {
  const [H, Hv] = [spec.heads, spec.valueHeads ?? spec.heads];
  const normal = (name: string, ...shape: number[]) => e.random.normal(e.random.fold(e.random.key(8), name), shape);
  return {
    q: normal("q", H * 3, D),
    k: normal("k", H * 3, D),
    v: normal("v", Hv * 2, D),
    outputGate: normal("outputGate", Hv * 2, D),
    decay: normal("decay", Hv, D),
    beta: normal("beta", Hv, D),
    o: normal("o", D, Hv * 2),
    qConv: normal("qConv", 4, H * 3),
    kConv: normal("kConv", 4, H * 3),
    vConv: normal("vConv", 4, Hv * 2),
    aLog: normal("aLog", Hv),
    dtBias: normal("dtBias", Hv),
    outputGain: normal("outputGain", 2),
  };
}

/** One sequence in float64, straight from the formulas. */
function written(params: GatedDeltaNetParams<e.Tensor>, x: number[][], spec: GatedDeltaNetSpec): number[][] {
  const p = e.tree.map<e.Tensor, number[], Record<string, e.Tensor>>(params as Record<string, e.Tensor>, (leaf) =>
    Array.from(e.read(leaf)),
  ) as Record<string, number[]>;
  const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));
  const times = (w: number[], row: number[]): number[] =>
    Array.from({ length: w.length / row.length }, (_, i) => row.reduce((s, v, j) => s + v * w[i * row.length + j], 0));
  const conv = (rows: number[][], kernel: number[]): number[][] =>
    rows.map((row, t) =>
      row.map((_, d) => {
        const sum = [0, 1, 2, 3].reduce((s, j) => s + (rows[t - 3 + j]?.[d] ?? 0) * kernel[j * row.length + d], 0);
        return sum * sigmoid(sum);
      }),
    );
  const unit = (row: number[]): number[] => row.map((v) => v / Math.sqrt(row.reduce((s, u) => s + u * u, 1e-6)));
  const [q, k, v] = ["q", "k", "v"].map((name) =>
    conv(
      x.map((row) => times(p[name], row)),
      p[`${name}Conv`],
    ),
  );
  const heads = spec.valueHeads ?? spec.heads;
  const memory = Array.from({ length: heads }, () => [0, 1, 2].map(() => [0, 0]));
  return x.map((row, t) => {
    const [decay, beta, gate] = [times(p.decay, row), times(p.beta, row), times(p.outputGate, row)];
    const outputs = memory.flatMap((S, h) => {
      const from = Math.floor(h / (heads / spec.heads)) * 3;
      const [kt, qt] = [unit(k[t].slice(from, from + 3)), unit(q[t].slice(from, from + 3))];
      const softplus = Math.log1p(Math.exp(decay[h] + p.dtBias[h]));
      const g = spec.gate.kind === "mamba" ? -Math.exp(p.aLog[h]) * softplus : Math.log(sigmoid(decay[h])) / 16;
      const b = sigmoid(beta[h]) * (spec.negativeEigenvalues ? 2 : 1);
      const seen = (j: number): number =>
        [0, 1, 2].reduce((s, i) => s + S[i][j] * kt[i] * (spec.rule === "paper" ? Math.exp(g) : 1), 0);
      const delta = [0, 1].map((j) => b * (v[t][h * 2 + j] - seen(j)));
      for (const i of [0, 1, 2]) for (const j of [0, 1]) S[i][j] = S[i][j] * Math.exp(g) + kt[i] * delta[j];
      const o = [0, 1].map((j) => [0, 1, 2].reduce((s, i) => s + S[i][j] * qt[i] * spec.queryScale, 0));
      const rms = Math.sqrt((o[0] ** 2 + o[1] ** 2) / 2 + 1e-5);
      return o.map((value, j) => {
        const z = gate[h * 2 + j];
        return spec.outputNorm === "none" ? value * sigmoid(z) : (value / rms) * p.outputGain[j] * z * sigmoid(z);
      });
    });
    return times(p.o, outputs);
  });
}

describe.each([
  ["paper: mamba gate, output norm, four value heads for two, negative eigenvalues", paper],
  ["teeny-s: logsigmoid gate, no output norm, undecayed rule", teeny],
] as const)("gatedDeltaNet, %s", (_, spec) => {
  it("is what its formulas say", () => {
    const params = draw(spec);
    const x = e.random.normal(e.random.key(9), [2, 10, D]);
    const rows = Array.from({ length: 20 }, (_, t) => Array.from(e.read(x)).slice(t * D, (t + 1) * D));
    const expected = [rows.slice(0, 10), rows.slice(10)].flatMap((one) => written(params, one, spec));
    close(e.read(gatedDeltaNet(params, x, spec)), expected.flat(), 1e-5);
  });

  it("has a state of one size", () => {
    const { memory, qTail, vTail } = gatedDeltaNetStart(spec, 5);
    const heads = spec.valueHeads ?? spec.heads;
    expect([memory.shape, qTail.shape, vTail.shape]).toEqual([
      [5, heads, 3, 2],
      [5, 3, 6],
      [5, 3, heads * 2],
    ]);
  });
});

it("starts with rates, time steps and kernels in their ranges", () => {
  const { aLog, dtBias, qConv, outputGain } = initial.gatedDeltaNetInitial;
  const values = (draw: initial.Initial | undefined, ...shape: number[]) => [...draw!(e.random.key(1), shape)];
  const rates = values(aLog, 400).map(Math.exp);
  expect([Math.min(...rates) < 0.5, Math.max(...rates) > 15.5, Math.max(...rates) <= 16]).toEqual([true, true, true]);
  const steps = values(dtBias, 400).map((b) => Math.log1p(Math.exp(b)));
  expect(Math.min(...steps)).toBeGreaterThan(0.000999);
  expect(Math.max(...steps)).toBeLessThan(0.1001);
  expect(Math.max(...values(qConv, 4, 100).map(Math.abs))).toBeLessThanOrEqual(0.5);
  expect(values(outputGain, 3)).toEqual([1, 1, 1]);
});
