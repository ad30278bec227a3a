import type { LinearSpec, MixerSpec, MlpSpec, ModelConfig } from "../model/index.js";
import { count, plural, ranges } from "./words.js";

/** What a config says, as names and sentences; equal layers share a line. */
export function configFacts(config: ModelConfig): [name: string, text: string][] {
  const { layers, width, vocab, context } = config;
  return [
    [
      "model",
      `${plural(layers.length, "layer")}, width ${width}, vocabulary ${count(vocab)}, context ${count(context)}`,
    ],
    ...byLayer(layers.map(({ mixer }) => [mixer.kind, mixerText(mixer)])),
    ...byLayer(layers.map(({ mlp }) => ["MLP", mlpText(mlp)])),
    ["linear", linearText(config.linear)],
    ["head", config.tied ? "tied to the embedding" : "separate"],
    ["norm", `RMSNorm, eps ${config.normEps}`],
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

const mixers: Texts<MixerSpec> = {
  attention: ({ heads, kvHeads, headDim, rope }) =>
    `${heads} heads, ${kvHeads} for keys and values, of width ${headDim}; ` +
    `rotary theta ${rope.theta}, ${rope.layout === "half" ? "rotate-half" : "interleaved"} layout`,
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

const mlps: Texts<MlpSpec> = { swiglu: ({ hidden }) => `SwiGLU, hidden width ${hidden}` };

const linears: Texts<LinearSpec> = {
  dense: () => "dense",
  ternary: ({ scale, norm, activationBits, rounded }) => {
    const groups = typeof scale === "string" ? scale : `per ${scale.group}${scale.aligned ? " of a row" : ""}`;
    const activations = activationBits === undefined ? "" : `, activations of ${activationBits} bits`;
    return `ternary, scale ${groups}, norm ${norm}${activations}${rounded === true ? "; rounded for good" : ""}`;
  },
};

/** A kind and its entry agree by construction, which TypeScript cannot follow. */
function mixerText(spec: MixerSpec): string {
  return (mixers[spec.kind] as (spec: MixerSpec) => string)(spec);
}

function mlpText(spec: MlpSpec): string {
  return mlps[spec.kind](spec);
}

function linearText(spec: LinearSpec): string {
  return (linears[spec.kind] as (spec: LinearSpec) => string)(spec);
}
