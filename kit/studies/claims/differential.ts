/** What is said of differential attention, and of Liquid Metal together with it. */
import type { Claim } from "../../lab/index.js";
import { atEqualTokens, backAtBase, type Pair, sooner, together, untestable } from "./judgements.js";

const card = "card of the differential Liquid Metal";

const healed = (arm: string): Pair => ({ study: "heal-stories", arm, against: "control" });

const larger = (arm: string): Pair => ({ study: "heal-smollm2", arm, against: "control" });

export const differentialClaims: readonly Claim[] = [
  ...(
    [
      ["TinyStories-656K, Liquid Metal and differential V1", healed("liquid-v1")],
      ["SmolLM2-135M, differential V1", larger("v1-within")],
    ] as const
  ).map(
    ([what, pair]): Claim => ({
      sentence: "Benchmarks put this back around the base model for performance.",
      author: card,
      measure: `${what}: bits per byte after healing, less the base's before; within 1 % supports it`,
      judge: (evidence) => backAtBase(evidence, pair, { steps: 58_860 }),
    }),
  ),
  {
    sentence:
      "This can lead to better handling of complex or varied sentence structures in language tasks, enhancing accuracy and interpretability.",
    author: card,
    measure:
      "differential V1 beside the head, and V2, each against the base trained on the same tokens: bits per byte; below 0 supports it",
    judge: (evidence) => together(...["v1-residual", "v2"].map((arm) => atEqualTokens(evidence, healed(arm)))),
  },
  {
    sentence:
      "The adaptive and context-sensitive adjustments should help the model generalize better to unseen data, as it dynamically adapts to different contexts and feature relevances.",
    author: card,
    measure:
      "Liquid Metal against the base trained on the same tokens: bits per byte of held-out texts; below 0 supports it",
    judge: (evidence) => atEqualTokens(evidence, healed("liquid")),
  },
  ...(
    [
      ["TinyStories-656K", healed("liquid")],
      ["SmolLM2-135M", larger("liquid")],
    ] as const
  ).map(
    ([what, pair]): Claim => ({
      sentence:
        "The model may reach optimal performance faster and with fewer parameter updates, making training more efficient.",
      author: card,
      measure: `${what}: when Liquid Metal is where the base trained on the same tokens ends; before 99 % supports it`,
      judge: (evidence) => sooner(evidence, pair),
    }),
  ),
  {
    sentence:
      "By balancing these patterns, it allows the model to make more nuanced inferences based on the needs of the context.",
    author: card,
    measure: "none: nuance has no measure",
    judge: untestable("a model of this size infers too little to be judged"),
  },
  {
    sentence:
      "With differential attention and channel recalibration, the model's outputs are more interpretable, as it effectively shows how it emphasizes certain features or attention patterns based on context.",
    author: card,
    measure: "what maps and gates show of a text, in the figures of notebooks 03 and 04",
    judge: untestable("a map is a figure to look at; whether it explains an output nobody has measured"),
  },
];
