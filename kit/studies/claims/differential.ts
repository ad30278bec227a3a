/** What is said of differential attention, and of Liquid Metal together with it. */
import type { Claim, Evidence, Judgement } from "../../lab/index.js";
import { stories } from "../trained.js";
import {
  atEqualTokens,
  backAtBase,
  contrast,
  overTexts,
  type Pair,
  sooner,
  stillGaining,
  synergy,
  together,
  untestable,
  worthOfAdapting,
} from "./judgements.js";
import { recalled } from "./recall.js";

const card = "card of the differential Liquid Metal";

const healed = (arm: string): Pair => ({ study: "heal-stories", arm, against: "control" });

const larger = (arm: string): Pair => ({ study: "heal-smollm2", arm, against: "control" });

/** A measurement of the models of all seeds. */
const at = (arm: string, measure: string): string => `heal-stories/${arm}/${measure}`;

/** Attention that looks for a name that was told, against the base trained on the same tokens. */
const search = (arm: string, name: string, unit: string) => ({
  of: at(arm, "planted"),
  against: at("control", "planted"),
  name,
  unit,
});

const differentialArms = ["v1-within", "v1-residual", "v2"] as const;

/** Loss of a name that was told 128 tokens ago, against the base trained on the same tokens. */
function retold(evidence: Evidence, ...arms: readonly string[]): Judgement | undefined {
  const of = arms.map((arm) => `heal-stories/${arm}`);
  return recalled(evidence, { of, against: "heal-stories/control", vocab: stories.config.vocab }, "below");
}

/** Loss of tokens last seen nearby, or long ago. */
function byRecency(
  evidence: Evidence,
  arm: string,
  { name, against = "control" }: { readonly name: "natsNear" | "natsFar"; readonly against?: string },
): Judgement | undefined {
  const figure = { of: at(arm, "recency"), against: at(against, "recency"), name, unit: "nats per token" };
  return overTexts(evidence, figure, "below");
}

const nearAndFar = "loss of tokens last seen within 15 tokens, and 64 or more tokens ago; below 0 in both supports it";

/** What is said of modules is asked of modules: beside the control it would be what the split of the heads has broken. */
const [modules, split] = ["liquid-v1", "v1-within"];

const modulesWords = "Liquid Metal and differential V1 against differential V1 without modules";

