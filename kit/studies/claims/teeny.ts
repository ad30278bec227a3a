/** What the author of teeny-s wrote. */
import type { BenchRecord, Claim, Judgement, Measured } from "../../lab/index.js";
import { benchMedian, decimals, signed } from "../../lab/index.js";
import { seedsText } from "../words.js";
import { judged, sooner, verdictOf } from "./judgements.js";

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
      "[…] the data may drift before reaching BitLinear, so normalizes right before quantization make sure activations are in the correct scale […]",
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
    sentence: "[…] learning short range dependencies before long range is beneficial.",
    author,
    measure: "lengths 128, 256, 512 against 256 throughout, at equal tokens; below 0 supports it",
    judge: (evidence) => judged(evidence.compare("sequence", "progressive", "fixed"), "below"),
  },
  {
    sentence: "GatedDeltaNet, 40.4 M tokens: 2.003; GatedConvMixer, 271.9 M tokens: 2.304 (fewer tokens to a loss).",
    author,
    measure:
      "Gated DeltaNet against the gated convolution at equal tokens and parameters, which the author's runs had not; below 0 supports it; and after how much of 4 million tokens it is where the other ends",
    judge: (evidence) => {
      const equal = judged(evidence.compare("mixer", "deltanet", "conv"), "below");
      const fewer = sooner(evidence, { study: "mixer-4m", arm: "deltanet", against: "conv" });
      return equal && fewer && { ...equal, figure: `${equal.figure}; there ${fewer.figure}` };
    },
  },
  {
    sentence: "Linear scaling with sequence length instead of quadratic.",
    author,
    measure:
      "time of a prompt from 2,048 to 8,192 tokens as a power of its length, at most 1.1 supports it; from where on it is less than attention's; bytes of state at tokens 10 and 10,000, which must be equal",
    judge: (evidence) => linear(evidence.bench("decode")),
  },
];

/** Whether a prompt's time grows as its length, and the state not at all. */
function linear(decode: BenchRecord | undefined): Judgement | undefined {
  if (decode === undefined) return undefined;
  const models = ["Gated DeltaNet", "attention"] as const;
  const of = (model: string, measure: string, at: number): number => benchMedian(decode, model, measure, at)!;
  const powers = models.map(
    (model) => Math.log(of(model, "ms a prompt", 8192) / of(model, "ms a prompt", 2048)) / Math.log(4),
  );
  const states = models.map((model) => [10, 10_000].map((at) => of(model, "bytes of state", at)));
  const megabytes = (bytes: number): string => decimals(bytes / 1e6, 2);
  const lengths = promptLengths(decode);
  const behind = lengths.findLastIndex(
    (at) => of("Gated DeltaNet", "ms a prompt", at) >= of("attention", "ms a prompt", at),
  );
  const crossover = lengths[behind + 1]?.toLocaleString("en") ?? "nowhere";
  const [state, cache] = states.map(([early, late]) => `${megabytes(early)} → ${megabytes(late)} MB`);
  return {
    figure: `T^${decimals(powers[0], 2)}, attention T^${decimals(powers[1], 2)}, faster from ${crossover} tokens on; state ${state}, attention ${cache}`,
    verdict: verdictOf(powers[0] <= 1.1 && states[0][0] === states[0][1]),
  };
}

function promptLengths({ figures }: BenchRecord): readonly number[] {
  const lengths = figures.filter(({ measure }) => measure === "ms a prompt").map(({ at }) => at);
  return [...new Set(lengths)].sort((a, b) => a - b);
}

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
