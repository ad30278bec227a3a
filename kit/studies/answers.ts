/** What the studies answer, in a sentence. */
import { type Answer, type Answers, type PairedComparison, pairedComparison, type StudyResult } from "../lab/index.js";
import { differenceText } from "./words.js";

/** The author's impression, and which of the two changes it rests on. */
const alphaByNorm: Answer = (result) => {
  const [both, norm, alpha] = ["group256-linear", "tensor-linear", "group256-block"].map((arm) =>
    against(result, arm, "tensor-block"),
  );
  if (both?.spread === undefined || norm === undefined || alpha === undefined) return undefined;
  const { low, high } = both.spread.interval;
  const verdict =
    low > 0
      ? "the author's impression holds"
      : high < 0
        ? "it is the other way round"
        : "the seeds do not tell them apart";
  const tokens = result.baseline.tokens / 1e6;
  return (
    `With both, bits per byte differ by ${differenceText(both)}, ${tokens.toFixed(1)} M tokens: ${verdict}. ` +
    `The norm alone: ${differenceText(norm)}; α per 256 alone: ${differenceText(alpha)}.`
  );
};

function against({ arms }: StudyResult, arm: string, other: string): PairedComparison | undefined {
  const of = (name: string) => arms.find((one) => one.arm === name)!.bitsPerByte.bySeed;
  return pairedComparison(of(arm), of(other));
}

/** What rounding at once leaves to heal, and what rounding by and by changes. */
const roundedByAndBy: Answer = (result) => {
  const [cost, gain] = [against(result, "at-once", "control"), against(result, "warm-up", "at-once")];
  if (cost === undefined || gain === undefined) return undefined;
  return `Rounded at once and healed, bits per byte are apart from the base's by ${differenceText(cost)}; a warm-up changes that by ${differenceText(gain)}.`;
};

/** What fitting brings each merge, and where it leaves the factors of the base. */
const fittedFactors: Answer = ({ arms, baseline }) => {
  const judged = arms.map(({ label, atStart, bitsPerByte }) => ({ label, from: atStart.mean, to: bitsPerByte.mean }));
  if (judged.some(({ from, to }) => from === undefined || to === undefined)) return undefined;
  const each = judged.map(({ label, from, to }) => `${label} ${from!.toFixed(4)} → ${to!.toFixed(4)}`);
  const measures = Object.entries(baseline.records[0].footer?.measures ?? {});
  const factors = measures.flatMap(([name, value]) => (name.startsWith("factor.") ? [value] : []));
  const [least, most] = [Math.min(...factors), Math.max(...factors)].map((factor) => factor.toFixed(2));
  return (
    `On stories that were not fitted on, bits per byte before → after: ${each.join("; ")}. ` +
    `The base's own factors end between ${least} and ${most}; the ladder's are 1 and 2.5.`
  );
};

/** Answers by study; the others say which arm is lowest. */
export const answers: Answers = {
  "alpha-by-norm-conv": alphaByNorm,
  "alpha-by-norm-deltanet": alphaByNorm,
  ternarise: roundedByAndBy,
  "ternarise-smollm2": roundedByAndBy,
  "merge-scales": fittedFactors,
};
