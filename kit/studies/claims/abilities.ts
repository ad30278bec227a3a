/** What the card of a passthrough merge says of single abilities and of what layers are for. */
import type { Claim, Evidence, Judgement } from "../../lab/index.js";
import { smolLm2 } from "../../model/index.js";
import { stories } from "../trained.js";
import { atEqualTokens, overTexts, type Side, together, untestable } from "./judgements.js";
import { against, author, loss } from "./merging.js";
import { recalled } from "./recall.js";

/** A figure of a merge that is not its loss, less that of another one, text by text. */
type Ability = {
  readonly merge: string;
  readonly against?: string;
  readonly measure: "classes" | "planted";
  readonly name: string;
  readonly unit: string;
};

function ability(evidence: Evidence, { merge, against = "plain", measure, ...figure }: Ability): Judgement | undefined {
  const [of, other] = [merge, against].map((name) => `merges/${name}/${measure}`);
  return overTexts(evidence, { of, against: other, ...figure }, "below");
}

/** Loss of a name that was told 128 tokens ago. */
function retold(evidence: Evidence, merge: string, side: Side = "below"): Judgement | undefined {
  return recalled(evidence, { of: [`merges/${merge}`], against: "merges/plain", vocab: smolLm2.vocab }, side);
}

/** Loss of the class of a word among four. */
function classed(evidence: Evidence, merge: string, against: string): Judgement | undefined {
  return ability(evidence, { merge, against, measure: "classes", name: "natsClass", unit: "nats" });
}

/** A model with more heads, and that without. */
const [heads, without] = ["grow/heads", "grow/control"];

const deep = "o and down × 1.5 in the last three eighths of the layers";
const middle = "o and down × 1.5 in the middle layers";
const later = "loss behind the first quarter of 512 tokens";
const name = "loss of a name told 128 tokens ago";
const share = "share of attention on tokens other than a name that was told, where it is asked for";
const below = "below 0 supports it";

/** What it costs to change a layer does not tell what the layer is for. */
const role = {
  measure: "none: factors tell what it costs to change a layer",
  judge: untestable("what a layer is for does not follow from that"),
} as const;

export const abilityClaims: readonly Claim[] = [
  {
    sentence:
      "Higher layers […] tend to capture abstract concepts and complex semantic connections between words or phrases.",
    author,
    ...role,
  },
  {
    sentence:
      "These layers are responsible for linking low-level understanding (syntax and structure) to high-level understanding (abstraction).",
    author,
    ...role,
  },
  {
    sentence:
      "Each layer has a role in creating more refined representations, and by maintaining the integrity of the entire network, the model will be able to handle complex reasoning tasks.",
    author,
    measure: `one layer left out, the first, the one at a third, at two thirds, the last, against ${against}: loss; above 0 in all supports it; reasoning is not asked for`,
    judge: (evidence) =>
      together(
        ...["first", "third", "two-thirds", "last"].map((layer) =>
          loss(evidence, { merge: `without-${layer}`, name: "nats" }, "above"),
        ),
      ),
  },
  {
    sentence:
      "You can do this by increasing projection parameters and reducing penalties on the weights of these layers.",
    author,
    measure: "none for the penalties; the projections are judged above",
    judge: untestable("a merge trains nothing: there is no penalty to reduce"),
  },
  {
    sentence:
      "This can improve the model's ability to make deep inferences, resolve linguistic ambiguities, and maintain logical coherence in longer texts.",
    author,
    measure: `o and down × 1.5 in all layers, against ${against}: ${name}, the only inference asked for, and ${later}; ${below}`,
    judge: (evidence) =>
      together(retold(evidence, "uniform"), loss(evidence, { merge: "uniform", name: "natsLate" }, "below")),
  },
  {
    sentence:
      "For long-term coherent and fluent text generation, you can emphasize the final layers and projection parameters […]",
    author,
    measure: `${deep}, against ${against}, and against the same in the middle layers: ${later}; ${below}`,
    judge: (evidence) =>
      together(
        ...["plain", "middle"].map((against) => loss(evidence, { merge: "deep", against, name: "natsLate" }, "below")),
      ),
  },
  {
    sentence: "[…] while for classification tasks, you can give more weight to the intermediate layers.",
    author,
    measure: `${middle}, against ${against}, and against the same in the last three eighths: loss of the class of a word among four, after one example of each; ${below}`,
    judge: (evidence) => together(...["plain", "deep"].map((other) => classed(evidence, "middle", other))),
  },
  {
    sentence:
      "Tasks such as logical reasoning or long text comprehension require greater abstraction capacity. By enhancing the model's final layers […], you can make the model more performant in these areas.",
    author,
    measure: `${deep}, against ${against}: ${name}, and ${later}; ${below}; logic is not asked for`,
    judge: (evidence) =>
      together(retold(evidence, "deep"), loss(evidence, { merge: "deep", name: "natsLate" }, "below")),
  },
  {
    sentence: "Attention is a key mechanism for abstraction and inference.",
    author,
    measure: `o × 0 in all layers, against ${against}: ${name}, the only inference asked for, and ${later}; above 0 supports it`,
    judge: (evidence) =>
      together(
        retold(evidence, "without-attention", "above"),
        loss(evidence, { merge: "without-attention", name: "natsLate" }, "above"),
      ),
  },
  {
    sentence:
      "By increasing the number of attention heads […], you can improve the model's ability to focus on complex semantic relationships in the text.",
    author,
    measure: `TinyStories-656K, half as many heads again, without effect at first, against the base trained on the same tokens: bits per byte, ${share}, and ${name}; ${below}`,
    judge: (evidence) =>
      together(
        atEqualTokens(evidence, { study: "grow", arm: "heads", against: "control" }),
        overTexts(
          evidence,
          { of: `${heads}/planted`, against: `${without}/planted`, name: "irrelevant", unit: "of attention" },
          "below",
        ),
        recalled(evidence, { of: [heads], against: without, vocab: stories.config.vocab }, "below"),
      ),
  },
  {
    sentence:
      "By […] enhancing their contribution in the advanced stages of the model, you can improve the model's ability to focus on complex semantic relationships in the text.",
    author,
    measure: `o × 1.5 in the last three eighths of the layers, against ${against}: ${share}, and ${name}; ${below}`,
    judge: (evidence) =>
      together(
        ability(evidence, {
          merge: "deep-attention",
          measure: "planted",
          name: "irrelevant",
          unit: "of attention",
        }),
        retold(evidence, "deep-attention"),
      ),
  },
];
