import type { AttentionSpec, RopeSpec } from "../nn/index.js";

export type { RopeSpec };

/** How a linear layer stores and applies its matrix. */
export type LinearSpec = { readonly kind: "dense" };

/** What mixes information across time. */
export type MixerSpec = { readonly kind: "attention" } & AttentionSpec;

export type NormSpec = { readonly kind: "rmsNorm" };

export type MlpSpec = { readonly kind: "swiglu"; readonly hidden: number };

/** One residual block: `x += mixer(norm(x))`, then `x += mlp(norm(x))`. */
export type LayerSpec = { readonly mixer: MixerSpec; readonly norm: NormSpec; readonly mlp: MlpSpec };

/**
 * Everything that decides shapes, as plain JSON. Depth is `layers.length`, so hybrids, ablations and merges are list edits.
 */
export type ModelConfig = {
  /** Number of token ids, N. */
  readonly vocab: number;
  /** Residual stream width, D. */
  readonly width: number;
  /** Longest sequence the model was trained for, in tokens. */
  readonly context: number;
  /** Whether the output head is the embedding matrix. */
  readonly tied: boolean;
  readonly normEps: number;
  readonly linear: LinearSpec;
  readonly layers: readonly LayerSpec[];
};

/**
 * A model is a value: its config and a tree of leaves, no hidden state.
 *
 * `Leaf` is a `Tensor` in memory or a `TensorRef` on disk. The path of a leaf (`layers.3.mixer.q`) is its checkpoint name.
 */
export type Model<Leaf> = { readonly config: ModelConfig; readonly params: ModelParams<Leaf> };

export type NormParams<Leaf> = { readonly gain: Leaf };

export type LayerParams<Leaf> = {
  readonly mixerNorm: NormParams<Leaf>;
  readonly mixer: { readonly [name: string]: Leaf };
  readonly mlpNorm: NormParams<Leaf>;
  readonly mlp: { readonly [name: string]: Leaf };
};

/** Shapes: `embed` and `head` `[N, D]`, gains `[D]`, linear layers `[out, in]`. */
export type ModelParams<Leaf> = {
  readonly embed: Leaf;
  readonly layers: readonly LayerParams<Leaf>[];
  readonly norm: NormParams<Leaf>;
  /** Absent when `config.tied`. */
  readonly head?: Leaf;
};
