import {
  type LayerSpec,
  type LinearSpec,
  leaks,
  type MixerSpec,
  type MlpSpec,
  type ModelConfig,
  type NormSpec,
} from "../model/index.js";
import type { AttentionSpec, DifferentialV1Spec, HeadSplit, PoolSpec } from "../nn/index.js";
import { count, plural, ranges } from "./words.js";

/** What a config says, as names and sentences; equal layers share a line. */
export function configFacts(config: ModelConfig): [name: string, text: string][] {
  const { layers, width, vocab, context } = config;
  return [
    [
      "model",
      `${plural(layers.length, "layer")}, width ${width}, vocabulary ${count(vocab)}, context ${count(context)}`,
    ],
    ...byLayer(layers.map(({ mixer }) => [mixer.kind, textOf(mixers, mixer)])),
    ...byLayer(layers.map(({ mlp }) => ["MLP", textOf(mlps, mlp)])),
    ...byLayer(layers.map((layer) => ["besides", besidesText(layer)])).filter(([, text]) => !text.endsWith(nothing)),
    ["linear", textOf(linears, config.linear)],
    ["head", config.tied ? "tied to the embedding" : "separate"],
    ...byLayer(layers.map(({ norm }) => ["norm", `${textOf(norms, norm)}, eps ${config.normEps}`])),
    ...leaks(config)
      .slice(0, 1)
      .map((part): [string, string] => ["leaks", `${part} sees the future`]),
  ];
}

/** One line for each different text, which names its layers where not all have it. */
function byLayer(texts: readonly (readonly [name: string, text: string])[]): [string, string][] {
  const groups = new Map<string, { readonly name: string; readonly text: string; readonly layers: number[] }>();
  for (const [i, [name, text]] of texts.entries()) {
    const group = groups.get(`${name} ${text}`) ?? { name, text, layers: [] };
    group.layers.push(i);
    groups.set(`${name} ${text}`, group);
  }
  return [...groups.values()].map(({ name, text, layers }) => [
    name,
    groups.size === 1 ? text : `layers ${ranges(layers)}: ${text}`,
  ]);
}

type Texts<Union extends { readonly kind: string }> = {
  readonly [Kind in Union["kind"]]: (spec: Extract<Union, { readonly kind: Kind }>) => string;
};

function headsText({ heads, kvHeads, headDim, rope }: AttentionSpec): string {
  return (
    `${heads} heads, ${kvHeads} for keys and values, of width ${headDim}; ` +
    `rotary theta ${rope.theta}, ${rope.layout === "half" ? "rotate-half" : "interleaved"} layout`
  );
}

const splits: { readonly [S in HeadSplit]: string } = {
  adjacentHeads: "neighbouring heads",
  halvedHeads: "heads of both halves",
  withinHead: "two groups within each head",
};

const outputs: { readonly [O in DifferentialV1Spec["output"]]: string } = {
  subNorm: "sub-norm with gain",
  plainSubNorm: "sub-norm without gain",
  residual: "no sub-norm",
};

const mixers: Texts<MixerSpec> = {
  attention: headsText,
  differentialV1: (spec) =>
    `${headsText(spec)}; maps of ${splits[spec.split]}, ${outputs[spec.output]}, λ from ${spec.lambdaInit.toPrecision(3)}`,
  differentialV2: (spec) =>
    `${headsText(spec)}; two queries a head, a gate ${spec.lambdaBias === true ? "with" : "without"} bias`,
  gatedConv: ({ kernel }) => `convolutions over ${kernel} tokens`,
  gatedDeltaNet: (spec) =>
    [
      `${spec.heads} heads${spec.valueHeads === undefined ? "" : `, ${spec.valueHeads} for values`}`,
      `keys of width ${spec.keyDim}, values of ${spec.valueDim}`,
      `convolutions over ${spec.conv} tokens`,
      `gate ${spec.gate.kind === "mamba" ? "mamba" : `logsigmoid / ${spec.gate.gateLogitNormalizer}`}`,
      `rule ${spec.rule}`,
      `output ${spec.outputNorm === "none" ? "gate without norm" : "gate behind RMSNorm"}`,
      ...(spec.negativeEigenvalues === true ? ["negative eigenvalues"] : []),
    ].join(", "),
};

const pools: Texts<PoolSpec> = {
  prefix: () => "of the text so far",
  ema: ({ decay }) => `of the text so far, decaying by ${decay}`,
  sequence: () => "of the whole text",
};

const norms: Texts<NormSpec> = {
  rmsNorm: () => "RMSNorm",
  adaptiveRmsNorm: ({ rank, pool }) =>
    `RMSNorm whose gain adapts to the mean ${textOf(pools, pool)}, ${rank === "full" ? "full matrix" : `rank ${rank}`}`,
};

const nothing = "nothing";

function besidesText({ tokenMixing, squeezeExcite }: LayerSpec): string {
  const bias = (spec: { readonly bias?: true }): string => (spec.bias === true ? " with bias" : "");
  const texts = [
    ...(tokenMixing ? [`token mixing over ${tokenMixing.kernel} tokens${bias(tokenMixing)}`] : []),
    ...(squeezeExcite
      ? [
          `squeeze-and-excitation of width ${squeezeExcite.hidden}${bias(squeezeExcite)}, ` +
            `gate ${squeezeExcite.gate === "sigmoid" ? "σ" : "2σ"} of the mean ${textOf(pools, squeezeExcite.pool)}`,
        ]
      : []),
  ];
  return texts.length === 0 ? nothing : texts.join("; ");
}

const mlps: Texts<MlpSpec> = { swiglu: ({ hidden }) => `SwiGLU, hidden width ${hidden}` };

const linears: Texts<LinearSpec> = {
  dense: () => "dense",
  ternary: ({ scale, norm, activationBits, rounded }) => {
    const groups = typeof scale === "string" ? scale : `per ${scale.group}${scale.aligned ? " of a row" : ""}`;
    const activations = activationBits === undefined ? "" : `, activations of ${activationBits} bits`;
    return `ternary, scale ${groups}, norm ${norm}${activations}${rounded === true ? "; rounded for good" : ""}`;
  },
};

/** The text of a spec. A kind and its entry agree by construction, which TypeScript cannot follow. */
function textOf<Union extends { readonly kind: string }>(texts: Texts<Union>, spec: Union): string {
  return (texts[spec.kind as Union["kind"]] as (spec: Union) => string)(spec);
}
