/** Liquid Metal as dials: the same layers with adaptive norms, token mixing and squeeze-and-excitation. */
import type { PoolSpec, SqueezeExciteSpec } from "../nn/index.js";
import type { LayerSpec, ModelConfig } from "./config.js";

/** What Liquid Metal adds to a layer. */
export type LiquidPart = "adaptiveRmsNorm" | "tokenMixing" | "squeezeExcite";

export const liquidParts: readonly LiquidPart[] = ["adaptiveRmsNorm", "tokenMixing", "squeezeExcite"];

/** The dials of Liquid Metal. Its model cards give no figures: the defaults are the usual ones of each module. */
export type LiquidDials = {
  /** Default: all three. */
  readonly parts?: readonly LiquidPart[];
  /** Rank of the matrices of the adaptive norms. Default 16. */
  readonly rank?: number | "full";
  /** What norms and gates know of the text. Default: the text so far. */
  readonly pool?: PoolSpec;
  /** Tokens that token mixing sees. Default 3. */
  readonly kernel?: number;
  /** Width of the squeezed vector. Default: a sixteenth of the model's, at least 1. */
  readonly hidden?: number;
  /** Default `doubleSigmoid`, with which a gate begins at 1. */
  readonly gate?: SqueezeExciteSpec["gate"];
  /** Whether token mixing and squeeze-and-excitation have biases. Default: no. */
  readonly bias?: true;
};

/** A layer with the parts of Liquid Metal; what else it is stays. */
export function liquidLayer(layer: LayerSpec, width: number, dials: LiquidDials = {}): LayerSpec {
  const { parts = liquidParts, rank = 16, pool = { kind: "prefix" }, kernel = 3, gate = "doubleSigmoid" } = dials;
  const hidden = dials.hidden ?? Math.max(1, Math.round(width / 16));
  const bias = dials.bias === true ? ({ bias: true } as const) : {};
  return {
    ...layer,
    ...(parts.includes("adaptiveRmsNorm") ? { norm: { kind: "adaptiveRmsNorm", rank, pool } } : {}),
    ...(parts.includes("tokenMixing") ? { tokenMixing: { kernel, ...bias } } : {}),
    ...(parts.includes("squeezeExcite") ? { squeezeExcite: { hidden, pool, gate, ...bias } } : {}),
  };
}

/** A model whose layers all have the parts of Liquid Metal. */
export function liquid(config: ModelConfig, dials: LiquidDials = {}): ModelConfig {
  return { ...config, layers: config.layers.map((layer) => liquidLayer(layer, config.width, dials)) };
}
