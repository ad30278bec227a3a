/** What the model cards of Liquid Metal say of its modules and of all of them together. */
import type { Claim, Evidence, Judgement } from "../../lab/index.js";
import { type LiquidPart, liquidParts } from "../../model/index.js";
import { stories } from "../trained.js";
import { partWords } from "../words.js";
import {
  atEqualTokens,
  contrast,
  lightness,
  overTexts,
  type Pair,
  rateRange,
  steadiness,
  stillGaining,
  synergy,
  together,
  untestable,
  worthOfAdapting,
} from "./judgements.js";
import { recalled } from "./recall.js";

const card = "card of Liquid Metal";

/** It repeats the other and adds what it expects of all modules together. */
const differentialCard = "card of the differential Liquid Metal";

/** What of a module follows the text. */
const adapting = { adaptiveRmsNorm: "gains", squeezeExcite: "gates" } as const;

type AdaptingPart = keyof typeof adapting;

/** A module by itself against none of them. */
const alone = (part: LiquidPart): Pair => ({ study: "liquid-parts", arm: `only-${part}`, against: "none" });

/** Two modules without the third, against none. */
const without = (part: LiquidPart): Pair => ({ study: "liquid-parts", arm: `no-${part}`, against: "none" });

const all: Pair = { study: "liquid-parts", arm: "all", against: "none" };

const learns = "bits per byte at equal tokens; below 0 supports it";
const steady = "spread of the gradient's norm from step to step, below 0 supports it, and spikes of the loss";
const cheap = "FLOPs, and training time of a token in the bench of modules; less than 5 % more of both supports it";

/** A measurement of the models of all seeds. */
const at = (arm: string, measure: string): string => `liquid-parts/${arm}/${measure}`;

/** Loss of an arm less that of the model without modules, text by text. */
function measured(evidence: Evidence, arm: string, measure: string, name: string): Judgement | undefined {
  return overTexts(
    evidence,
    { of: at(arm, measure), against: at("none", measure), name, unit: "nats per token" },
    "below",
  );
}

/** What a module by itself gains by adapting to a text, and how far it adapts. */
function adaptingAlone(evidence: Evidence, part: AdaptingPart): Judgement | undefined {
  return worthOfAdapting(evidence, at(`only-${part}`, "adaptation"), adapting[part]);
}

/** How much more token mixing changes the loss of tokens last seen nearby than of those last seen long ago. */
function locality(evidence: Evidence): Judgement | undefined {
  const [of, against] = ["only-tokenMixing", "none"].map((arm) => at(arm, "recency"));
  return contrast(evidence, { of, against, name: "natsNear", less: "natsFar" }, "below");
}

const nearer =
  "loss added on tokens last seen within 15, less that added on those last seen 64 or more ago; below 0 supports it";

const fixed =
  "loss behind the first quarter of 128 tokens with gains and gates as they adapt, less that with both at their means over texts; below 0 supports it";

