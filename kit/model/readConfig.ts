/** A model's config from parsed JSON: every field of every kind is checked, and nothing else may stand there. */
import {
  type AdaptiveRmsNormSpec,
  type AttentionSpec,
  type DecayGate,
  type DifferentialV1Spec,
  type DifferentialV2Spec,
  type GatedConvSpec,
  type GatedDeltaNetSpec,
  type PoolSpec,
  type RopeSpec,
  type SqueezeExciteSpec,
  splitLaws,
  type TernaryScale,
  type TokenMixingSpec,
} from "../nn/index.js";
import type { LayerSpec, LinearSpec, MixerSpec, MlpSpec, ModelConfig, NormSpec } from "./config.js";
import {
  between,
  type Fields,
  fields,
  finite,
  flag,
  type Law,
  lawful,
  list,
  nameOr,
  oneOf,
  optional,
  positive,
  type Reader,
  variants,
  whole,
  wholeOr,
} from "./reading.js";

/**
 * Reads a config that was written as JSON.
 *
 * @param json the parsed value
 * @param where what it was read from, for messages
 * @returns a config that equals the written one
 * @throws UserError that names the first field that is missing, unknown or wrong, such as `layers[3].mixer.keyDim`
 */
export function readConfig(json: unknown, where?: string): ModelConfig {
  return configReader(json, { field: "", where });
}

const heads: Fields<AttentionSpec> = {
  heads: whole(),
  kvHeads: whole(),
  headDim: whole(),
  rope: fields<RopeSpec>({ theta: positive, layout: oneOf("half", "interleaved") }),
};

const ofHeads: readonly Law<AttentionSpec>[] = [
  { field: "kvHeads", expected: "a divisor of heads", holds: ({ heads, kvHeads }) => heads % kvHeads === 0 },
  { field: "headDim", expected: "an even number, for rotary pairs", holds: ({ headDim }) => headDim % 2 === 0 },
];

const differentialV1: Reader<DifferentialV1Spec> = lawful(
  fields<DifferentialV1Spec>({
    ...heads,
    split: oneOf("adjacentHeads", "halvedHeads", "withinHead"),
    output: oneOf("subNorm", "plainSubNorm", "residual"),
    lambdaInit: finite,
  }),
  ...ofHeads,
  ...splitLaws,
);

const gatedDeltaNet: Reader<GatedDeltaNetSpec> = lawful(
  fields<GatedDeltaNetSpec>({
    heads: whole(),
    valueHeads: optional(whole()),
    keyDim: whole(),
    valueDim: whole(),
    conv: whole(),
    gate: variants<DecayGate>({
      mamba: fields<object>({}),
      logsigmoid: fields<{ readonly gateLogitNormalizer: number }>({ gateLogitNormalizer: positive }),
    }),
    rule: oneOf("paper", "undecayed"),
    queryScale: finite,
    negativeEigenvalues: optional(flag),
    outputNorm: oneOf("gatedRmsNorm", "none"),
    chunk: whole(),
  }),
  {
    field: "valueHeads",
    expected: "a multiple of heads",
    holds: ({ heads, valueHeads }) => (valueHeads ?? heads) % heads === 0,
  },
);

const mixer: Reader<MixerSpec> = variants<MixerSpec>({
  attention: lawful(fields<AttentionSpec>(heads), ...ofHeads),
  differentialV1,
  differentialV2: lawful(fields<DifferentialV2Spec>({ ...heads, lambdaBias: optional(oneOf(true)) }), ...ofHeads),
  gatedConv: fields<GatedConvSpec>({ kernel: whole() }),
  gatedDeltaNet,
});

export const poolReader: Reader<PoolSpec> = variants<PoolSpec>({
  prefix: fields<object>({}),
  ema: lawful(fields<{ readonly decay: number }>({ decay: between(0, 1) }), {
    field: "decay",
    expected: "a number above 0",
    holds: ({ decay }) => decay > 0,
  }),
  sequence: fields<object>({}),
});

const norm: Reader<NormSpec> = variants<NormSpec>({
  rmsNorm: fields<object>({}),
  adaptiveRmsNorm: fields<AdaptiveRmsNormSpec>({ rank: wholeOr("full"), pool: poolReader }),
});

const tokenMixing: Reader<TokenMixingSpec> = fields<TokenMixingSpec>({ kernel: whole(), bias: optional(oneOf(true)) });

const squeezeExcite: Reader<SqueezeExciteSpec> = fields<SqueezeExciteSpec>({
  hidden: whole(),
  pool: poolReader,
  gate: oneOf("doubleSigmoid", "sigmoid"),
  bias: optional(oneOf(true)),
});

const mlp: Reader<MlpSpec> = variants<MlpSpec>({
  swiglu: fields<{ readonly hidden: number }>({ hidden: whole() }),
});

type Runs = Exclude<TernaryScale, string>;

const scale: Reader<TernaryScale> = nameOr(
  ["per-tensor", "per-channel"] as const,
  fields<Runs>({ group: whole(), aligned: flag }),
);

type Ternary = Omit<Extract<LinearSpec, { readonly kind: "ternary" }>, "kind">;

/** Readers of what a ternary layer is, for what holds it among others. */
export const ternaryFields: Fields<Ternary> = {
  scale,
  norm: oneOf("block", "per-linear", "both", "none"),
  activationBits: optional(oneOf(8)),
  rounded: optional(oneOf(true)),
};

const linear: Reader<LinearSpec> = variants<LinearSpec>({
  dense: fields<object>({}),
  ternary: fields<Ternary>(ternaryFields),
});

const layer: Reader<LayerSpec> = fields<LayerSpec>({
  mixer,
  norm,
  mlp,
  tokenMixing: optional(tokenMixing),
  squeezeExcite: optional(squeezeExcite),
});

/** The same for a config that stands in something larger. */
export const configReader: Reader<ModelConfig> = fields<ModelConfig>({
  vocab: whole(),
  width: whole(),
  context: whole(),
  tied: flag,
  normEps: positive,
  linear,
  layers: list(layer),
});
