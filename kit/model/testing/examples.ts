/** Specs of every kind of layer, and a small model around them. */
import type { LinearSpec, MixerSpec, ModelConfig } from "../index.js";

type Kind = MixerSpec["kind"];

const deltaNet = {
  kind: "gatedDeltaNet",
  heads: 2,
  keyDim: 3,
  valueDim: 4,
  conv: 4,
  gate: { kind: "mamba" },
  rule: "paper",
  queryScale: 3 ** -0.5,
  outputNorm: "gatedRmsNorm",
  chunk: 8,
} as const;

/** Examples of each kind of mixer. A kind without one does not compile. */
export const mixerExamples: { readonly [K in Kind]: Readonly<Record<string, Extract<MixerSpec, { kind: K }>>> } = {
  attention: {
    grouped: { kind: "attention", heads: 4, kvHeads: 2, headDim: 4, rope: { theta: 10_000, layout: "half" } },
  },
  gatedConv: { "k = 8": { kind: "gatedConv", kernel: 8 } },
  gatedDeltaNet: {
    paper: deltaNet,
    "teeny-s": {
      ...deltaNet,
      gate: { kind: "logsigmoid", gateLogitNormalizer: 16 },
      rule: "undecayed",
      queryScale: 1,
      outputNorm: "none",
    },
    "more value heads, negative eigenvalues": { ...deltaNet, valueHeads: 4, negativeEigenvalues: true },
  },
};

export const dense: LinearSpec = { kind: "dense" };

/** Examples of linear layers. */
export const linearExamples: Readonly<Record<string, LinearSpec>> = {
  dense,
  "ternary, block norm": { kind: "ternary", scale: "per-tensor", norm: "block" },
  "ternary groups, a norm per linear": { kind: "ternary", scale: { group: 8, aligned: false }, norm: "per-linear" },
};

/** A small model whose layers are all the same. */
export function configOf(mixer: MixerSpec, linear: LinearSpec, depth = 2, width = 12): ModelConfig {
  const layer = { mixer, norm: { kind: "rmsNorm" }, mlp: { kind: "swiglu", hidden: 10 } } as const;
  const layers = Array.from({ length: depth }, () => layer);
  return { vocab: 23, width, context: 64, tied: true, normEps: 1e-5, linear, layers };
}