export const differentialClaims: readonly Claim[] = [
  {
    sentence: "The subtraction cancels noise, promoting the emergence of sparse attention patterns.",
    author: "T. Ye et al., Differential Transformer, which the card's attention is taken from",
    measure: `${differentialArms.join(", ")} against the base trained on the same tokens: share of attention on tokens other than a name that was told, where it is asked for, and entropy of attention; below 0 supports it`,
    judge: (evidence) =>
      together(
        ...differentialArms.flatMap((arm) => [
          overTexts(evidence, search(arm, "irrelevant", "of attention"), "below"),
          overTexts(evidence, search(arm, "entropy", "of ln T"), "below"),
        ]),
      ),
  },
  {
    sentence:
      "Captures two complementary attention patterns by splitting query and key vectors into two groups and combining them with a differential weighting mechanism.",
    author: card,
    measure:
      "v1-within against neighbouring heads of the base trained on the same tokens: how much of their attention the two maps of a pair give to the same tokens; below 0 supports it",
    judge: (evidence) =>
      overTexts(
        evidence,
        { of: at("v1-within", "overlap"), against: at("control", "overlap"), name: "overlap", unit: "of attention" },
        "below",
      ),
  },
  {
    sentence:
      "This mechanism improves context sensitivity, enabling the model to dynamically adjust its focus between different aspects of the data.",
    author: card,
    measure: `${differentialArms.join(", ")} against the base trained on the same tokens: loss of a name told 128 tokens ago; below 0 supports it`,
    judge: (evidence) => retold(evidence, ...differentialArms),
  },
  {
    sentence:
      "Enhances flexibility in capturing different types of relationships, such as local and global dependencies, within the same attention mechanism.",
    author: card,
    measure: `${differentialArms.join(", ")} against the base trained on the same tokens: ${nearAndFar}`,
    judge: (evidence) =>
      together(
        ...differentialArms.flatMap((arm) => [
          byRecency(evidence, arm, { name: "natsNear" }),
          byRecency(evidence, arm, { name: "natsFar" }),
        ]),
      ),
  },
  {
    sentence:
      "Differential Self-Attention and Adaptive RMSNorm work together to make the model responsive to context changes […]",
    author: card,
    measure: `${modulesWords}: what a text costs more behind another one than by itself; below 0 supports it`,
    judge: (evidence) =>
      contrast(
        evidence,
        { of: at(modules, "shift"), against: at(split, "shift"), name: "natsAfter", less: "natsAlone" },
        "below",
      ),
  },
  {
    sentence:
      "This is particularly valuable in language models where the meaning of words and phrases can depend heavily on context.",
    author: card,
    measure:
      "Liquid Metal and differential V1 against the base trained on the same tokens: loss of a name told 128 tokens ago; below 0 supports it",
    judge: (evidence) => retold(evidence, "liquid-v1"),
  },
  {
    sentence: "Differential Self-Attention captures global patterns […]",
    author: card,
    measure:
      "Liquid Metal and differential V1 against the base trained on the same tokens: loss of tokens last seen 64 or more tokens ago; below 0 supports it",
    judge: (evidence) => byRecency(evidence, "liquid-v1", { name: "natsFar" }),
  },
  {
    sentence: "[…] Token Mixing and SEBlock provide local and channel-wise focus.",
    author: card,
    measure: `${modulesWords}: loss of tokens last seen within 15 tokens; below 0 supports it`,
    judge: (evidence) => byRecency(evidence, modules, { name: "natsNear", against: split }),
  },
  {
    sentence:
      "This balance allows the model to maintain a holistic view of the input sequence while also paying attention to localized structures and key features.",
    author: card,
    measure: `${modulesWords}: ${nearAndFar}`,
    judge: (evidence) =>
      together(
        byRecency(evidence, modules, { name: "natsNear", against: split }),
        byRecency(evidence, modules, { name: "natsFar", against: split }),
      ),
  },
  {
    sentence:
      "When these components work together, they create a model that is both flexible and context-aware. Here's how they synergize and improve model performance.",
    author: card,
    measure:
      "Liquid Metal and differential V1 against the base trained on the same tokens, less what each of the two gains alone, and by itself: bits per byte; below 0 in both supports it",
    judge: (evidence) =>
      together(
        synergy(evidence, healed("liquid-v1"), ["liquid", "v1-within"]),
        atEqualTokens(evidence, healed("liquid-v1")),
      ),
  },
  {
    sentence: "[…] this model could use further continued training or training on downstream tasks.",
    author: card,
    measure:
      "Liquid Metal and differential V1 against the base trained on the same tokens: what the difference gains in the second half of the run; below 0 supports it",
    judge: (evidence) => stillGaining(evidence, healed("liquid-v1")),
  },
  ...(
    [
      ["TinyStories-656K, Liquid Metal and differential V1", healed("liquid-v1")],
      ["SmolLM2-135M, differential V1", larger("v1-within")],
    ] as const
  ).map(
    ([what, pair]): Claim => ({
      sentence: "Benchmarks put this back around the base model for performance […]",
      author: card,
      measure: `${what}: bits per byte after healing, less the base's before, and less those of the base trained on the same text; both within 1 % support it`,
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
      "Liquid Metal against the base trained on the same tokens: bits per byte of held-out texts; and loss behind the first quarter of 128 tokens with gains and gates as they adapt, less that with both at their means over texts; below 0 in both supports it",
    judge: (evidence) =>
      together(
        atEqualTokens(evidence, healed("liquid")),
        worthOfAdapting(evidence, at("liquid", "adaptation"), "gains and gates"),
      ),
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
