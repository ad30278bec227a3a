/** Trained models turned ternary: what rounding breaks, how much of it heals, and whether it helps to round by and by. */
import { type Arm, type HealingSpec, healing, type Study } from "../lab/index.js";
import { ternary } from "../surgery/index.js";
import { smol, stories, type Trained } from "./trained.js";

/**
 * The base trained on the same tokens, the rounding all at once, and the rounding over the first half of them: after the warm-up
 * as many tokens are left for what the scale of the rounded weights alone decides.
 */
function armsOf({ source, config, dials }: Trained): Study["arms"] {
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
  arms: armsOf(stories),
  baseline: "control",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};

/** A model of 135 million parameters. */
export const ternariseSmolLm2: Study = {
  name: "ternarise-smollm2",
  title: "SmolLM2-135M turned ternary",
  question,
  arms: armsOf(smol),
  baseline: "control",
  seeds: [0],
  pilot: smol.pilot,
};
