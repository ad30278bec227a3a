import type { LlamaConfig, LlamaLayer } from "./config.js";

/** The dials of a plain Llama. */
export type LlamaDials = {
  readonly vocab: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Default: as many as `heads`. */
  readonly kvHeads?: number;
  /** Default: `width / heads`. */
  readonly headDim?: number;
  /** Width of the feed-forward layer. */
  readonly hidden: number;
  readonly context: number;
  readonly tied?: boolean;
  readonly ropeTheta?: number;
  readonly ropeLayout?: "half" | "interleaved";
  readonly normEps?: number;
};

/** A Llama: every layer grouped-query attention and SwiGLU behind RMSNorm. */
export function llama(dials: LlamaDials): LlamaConfig {
  const layer: LlamaLayer = {
    mixer: {
      kind: "attention",
      heads: dials.heads,
      kvHeads: dials.kvHeads ?? dials.heads,
      headDim: dials.headDim ?? dials.width / dials.heads,
      rope: { theta: dials.ropeTheta ?? 10_000, layout: dials.ropeLayout ?? "half" },
    },
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden: dials.hidden },
  };
  return {
    vocab: dials.vocab,
    width: dials.width,
    context: dials.context,
    tied: dials.tied ?? false,
    normEps: dials.normEps ?? 1e-5,
    linear: { kind: "dense" },
    layers: Array.from({ length: dials.depth }, () => layer),
  };
}

/** TinyLlama-1.1B: 1,100,048,384 parameters. */
export const tinyLlama: LlamaConfig = llama({
  vocab: 32_000,
  width: 2048,
  depth: 22,
  heads: 32,
  kvHeads: 4,
  hidden: 5632,
  context: 2048,
});

/** SmolLM2-135M: 134,515,008 parameters. */
export const smolLm2: LlamaConfig = llama({
  vocab: 49_152,
  width: 576,
  depth: 30,
  heads: 9,
  kvHeads: 3,
  hidden: 1536,
  context: 8192,
  tied: true,
  ropeTheta: 100_000,
});

/** TinyStories-656K: 656,000 parameters, trained by its author on TinyStories. */
export const tinyStories656k: LlamaConfig = llama({
  vocab: 2048,
  width: 128,
  depth: 2,
  heads: 8,
  kvHeads: 4,
  hidden: 384,
  context: 512,
  tied: true,
  normEps: 1e-6,
});

/** The committed sample model: small enough for seconds on a laptop, trained on toy stories. */
export const pico: LlamaConfig = llama({
  vocab: 1024,
  width: 96,
  depth: 4,
  heads: 6,
  kvHeads: 2,
  hidden: 256,
  context: 256,
  tied: true,
});
