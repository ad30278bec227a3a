/** What the studies that go on from trained models have in common: how each of these models is trained. */
import type { HealingSpec, Study } from "../lab/index.js";
import { type ModelConfig, smolLm2, tinyStories656k } from "../model/index.js";
import { million } from "./teeny.js";

/** A model that stands, how it is trained further, and at which rates. */
export type Trained = {
  readonly source: string;
  readonly config: ModelConfig;
  readonly dials: HealingDials;
  readonly pilot: Study["pilot"];
};

type HealingDials = Omit<HealingSpec, "source" | "corpus">;

/** A small model of stories, in a float32 that follows the base closely; two such runs side by side do more than one on two threads. */
export const stories: Trained = {
  source: "tinystories-656k",
  config: tinyStories656k,
  dials: { tokens: million, execution: { backend: "xla", threads: 1, matmul: "float32" } },
  // What has been trained already asks for low rates, what a conversion has broken for high ones.
  pilot: { learningRates: [5e-4, 2e-3, 8e-3, 1.6e-2], tokens: 200_000, seed: 0 },
};

/** A model of 135 million parameters that knows more than stories. */
export const smol: Trained = {
  source: "smollm2-135m",
  config: smolLm2,
  dials: {
    tokens: 300_000,
    validateEvery: 100_000,
    execution: { backend: "xla", threads: 2, matmul: "bf16" },
  },
  pilot: { learningRates: [2e-4, 1e-3], tokens: 40_000, seed: 0 },
};
