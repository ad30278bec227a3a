import type { Study } from "../lab/index.js";
import { type LayerSpec, type MixerSpec, type ModelConfig, teenyS } from "../model/index.js";
import { million, pilot, teenyRun, trainedWith } from "./teeny.js";

const attention: MixerSpec = {
  kind: "attention",
  heads: 4,
  kvHeads: 4,
  headDim: 48,
  rope: { theta: 10_000, layout: "half" },
};

const conv: MixerSpec = { kind: "gatedConv", kernel: 8 };

/** A smaller mixer gets a wider feed-forward layer, so that all have the parameters of teeny-s within 0.5 %. */
const hidden: { readonly [Kind in MixerSpec["kind"]]?: number } = { attention: 640, gatedConv: 704 };

function exchanged(mixer: (layer: LayerSpec, index: number) => MixerSpec): ModelConfig {
  const layers = teenyS.layers.map((layer, i): LayerSpec => {
    const chosen = mixer(layer, i);
    return { ...layer, mixer: chosen, mlp: { kind: "swiglu", hidden: hidden[chosen.kind] ?? layer.mlp.hidden } };
  });
  return { ...teenyS, layers };
}

const models = {
  conv: exchanged(() => conv),
  deltanet: teenyS,
  undecayed: exchanged(({ mixer }) => (mixer.kind === "gatedDeltaNet" ? { ...mixer, rule: "undecayed" } : mixer)),
  attention: exchanged(() => attention),
  hybrid: exchanged(({ mixer }, i) => ((i + 1) % 3 === 0 ? attention : mixer)),
};

const labels: Readonly<Record<keyof typeof models, string>> = {
  conv: "gated convolution",
  deltanet: "Gated DeltaNet",
  undecayed: "Gated DeltaNet, undecayed rule",
  attention: "attention",
  hybrid: "hybrid, attention every 3rd layer",
};

const names = Object.keys(models) as (keyof typeof models)[];

/** Five mixers of equal size. */
export const mixer: Study = {
  name: "mixer",
  title: "Mixers of equal size",
  question: "Which mixer learns most from a million tokens of stories?",
  arms: Object.fromEntries(names.map((name) => [name, { label: labels[name], spec: teenyRun(models[name]) }])),
  baseline: "conv",
  seeds: [0, 1, 2],
  pilot,
};

/**
 * Whether the order lasts, with four times the tokens: the baseline, and the two that learned most, which a million does not
 * tell apart.
 */
export const mixerLong: Study = {
  name: "mixer-4m",
  title: "Mixers of equal size, four million tokens",
  question: "Does the gated delta rule reach a loss with fewer tokens than the gated convolution?",
  arms: Object.fromEntries(
    (["conv", "deltanet", "undecayed"] as const).map((name) => [
      name,
      { label: labels[name], spec: trainedWith(teenyRun(models[name], 4 * million), { validateEvery: million / 4 }) },
    ]),
  ),
  baseline: "conv",
  seeds: [0],
  pilot,
};
