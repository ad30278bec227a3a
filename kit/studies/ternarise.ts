/** Trained models turned ternary: what rounding breaks, how much of it heals, and whether it helps to round by and by. */
import { type Arm, type HealingSpec, healing, type Study } from "../lab/index.js";
import { type ModelConfig, smolLm2, tinyStories656k } from "../model/index.js";
import { ternary } from "../surgery/index.js";
import { million } from "./teeny.js";

/**
 * The base trained on the same tokens, the rounding all at once, and the rounding over the first half of them: after the warm-up
 * as many tokens are left for what the scale of the rounded weights alone decides.
 */
function armsOf(source: string, config: ModelConfig, dials: Omit<HealingSpec, "source" | "corpus">): Study["arms"] {
  const arm = (label: string, changes: Partial<HealingSpec>): Arm => ({
    label,
    spec: healing(config, { ...dials, ...changes, source, corpus: { kind: "tinystories-13k" } }),
  });
  return {
    control: arm("the base itself", {}),
    "at-once": arm("ternary at once", { recipe: ternary }),
    "warm-up": arm("ternary by and by", { recipe: ternary, roundingTokens: dials.tokens / 2 }),
  };
}

const question = "What does a trained model lose when its weights become ternary, and does it help to round by and by?";

/** A small model of stories. */
export const ternariseStories: Study = {
  name: "ternarise",
  title: "TinyStories-656K turned ternary",
  question,
  arms: armsOf("tinystories-656k", tinyStories656k, {
    tokens: million,
    execution: { backend: "xla", threads: 1, matmul: "float32" },
  }),
  baseline: "control",
  seeds: [0, 1, 2],
  // Ternary weights bear higher rates than those of a dense model that has been trained already.
  pilot: { learningRates: [1e-4, 5e-4, 2e-3, 4e-3], tokens: 200_000, seed: 0 },
};

/** A model of 135 million parameters. */
export const ternariseSmolLm2: Study = {
  name: "ternarise-smollm2",
  title: "SmolLM2-135M turned ternary",
  question,
  arms: armsOf("smollm2-135m", smolLm2, {
    tokens: 300_000,
    learningRate: 2e-4,
    validateEvery: 100_000,
    execution: { backend: "xla", threads: 2, matmul: "bf16" },
  }),
  baseline: "control",
  seeds: [0],
  pilot: { learningRates: [2e-4, 1e-3], tokens: 40_000, seed: 0 },
};
