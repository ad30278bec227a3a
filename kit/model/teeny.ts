/** Models with the mixers of the teeny-s family, as presets and as dials. */
import type { DecayGate, DeltaRule } from "../nn/index.js";
import type { LayerSpec, LinearSpec, MixerSpec, ModelConfig } from "./config.js";

/** The dials that all models have. */
type Dials = {
  readonly vocab: number;
  readonly width: number;
  readonly depth: number;
  /** Width of the feed-forward layer. */
  readonly hidden: number;
  readonly context: number;
  /** Default: yes. */
  readonly tied?: boolean;
  /** Default: dense. */
  readonly linear?: LinearSpec;
  readonly normEps?: number;
};

/** The dials of a Gated DeltaNet; defaults are the paper's. */
export type DeltaNetDials = Dials & {
  readonly heads: number;
  readonly valueHeads?: number;
  /** Width of a query or key, or one for each layer: expand factors may differ by depth. */
  readonly keyDim: number | readonly number[];
  readonly valueDim: number | readonly number[];
  readonly conv?: number;
  readonly gate?: DecayGate;
  readonly rule?: DeltaRule;
  /** Default: `1/√keyDim`. */
  readonly queryScale?: number;
  readonly negativeEigenvalues?: boolean;
  readonly outputNorm?: "gatedRmsNorm" | "none";
  readonly chunk?: number;
};

/** Every layer Gated DeltaNet and SwiGLU. */
export function deltaNet(dials: DeltaNetDials): ModelConfig {
  const at = (of: number | readonly number[], layer: number): number => (typeof of === "number" ? of : of[layer]);
  return stacked(dials, (i) => ({
    kind: "gatedDeltaNet",
    heads: dials.heads,
    ...(dials.valueHeads === undefined ? {} : { valueHeads: dials.valueHeads }),
    keyDim: at(dials.keyDim, i),
    valueDim: at(dials.valueDim, i),
    conv: dials.conv ?? 4,
    gate: dials.gate ?? { kind: "mamba" },
    rule: dials.rule ?? "paper",
    queryScale: dials.queryScale ?? at(dials.keyDim, i) ** -0.5,
    ...(dials.negativeEigenvalues === undefined ? {} : { negativeEigenvalues: dials.negativeEigenvalues }),
    outputNorm: dials.outputNorm ?? "gatedRmsNorm",
    chunk: dials.chunk ?? 64,
  }));
}

/** Every layer a gated convolution over `kernel` tokens and SwiGLU. */
export function convNet(dials: Dials & { readonly kernel?: number }): ModelConfig {
  return stacked(dials, () => ({ kind: "gatedConv", kernel: dials.kernel ?? 8 }));
}

function stacked(dials: Dials, mixer: (layer: number) => MixerSpec): ModelConfig {
  const { vocab, width, context, hidden } = dials;
  const layer = (i: number): LayerSpec => ({
    mixer: mixer(i),
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden },
  });
  return {
    vocab,
    width,
    context,
    tied: dials.tied ?? true,
    normEps: dials.normEps ?? 1e-6,
    linear: dials.linear ?? { kind: "dense" },
    layers: Array.from({ length: dials.depth }, (_, i) => layer(i)),
  };
}

/**
 * The same config with another mixer in every k-th layer, counted as `k, 2k, …`: a hybrid.
 *
 * @param every k; 1 exchanges all
 */
export function hybrid(config: ModelConfig, mixer: MixerSpec, every: number): ModelConfig {
  const layers = config.layers.map((layer, i) => ((i + 1) % every === 0 ? { ...layer, mixer } : layer));
  return { ...config, layers };
}

const teeny = { vocab: 10_000, width: 192, depth: 6, hidden: 512, context: 512 } as const;

/**
 * teeny-s: a ternary Gated DeltaNet of 5,042,112 parameters, 3,105,792 of them in ternary matrices.
 *
 * As its author's, with one defect repaired: the memory decays before it predicts. `rule: "undecayed"` has the author's.
 *
 * @source the model card of teeny-s and its training script
 */
export const teenyS: ModelConfig = deltaNet({
  ...teeny,
  linear: { kind: "ternary", scale: "per-tensor", norm: "block" },
  heads: 4,
  keyDim: 36,
  valueDim: 72,
  gate: { kind: "logsigmoid", gateLogitNormalizer: 16 },
  queryScale: 1,
  outputNorm: "none",
});

/**
 * teeny-s before Gated DeltaNet: gated convolutions, scales of runs of 256 weights, a norm in front of every linear layer;
 * 4,370,112 parameters.
 *
 * @source the same author's earlier training script
 */
export const teenySConv: ModelConfig = convNet({
  ...teeny,
  linear: { kind: "ternary", scale: { group: 256, aligned: false }, norm: "per-linear" },
});
