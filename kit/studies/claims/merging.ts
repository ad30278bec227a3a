/** What the card of a passthrough merge says, measured on merges of SmolLM2-135M that nobody trained. */
import type { Claim, Evidence, Judgement } from "../../lab/index.js";
import { flopsPerToken, type ModelConfig, smolLm2 } from "../../model/index.js";
import { merges } from "../measurements.js";
import { percentText } from "../words.js";
import { atEqualTokens, overTexts, type Side, together, untestable, untrained, verdictOf } from "./judgements.js";

export const author = "card of a passthrough merge of Fimbulvetr-11B-v2";

export const against = "SmolLM2-135M as it is";

/** A loss of a merge: over all positions, or the later ones. */
type MergeLoss = {
  readonly merge: string;
  /** Default: the model as it is. */
  readonly against?: string;
  readonly name: "nats" | "natsLate";
};

/** Loss of a merge less that of another one, text by text. */
export function loss(
  evidence: Evidence,
  { merge, against = "plain", name }: MergeLoss,
  side: Side,
): Judgement | undefined {
  const [of, other] = [merge, against].map((one) => `merges/${one}`);
  return overTexts(evidence, { of, against: other, name, unit: "nats per token" }, side);
}

/** FLOPs of a token of a merge, in proportion to the model as it is, less 1. Factors cost nothing: they are in the weights. */
function flopsAdded(merge: string): number {
  const layers = merges[merge].flatMap(({ layers: [from, to] }) => smolLm2.layers.slice(from, to));
  const of = (config: ModelConfig): number => flopsPerToken(config, 256);
  return of({ ...smolLm2, layers }) / of(smolLm2) - 1;
}

const precise = "A model optimized to increase cognitive abilities will be more precise in complex tasks […]";

const depth = "Greater depth allows the model to capture high-level patterns […]";

export const mergeClaims: readonly Claim[] = [
  ...(
    [
      [precise, "ladder", "the card's ladder of factors"],
      [depth, "repeated", "its layers twice"],
      [depth, "repeated-ladder", "its layers twice under the card's ladder"],
      [depth, "attenuated", "its layers twice, then attenuated"],
    ] as const
  ).map(
    ([sentence, arm, what]): Claim => ({
      sentence,
      author,
      measure: `TinyStories-656K, ${what}, nothing trained, against the model as it is: bits per byte; below 0 supports it`,
      judge: (evidence) => untrained(evidence, { study: "merge-scales", arm, against: "base" }, "below"),
    }),
  ),
  {
    sentence: depth,
    author,
    measure:
      "TinyStories-656K, its layers twice, as they are and attenuated, factors fitted on a million tokens, against the model fitted likewise: bits per byte; below 0 supports it",
    judge: (evidence) =>
      together(
        ...["repeated", "attenuated"].map((arm) =>
          atEqualTokens(evidence, { study: "merge-scales", arm, against: "base" }),
        ),
      ),
  },
  {
    sentence: "If possible, you can also add new layers or extend the range of existing ones, instead of cutting them.",
    author,
    measure:
      "TinyStories-656K, a copy behind each layer that adds nothing at first, against the base trained on the same tokens: bits per byte; below 0 supports it",
    judge: (evidence) => atEqualTokens(evidence, { study: "grow", arm: "layers", against: "control" }),
  },
  {
    sentence:
      "Increasing their weight or importance (scaling up projections like o_proj or down_proj) can improve the model's reasoning capabilities.",
    author,
    measure: `o and down × 1.5 in the last three eighths of the layers, against ${against}: loss; below 0 supports it`,
    judge: (evidence) => loss(evidence, { merge: "deep", name: "nats" }, "below"),
  },
  {
    sentence:
      "By enhancing these layers, the model will be able to maintain stronger coherence in cognitive processes.",
    author,
    measure: `o and down × 1.5 in the middle layers, against ${against}: loss behind the first quarter of 512 tokens; below 0 supports it`,
    judge: (evidence) => loss(evidence, { merge: "middle", name: "natsLate" }, "below"),
  },
  {
    sentence:
      "Increasing their weight, rather than reducing or zeroing it, amplifies the model's ability to process and propagate relevant information.",
    author,
    measure: `o and down × 1.5 in all layers, against ${against}: loss; below 0 supports it`,
    judge: (evidence) => loss(evidence, { merge: "uniform", name: "nats" }, "below"),
  },
  {
    sentence: depth,
    author,
    measure: `the middle third of the layers twice, as it is and with o and down × 0.5, against ${against}: loss; below 0 supports it`,
    judge: (evidence) =>
      together(...["repeated", "attenuated"].map((merge) => loss(evidence, { merge, name: "nats" }, "below"))),
  },
  {
    sentence:
      "By giving greater importance to attention in deeper layers, the model will be able to handle long contexts and maintain long-term coherence […]",
    author,
    measure: `o × 1.5 in the last three eighths of the layers, against ${against}: loss behind the first quarter of 512 tokens; below 0 supports it`,
    judge: (evidence) => loss(evidence, { merge: "deep-attention", name: "natsLate" }, "below"),
  },
  {
    sentence: "Don't reduce intermediate and upper layers […]",
    author,
    measure: `o and down × 0.75 in the last three eighths of the layers; the layer at a third left out; and the last one, as in the card's own recipe; against ${against}: loss; above 0 in all supports it`,
    judge: (evidence) =>
      together(
        ...["deep-less", "without-third", "without-last"].map((merge) =>
          loss(evidence, { merge, name: "nats" }, "above"),
        ),
      ),
  },
  {
    sentence: precise,
    author,
    measure: `the card's ladder, o and down × 1.5 to × 4 with depth and the last layer left out, against ${against}: loss; below 0 supports it`,
    judge: (evidence) => loss(evidence, { merge: "ladder", name: "nats" }, "below"),
  },
  {
    sentence: "However, with this configuration, the computational load and inference times will also increase […]",
    author,
    measure: "FLOPs of a token: of the card's ladder, and of the middle third twice; more in the ladder supports it",
    judge: (evidence) => {
      if (evidence.observation("merges/ladder", "nats").length === 0) return undefined;
      const [ladder, repeated] = ["ladder", "repeated"].map(flopsAdded);
      const figure = `ladder ${percentText(ladder)}, middle third twice ${percentText(repeated)}`;
      return { figure, verdict: verdictOf(ladder > 0) };
    },
  },
  {
    sentence: "This is the trade-off: more cognitive capabilities mean more resource usage.",
    author,
    measure:
      "the middle third of the layers twice: FLOPs of a token, and loss; more of the one and less of the other supports it",
    judge: (evidence) => {
      const capability = loss(evidence, { merge: "repeated", name: "nats" }, "below");
      return (
        capability && { ...capability, figure: `FLOPs ${percentText(flopsAdded("repeated"))}; ${capability.figure}` }
      );
    },
  },
  {
    sentence: 'If you configure the intermediate layers with a greater capacity to "memorize" longer contexts […]',
    author,
    measure: "none: no part of a layer of attention has such a setting",
    judge: untestable("what is remembered is the context, whose length no factor changes"),
  },
];
