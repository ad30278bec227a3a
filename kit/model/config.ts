import type {
  AdaptiveRmsNormParams,
  AdaptiveRmsNormSpec,
  AttentionSpec,
  DifferentialV1Spec,
  DifferentialV2Spec,
  GatedConvSpec,
  GatedDeltaNetSpec,
  RmsNormParams,
  RopeSpec,
  SqueezeExciteParams,
  SqueezeExciteSpec,
  TernaryLinearSpec,
  TernaryScale,
  TokenMixingParams,
  TokenMixingSpec,
} from "../nn/index.js";

export type { RopeSpec, TernaryScale };

/**
 * Where activations are normalised: once before each half of a `block`, in front of every linear layer by a norm of its own
 * (`per-linear`, SubLN), `both`, or nowhere but before the head.
 */
export type NormPlacement = "block" | "per-linear" | "both" | "none";

/** How the linear layers of the blocks store and apply their matrices. Embedding and head are dense. */
export type LinearSpec =
  | { readonly kind: "dense" }
  | ({ readonly kind: "ternary"; readonly norm: NormPlacement } & TernaryLinearSpec);

/** What mixes information across time. */
export type MixerSpec =
  | ({ readonly kind: "attention" } & AttentionSpec)
  | ({ readonly kind: "differentialV1" } & DifferentialV1Spec)
  | ({ readonly kind: "differentialV2" } & DifferentialV2Spec)
  | ({ readonly kind: "gatedConv" } & GatedConvSpec)
  | ({ readonly kind: "gatedDeltaNet" } & GatedDeltaNetSpec);

/** What stands before both halves of a block. */
export type NormSpec = { readonly kind: "rmsNorm" } | ({ readonly kind: "adaptiveRmsNorm" } & AdaptiveRmsNormSpec);

export type MlpSpec = { readonly kind: "swiglu"; readonly hidden: number };

/** One residual block: `x += tokenMixing(mixer(norm(x)))`, then `x += squeezeExcite(mlp(norm(x)))`. */
export type LayerSpec = {
  readonly mixer: MixerSpec;
  readonly norm: NormSpec;
  readonly mlp: MlpSpec;
  readonly tokenMixing?: TokenMixingSpec;
  readonly squeezeExcite?: SqueezeExciteSpec;
};

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

export type NormParams<Leaf> = RmsNormParams<Leaf>;

export type LayerParams<Leaf> = {
  /** Absent when `config.linear` places no norm before the blocks' halves. More than a gain where the norm adapts. */
  readonly mixerNorm?: AdaptiveRmsNormParams<Leaf>;
  readonly mixer: { readonly [name: string]: Leaf };
  readonly tokenMixing?: TokenMixingParams<Leaf>;
  readonly mlpNorm?: AdaptiveRmsNormParams<Leaf>;
  readonly mlp: { readonly [name: string]: Leaf };
  readonly squeezeExcite?: SqueezeExciteParams<Leaf>;
  /** The norms of the linear layers, by their names, when `config.linear` gives them norms of their own. */
  readonly linearNorms?: {
    readonly mixer: { readonly [name: string]: NormParams<Leaf> };
    readonly mlp: { readonly [name: string]: NormParams<Leaf> };
  };
};

/** Shapes: `embed` and `head` `[N, D]`, gains `[D]`, linear layers `[out, in]`. */
export type ModelParams<Leaf> = {
  readonly embed: Leaf;
  readonly layers: readonly LayerParams<Leaf>[];
  readonly norm: NormParams<Leaf>;
  /** Absent when `config.tied`. */
  readonly head?: Leaf;
};

/** A layer of a Llama: attention, and the parts every Llama has. */
export type LlamaLayer = {
  readonly mixer: Extract<MixerSpec, { kind: "attention" }>;
  readonly norm: Extract<NormSpec, { kind: "rmsNorm" }>;
  readonly mlp: MlpSpec;
  readonly tokenMixing?: undefined;
  readonly squeezeExcite?: undefined;
};

/** The config of a Llama: what checkpoints hold, and what {@link ModelConfig} is when nothing has been exchanged. */
export type LlamaConfig = Omit<ModelConfig, "linear" | "layers"> & {
  readonly linear: { readonly kind: "dense" };
  readonly layers: readonly LlamaLayer[];
};

export type LlamaParams<Leaf> = Omit<ModelParams<Leaf>, "layers"> & {
  readonly layers: readonly (LayerParams<Leaf> & {
    readonly mixerNorm: NormParams<Leaf>;
    readonly mlpNorm: NormParams<Leaf>;
  })[];
};

/** A Llama is a {@link Model}. */
export type Llama<Leaf> = { readonly config: LlamaConfig; readonly params: LlamaParams<Leaf> };
