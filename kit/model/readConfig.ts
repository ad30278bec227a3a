/** A model's config from parsed JSON: every field of every kind is checked, and nothing else may stand there. */
import type {
  AttentionSpec,
  DecayGate,
  GatedConvSpec,
  GatedDeltaNetSpec,
  RopeSpec,
  TernaryScale,
} from "../nn/index.js";
import type { LayerSpec, LinearSpec, MixerSpec, MlpSpec, ModelConfig, NormSpec } from "./config.js";
import {
  fields,
  finite,
  flag,
  lawful,
  list,
  nameOr,
  oneOf,
  optional,
  positive,
  type Reader,
  variants,
  whole,
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

const attention: Reader<AttentionSpec> = lawful(
  fields<AttentionSpec>({
    heads: whole(),
    kvHeads: whole(),
    headDim: whole(),
    rope: fields<RopeSpec>({ theta: positive, layout: oneOf("half", "interleaved") }),
  }),
  { field: "kvHeads", expected: "a divisor of heads", holds: ({ heads, kvHeads }) => heads % kvHeads === 0 },
  { field: "headDim", expected: "an even number, for rotary pairs", holds: ({ headDim }) => headDim % 2 === 0 },
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
  attention,
  gatedConv: fields<GatedConvSpec>({ kernel: whole() }),
  gatedDeltaNet,
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

const linear: Reader<LinearSpec> = variants<LinearSpec>({
  dense: fields<object>({}),
  ternary: fields<Ternary>({
    scale,
    norm: oneOf("block", "per-linear", "both", "none"),
    activationBits: optional(oneOf(8)),
    rounded: optional(oneOf(true)),
  }),
});

const layer: Reader<LayerSpec> = fields<LayerSpec>({
  mixer,
  norm: variants<NormSpec>({ rmsNorm: fields<object>({}) }),
  mlp,
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
