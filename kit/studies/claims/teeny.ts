/** What the author of teeny-s wrote. */
import type { Claim, Judgement, Measured } from "../../lab/index.js";
import { decimals, signed } from "../../lab/index.js";
import { seedsText } from "../words.js";
import { judged, verdictOf } from "./judgements.js";

const author = "author of teeny-s";

export const teenyClaims: readonly Claim[] = [
  ...(
    [
      ["alpha-by-norm-conv", "gated convolution"],
      ["alpha-by-norm-deltanet", "Gated DeltaNet"],
    ] as const
  ).map(
    ([study, mixer]): Claim => ({
      sentence: "Previous run was better without per block alpha and rmsnorm before linear.",
      author,
      measure: `${mixer}: α per 256 weights and a norm before every linear layer, against neither; above 0 supports it`,
      judge: (evidence) => judged(evidence.compare(study, "group256-linear", "tensor-block"), "above"),
    }),
  ),
  {
    sentence: "A block with small-magnitude weights gets a small alpha, preserving precision in that region.",
    author,
    measure:
      "trained matrices, the tenth of their blocks of 256 with the smallest weights: relative error of rounding with α per block, less that with one α",
    judge: (evidence) =>
      // The same trained weights rounded both ways: of the run that has one α.
      lower(
        evidence.measure("alpha-by-norm-conv", "tensor-block", "smallBlockError256"),
        evidence.measure("alpha-by-norm-conv", "tensor-block", "smallBlockErrorTensor"),
        "relative error",
      ),
  },
  {
    sentence:
      "The data may drift before reaching BitLinear, so normalizes right before quantization make sure activations are in the correct scale.",
    author,
    measure:
      "standard deviation over linear layers of ln RMS of their inputs, with the norm before every linear layer, less that with a norm per block",
    judge: (evidence) =>
      lower(
        evidence.measure("alpha-by-norm-deltanet", "tensor-linear", "inputRmsDrift"),
        evidence.measure("alpha-by-norm-deltanet", "tensor-block", "inputRmsDrift"),
        "drift",
      ),
  },
  {
    sentence: "Learning short range dependencies before long range is beneficial.",
    author,
    measure: "lengths 128, 256, 512 against 256 throughout, at equal tokens; below 0 supports it",
    judge: (evidence) => judged(evidence.compare("sequence", "progressive", "fixed"), "below"),
  },
  {
    sentence: "GatedDeltaNet, 40.4 M tokens: 2.003; GatedConvMixer, 271.9 M tokens: 2.304 (fewer tokens to a loss).",
    author,
    measure: "Gated DeltaNet against the gated convolution at equal tokens and parameters; below 0 supports it",
    judge: (evidence) => judged(evidence.compare("mixer", "deltanet", "conv"), "below"),
  },
];

/** Whether a figure is lower than another one in every run that has both. */
function lower(one: Measured, other: Measured, unit: string): Judgement | undefined {
  const pairs = [...one.bySeed].flatMap(([seed, value]) => {
    const against = other.bySeed.get(seed);
    return against === undefined ? [] : [value - against];
  });
  if (pairs.length === 0 || one.mean === undefined || other.mean === undefined) return undefined;
  const difference = signed(one.mean - other.mean, 3);
  const figure = `${unit} ${decimals(one.mean, 3)} against ${decimals(other.mean, 3)} (${difference}), ${seedsText(pairs.length)}`;
  return { figure, verdict: verdictOf(pairs.every((value) => value < 0)) };
}
