import { llama, type ModelConfig, teenyS, teenySConv } from "../../model/index.js";

/** Longest sequence of the bench: a model without positions reads any length, rotary ones turn on. */
const context = 16_384;

/** teeny-s with attention in place of Gated DeltaNet, and a wider MLP for the parameters that attention saves. */
const attention: ModelConfig = {
  ...teenyS,
  layers: llama({ vocab: 1, width: 192, depth: 6, heads: 6, hidden: 640, context }).layers,
};

/** The contestants: ternary models of about five million parameters that differ in their mixers. */
export const models: Readonly<Record<"Gated DeltaNet" | "gated convolution" | "attention", ModelConfig>> = {
  "Gated DeltaNet": { ...teenyS, context },
  "gated convolution": { ...teenySConv, context },
  attention: { ...attention, context },
};

export type ModelName = keyof typeof models;