export const liquidClaims: readonly Claim[] = [
  {
    sentence:
      "Makes the normalization process adaptable rather than static, which can improve the model's ability to generalize across diverse inputs.",
    author: card,
    measure: "adaptive norms alone against none: loss on stories of another make; below 0 supports it",
    judge: (evidence) => measured(evidence, "only-adaptiveRmsNorm", "other-corpus", "nats"),
  },
  ...(
    [
      ["adaptiveRmsNorm", "[…] allowing the model to scale features dynamically based on the input's global context."],
      [
        "squeezeExcite",
        "Performs adaptive channel-wise recalibration by scaling each feature channel based on global context.",
      ],
      [
        "squeezeExcite",
        "SEBlock helps the model emphasize or suppress specific features across all tokens, adapting the channel importance to match the input context.",
      ],
    ] as const
  ).map(
    ([part, sentence]): Claim => ({
      sentence,
      author: card,
      measure: `${partWords[part]} alone: ${fixed}`,
      judge: (evidence) => adaptingAlone(evidence, part),
    }),
  ),
  {
    sentence:
      "By capturing local dependencies within the sequence, Token Mixing complements self-attention's global scope, giving the model a better understanding of local patterns and relationships.",
    author: card,
    measure: `token mixing alone against none: ${nearer}`,
    judge: locality,
  },
  ...(
    [
      [
        "adaptiveRmsNorm",
        "This is especially useful in language models where different prompts may require different emphasis on specific features.",
      ],
      [
        "squeezeExcite",
        "This helps improve generalization, especially when handling varied inputs with different feature relevances, such as conversations with shifting topics.",
      ],
    ] as const
  ).map(
    ([part, sentence]): Claim => ({
      sentence,
      author: card,
      measure: `${partWords[part]} alone against none: what a text costs more behind another one than by itself; below 0 supports it`,
      judge: (evidence) =>
        contrast(
          evidence,
          { of: at(`only-${part}`, "shift"), against: at("none", "shift"), name: "natsAfter", less: "natsAlone" },
          "below",
        ),
    }),
  ),
  {
    sentence:
      "Adaptive scaling helps maintain stability in training, as it smooths out variations while retaining sensitivity to input-specific details.",
    author: card,
    measure: `adaptive norms alone against none: ${steady}`,
    judge: (evidence) => steadiness(evidence, alone("adaptiveRmsNorm")),
  },
  {
    sentence: "This can lead to improved convergence and robustness, especially in complex tasks.",
    author: card,
    measure: `adaptive norms alone against none: ${learns}; how many learning rates of short runs are within 1 % of the best would be robustness, which one seed does not show`,
    judge: (evidence) =>
      together(atEqualTokens(evidence, alone("adaptiveRmsNorm")), rateRange(evidence, alone("adaptiveRmsNorm"))),
  },
  {
    sentence:
      "Improves the model's intra-sequence awareness, which can be particularly beneficial in processing structured or position-sensitive data.",
    author: card,
    measure: `token mixing alone against none: ${learns}; and ${nearer}`,
    judge: (evidence) => together(atEqualTokens(evidence, alone("tokenMixing")), locality(evidence)),
  },
  {
    sentence:
      "This layer's lightweight nature makes it a low-cost way to add a degree of locality that can enhance overall performance.",
    author: card,
    measure: `token mixing alone against none: ${cheap}`,
    judge: (evidence) => lightness(evidence, alone("tokenMixing")),
  },
  {
    sentence:
      "Boosts the model's expressiveness by allowing it to dynamically adjust which features are most relevant for each input.",
    author: card,
    measure: `squeeze-and-excitation alone against none: ${learns}; and ${fixed}`,
    judge: (evidence) =>
      together(atEqualTokens(evidence, alone("squeezeExcite")), adaptingAlone(evidence, "squeezeExcite")),
  },
  {
    sentence: "This model could use more training to fully utilize the new features.",
    author: card,
    measure: "all three against none: what the difference gains in the second half of the run; below 0 supports it",
    judge: (evidence) => stillGaining(evidence, all),
  },
  {
    sentence:
      "When these components work together, they create a model that is both flexible and context-aware. Here's how they synergize and improve model performance.",
    author: differentialCard,
    measure:
      "all three against none, less what each gains alone, and by themselves: bits per byte; below 0 in both supports it",
    judge: (evidence) =>
      together(
        synergy(
          evidence,
          all,
          liquidParts.map((part) => alone(part).arm),
        ),
        atEqualTokens(evidence, all),
      ),
  },
  {
    sentence:
      "Adaptive RMSNorm stabilizes the model's normalization process without the computational cost of LayerNorm […]",
    author: differentialCard,
    measure: `adaptive norms alone against plain RMSNorm, which LayerNorm exceeds by a mean: ${cheap}`,
    judge: (evidence) => lightness(evidence, alone("adaptiveRmsNorm")),
  },
  {
    sentence:
      "[…] Token Mixing and SEBlock are relatively lightweight modules that add contextual richness without significantly increasing computation.",
    author: differentialCard,
    measure: `both against none: ${cheap}`,
    judge: (evidence) => lightness(evidence, without("adaptiveRmsNorm")),
  },
  {
    sentence: "This combination can reduce training instability and potentially speed up convergence.",
    author: differentialCard,
    measure: `all three against none: ${steady}; ${learns}`,
    judge: (evidence) => together(steadiness(evidence, all), atEqualTokens(evidence, all)),
  },
  {
    sentence:
      "Adaptive RMSNorm and Token Mixing add stability and locality, reducing issues with gradient explosion or vanishing.",
    author: differentialCard,
    measure: `both against none: ${steady}`,
    judge: (evidence) => steadiness(evidence, without("squeezeExcite")),
  },
  {
    sentence:
      "SEBlock and Adaptive RMSNorm adapt the feature importance dynamically, giving the model a refined ability to select relevant information across channels and tokens.",
    author: differentialCard,
    measure: "both against none: loss of a name told 128 tokens ago; below 0 supports it",
    judge: (evidence) =>
      recalled(
        evidence,
        { of: ["liquid-parts/no-tokenMixing"], against: "liquid-parts/none", vocab: stories.config.vocab },
        "below",
      ),
  },
  {
    sentence: "This can enhance […] generalization across different types of inputs.",
    author: differentialCard,
    measure: "both against none: loss on stories of another make; below 0 supports it",
    judge: (evidence) => measured(evidence, "no-tokenMixing", "other-corpus", "nats"),
  },
  {
    sentence: "This can enhance interpretability […]",
    author: differentialCard,
    measure: "what gains and gates show of a text, in the figures of notebook 04",
    judge: untestable("figures show which channels adapt, not whether anybody understands more"),
  },
];
