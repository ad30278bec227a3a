/** Studies of one seed or three on parts of the model and of its training. */
import type { RunSpec, Study } from "../lab/index.js";
import { deltaNet, type ModelConfig, teenyS } from "../model/index.js";
import type { GatedDeltaNetSpec } from "../nn/index.js";
import { stagesOf } from "../text/index.js";
import { exactly, million, pilot, teenyRun, trainedWith } from "./teeny.js";

/** teeny-s with other fields in its mixers; `change` is given the layer's number. */
function withMixer(change: (layer: number) => Partial<GatedDeltaNetSpec>): ModelConfig {
  return {
    ...teenyS,
    layers: teenyS.layers.map((layer, i) =>
      layer.mixer.kind === "gatedDeltaNet" ? { ...layer, mixer: { ...layer.mixer, ...change(i) } } : layer,
    ),
  };
}

const growing = [36, 48, 64, 80, 96, 108] as const;

/** What teeny-s leaves out of Gated DeltaNet, and its author's plan of different widths by depth. */
export const deltaDetails: Study = {
  name: "delta-details",
  title: "Parts of Gated DeltaNet",
  question: "What do the output norm, the paper's gate, and values that widen with depth bring?",
  arms: {
    "gate-only": { label: "gate only (teeny-s)", spec: teenyRun() },
    "gated-norm": {
      label: "gated RMSNorm",
      spec: teenyRun(withMixer(() => ({ outputNorm: "gatedRmsNorm" }))),
    },
    paper: {
      label: "the paper's layer",
      spec: teenyRun({
        ...deltaNet({ ...teenyS, depth: 6, hidden: 512, heads: 4, keyDim: 36, valueDim: 72, linear: teenyS.linear }),
      }),
    },
    growing: { label: "values 36 … 108 by depth", spec: teenyRun(withMixer((i) => ({ valueDim: growing[i] }))) },
    shrinking: { label: "values 108 … 36 by depth", spec: teenyRun(withMixer((i) => ({ valueDim: growing[5 - i] }))) },
  },
  baseline: "gate-only",
  seeds: [0],
  pilot,
};

/** What rounding costs, so that nothing else is rounded. */
export const precision: Study = {
  name: "precision",
  title: "Precision of weights and activations",
  question: "What do ternary weights, and 8-bit activations on top, cost at equal size?",
  arms: {
    float32: { label: "float32", spec: exactly(teenyRun({ ...teenyS, linear: { kind: "dense" } })) },
    ternary: { label: "ternary weights", spec: exactly(teenyRun()) },
    w158a8: {
      label: "ternary weights, 8-bit activations",
      spec: exactly(
        teenyRun({
          ...teenyS,
          linear: { kind: "ternary", scale: "per-tensor", norm: "block", activationBits: 8 },
        }),
      ),
    },
  },
  baseline: "float32",
  seeds: [0, 1, 2],
  pilot,
};

/** Loss is also measured by position, over stories joined to 2,048 tokens. */
function judgedFar(spec: RunSpec): RunSpec {
  return { ...spec, model: { ...spec.model, context: 2048 }, data: { ...spec.data, joinTo: 2048 } };
}

/** Short sequences first, at equal tokens and one course of the learning rate. */
export const sequence: Study = {
  name: "sequence",
  title: "Length of the training sequences",
  question: "Does it help to learn from short sequences first?",
  arms: {
    fixed: { label: "256", spec: judgedFar(teenyRun()) },
    progressive: {
      label: "128, 256, 512",
      spec: judgedFar(trainedWith(teenyRun(), { stages: stagesOf([128, 256, 512], million) })),
    },
  },
  baseline: "fixed",
  seeds: [0],
  pilot,
};
