/** What a trained model gains from more layers and more heads, which begin without effect. */
import { type Arm, healing, type Study } from "../lab/index.js";
import type { Recipe } from "../surgery/index.js";
import { stories } from "./trained.js";

const { source, config, dials } = stories;

const more = {
  /** Behind each layer its copy, which adds nothing at first. */
  layers: { newLayers: "all", init: "identity" },
  /** Half as many heads again. */
  heads: { heads: 2, init: "identity" },
} as const satisfies Record<string, Recipe>;

function arm(label: string, recipe?: Recipe): Arm {
  return { label, spec: healing(config, { ...dials, source, recipe, corpus: { kind: "tinystories-13k" } }) };
}

/** The card of a merge: "you can also add new layers", "increasing the number of attention heads". */
export const growing: Study = {
  name: "grow",
  title: "More layers and more heads for TinyStories-656K",
  question: "Does a trained model learn more from a million tokens when layers or heads are added to it?",
  arms: {
    control: arm("the base itself"),
    layers: arm("twice the layers", more.layers),
    heads: arm("half as many heads again", more.heads),
  },
  baseline: "control",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};
