import type { RunSpec, Study } from "../lab/index.js";
import { type ModelConfig, teenyS } from "../model/index.js";
import { million, teenyRun, trainedWith } from "./teeny.js";

const undecayed: ModelConfig = {
  ...teenyS,
  layers: teenyS.layers.map((layer) =>
    layer.mixer.kind === "gatedDeltaNet" ? { ...layer, mixer: { ...layer.mixer, rule: "undecayed" } } : layer,
  ),
};

/** What the author's script does differently, each as a change of ours. */
const defects = {
  rule: (spec: RunSpec): RunSpec => ({ ...spec, model: undecayed }),
  initial: (spec: RunSpec): RunSpec => ({ ...spec, initial: { kind: "teeny" } }),
  // 500 steps of two rows of 512 warm up; the cosine's horizon of ten epochs of all stories is 4.7 billion tokens away.
  horizon: (spec: RunSpec): RunSpec => trainedWith(spec, { schedule: { kind: "constant", warmupTokens: 512_000 } }),
  decay: (spec: RunSpec): RunSpec => trainedWith(spec, { weightDecay: 0.01, factors: [] }),
  rows: (spec: RunSpec): RunSpec =>
    trainedWith(spec, { batchTokens: 1024, stages: [{ length: 512, tokens: million }] }),
  tokenizer: (spec: RunSpec): RunSpec => ({
    ...spec,
    data: { ...spec.data, tokenizer: { kind: "gpt2-frequent", vocab: 10_000 } },
  }),
};

const all = Object.values(defects).reduce((spec, change) => change(spec), teenyRun());

/**
 * The settings of the script that trained teeny-s, together and one at a time, at its learning rate of 4e-3.
 *
 * Its tokenizer loses rare text, which lowers its bits per byte by what is not counted.
 */
export const original: Study = {
  name: "original",
  title: "The author's settings",
  question: "What does each setting of the original training script cost, at its learning rate of 4e-3?",
  arms: {
    ours: { label: "ours", spec: teenyRun() },
    rule: { label: "undecayed rule", spec: defects.rule(teenyRun()) },
    initial: { label: "its initial weights", spec: defects.initial(teenyRun()) },
    horizon: { label: "long warm-up, no decay of the rate", spec: defects.horizon(teenyRun()) },
    decay: { label: "weight decay 0.01 on everything", spec: defects.decay(teenyRun()) },
    rows: { label: "2 × 512 tokens a step", spec: defects.rows(teenyRun()) },
    tokenizer: { label: "its tokenizer", spec: defects.tokenizer(teenyRun()) },
    original: { label: "all of them", spec: all },
  },
  baseline: "ours",
  seeds: [0],
};

/** The author's budget. The corpus holds 2.6 million tokens: each is seen 15 to 16 times. */
export const teenySFull: Study = {
  name: "teeny-s-full",
  title: "teeny-s, 40.4 million tokens",
  question: "How far does the whole original budget lead on a corpus of a sixteenth of it?",
  arms: {
    deltanet: {
      label: "Gated DeltaNet",
      spec: trainedWith(teenyRun(teenyS, 40_400_000), { validateEvery: million }),
    },
  },
  baseline: "deltanet",
  seeds: [0],
};
