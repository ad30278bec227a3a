/** Specs of every kind of layer, and a small model around them. */
import { mul, random, type Tensor, tree } from "../../engine/index.js";
import {
  init,
  type LayerSpec,
  type LinearSpec,
  type MixerSpec,
  type Model,
  type ModelConfig,
  type ModelParams,
} from "../index.js";

type Kind = MixerSpec["kind"];

const heads = { heads: 4, kvHeads: 2, headDim: 4, rope: { theta: 10_000, layout: "half" } } as const;

const differential = { kind: "differentialV1", ...heads, lambdaInit: 0.36 } as const;

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
    grouped: { kind: "attention", ...heads },
  },
  differentialV1: {
    "adjacent heads": { ...differential, split: "adjacentHeads", output: "subNorm" },
    "halved heads": { ...differential, split: "halvedHeads", output: "plainSubNorm" },
    "within three heads": {
      ...differential,
      heads: 3,
      kvHeads: 1,
      headDim: 8,
      split: "withinHead",
      output: "subNorm",
    },
    "within heads, interleaved": {
      ...differential,
      rope: { theta: 10_000, layout: "interleaved" },
      split: "withinHead",
      output: "plainSubNorm",
    },
    "residual, halved heads": { ...differential, split: "halvedHeads", output: "residual" },
  },
  differentialV2: {
    reference: { kind: "differentialV2", ...heads },
    "with a bias, three heads": { kind: "differentialV2", ...heads, heads: 3, kvHeads: 1, lambdaBias: true },
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

/** What a layer may have beside mixer and feed-forward layer, and how its norms adapt. */
export type Besides = Pick<LayerSpec, "norm" | "tokenMixing" | "squeezeExcite">;

const prefix = { kind: "prefix" } as const;
const plain: Besides = { norm: { kind: "rmsNorm" } };

/** Examples of each part that may be added, and of all of them. All are causal. */
export const besidesExamples: Readonly<Record<string, Besides>> = {
  "adaptive norm, rank 2": { norm: { kind: "adaptiveRmsNorm", rank: 2, pool: prefix } },
  "adaptive norm, full, decaying": {
    norm: { kind: "adaptiveRmsNorm", rank: "full", pool: { kind: "ema", decay: 0.9 } },
  },
  "token mixing": { ...plain, tokenMixing: { kernel: 3 } },
  "squeeze and excite": { ...plain, squeezeExcite: { hidden: 3, pool: prefix, gate: "doubleSigmoid" } },
  "everything, with biases": {
    norm: { kind: "adaptiveRmsNorm", rank: 3, pool: prefix },
    tokenMixing: { kernel: 4, bias: true },
    squeezeExcite: { hidden: 2, pool: { kind: "ema", decay: 0.5 }, gate: "sigmoid", bias: true },
  },
};

const whole = { kind: "sequence" } as const;

/** Examples of what sees the future. */
export const leakyExamples: Readonly<Record<string, Besides>> = {
  "adaptive norm": { norm: { kind: "adaptiveRmsNorm", rank: 2, pool: whole } },
  "squeeze and excite": { ...plain, squeezeExcite: { hidden: 6, pool: whole, gate: "doubleSigmoid" } },
};

export const dense: LinearSpec = { kind: "dense" };

/** Examples of linear layers. */
export const linearExamples: Readonly<Record<string, LinearSpec>> = {
  dense,
  "ternary, block norm": { kind: "ternary", scale: "per-tensor", norm: "block" },
  "ternary groups, a norm per linear": { kind: "ternary", scale: { group: 8, aligned: false }, norm: "per-linear" },
};

/** A small model whose layers are all the same. */
export function configOf(
  mixer: MixerSpec,
  linear: LinearSpec,
  depth = 2,
  width = 12,
  besides: Besides = plain,
): ModelConfig {
  const layer: LayerSpec = { mixer, mlp: { kind: "swiglu", hidden: 10 }, ...besides };
  const layers = Array.from({ length: depth }, () => layer);
  return { vocab: 23, width, context: 64, tied: true, normEps: 1e-5, linear, layers };
}

/** Weights large enough that every part of the model counts, above all those that begin with no effect. */
export function lively(config: ModelConfig): Model<Tensor> {
  const { params } = init(config, 6);
  const larger = tree.map<Tensor, Tensor, ModelParams<Tensor>>(params, (leaf, path) => {
    if (/Norm\.(matrix|up)$|tokenMixing|squeezeExcite|lambda/.test(path))
      return random.normal(random.fold(random.key(7), path), leaf.shape, 0.4);
    return /embed|mixer\.|mlp\./.test(path) && leaf.shape.length === 2 ? mul(leaf, 5) : leaf;
  });
  return { config, params: larger as ModelParams<Tensor> };
}
