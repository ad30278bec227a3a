/** What the studies answer, in a sentence. */
import {
  type Answer,
  type Answers,
  type ArmResult,
  budgetText,
  damageHealed,
  decimals,
  differenceOf,
  Evidence,
  intervalOf,
  type PairedComparison,
  pairedComparison,
  positionRows,
  type StudyResult,
  signed,
} from "../lab/index.js";
import { liquidParts } from "../model/index.js";
import { beyondSum, sooner } from "./claims/judgements.js";
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

/** An arm's difference to the baseline; whether it is one can only be asked of several seeds. */
function beside(arm: ArmResult): string {
  const { comparison, adjustedP } = arm;
  const unsure = comparison?.spread !== undefined && adjustedP !== undefined && adjustedP >= 0.05;
  return `${arm.label} ${unsure ? "not told apart, " : ""}${differenceOf(arm)}`;
}

/** The arms that can be compared with the baseline; nothing while there are none. */
function comparedArms({ arms }: StudyResult): readonly ArmResult[] | undefined {
  const compared = arms.filter(({ comparison }) => comparison !== undefined);
  return compared.length === 0 ? undefined : compared;
}

function baselineText({ baseline }: StudyResult): string {
  return `${decimals(baseline.bitsPerByte.mean, 4)} bits per byte (${budgetText(baseline)})`;
}

/** What one seed leaves open. */
function ofSeeds(arms: readonly ArmResult[]): string {
  return arms.some(({ comparison }) => comparison?.spread === undefined) ? " One seed has no interval." : "";
}

/** What each arm costs or brings. */
const eachArm: Answer = (result) => {
  const compared = comparedArms(result);
  if (compared === undefined) return undefined;
  const { label } = result.baseline;
  const each = compared.map((arm) =>
    arm.comparison?.spread === undefined ? beside(arm) : `${beside(arm)} ${intervalOf(arm)}`,
  );
  return `Beside ${label}, ${baselineText(result)}: ${each.join("; ")}.${ofSeeds(compared)}`;
};

/** How much of what conversions broke is healed, and whether that is better than training alone. */
const healedAndCompared: Answer = (result) => {
  const compared = comparedArms(result);
  if (compared === undefined) return undefined;
  const share = (arm: ArmResult): number | undefined => damageHealed(result, arm);
  const broken = compared.filter((arm) => share(arm) !== undefined);
  const whole = compared.filter((arm) => share(arm) === undefined);
  const healed = broken.map((arm) => `${beside(arm)}, ${decimals(100 * share(arm)!, 0)} %`);
  const better = compared.filter(
    ({ comparison, adjustedP }) => comparison!.difference < 0 && adjustedP !== undefined && adjustedP < 0.05,
  );
  const sure = compared.every(({ comparison }) => comparison?.spread !== undefined);
  return [
    `Beside the base trained as long, ${baselineText(result)}, and share of the damage healed: ${healed.join("; ")}.`,
    ...(whole.length > 0 ? [`Nothing was broken by: ${whole.map(beside).join("; ")}.`] : []),
    ...(sure ? [`Better than that base: ${better.map(({ label }) => label).join(", ") || "none"}.`] : []),
  ]
    .join(" ")
    .concat(ofSeeds(compared));
};

/** The modules together, and the sum of what each gains alone. */
const togetherAndAlone: Answer = (result) => {
  const whole = against(result, "all", "none");
  const members = liquidParts.map((part) => `only-${part}`);
  const pair = { study: result.study.name, arm: "all", against: "none" };
  const beyond = beyondSum(new Evidence([result]), pair, members);
  if (whole === undefined || beyond?.spread === undefined) return undefined;
  const { low, high } = beyond.spread.interval;
  const verdict = low > 0 ? "less than the sum" : high < 0 ? "more than the sum" : "what the sum may be as well";
  return (
    `Together they change bits per byte by ${differenceText(whole)}; alone, added up, by ` +
    `${signed(whole.difference - beyond.difference, 4)}. Together they gain ${verdict}: ${differenceText(beyond)}.`
  );
};

/** What squeeze-and-excitation gains where stories are joined in training, and where each begins. */
const joinedAndApart: Answer = (result) => {
  const [joined, apart] = ["joined", "apart"].map((way) => against(result, `${way}-se`, way));
  if (joined === undefined || apart === undefined) return undefined;
  const [first] = positionRows(result, "doubling");
  const nats = (arm: string) => first?.nats[result.arms.findIndex((one) => one.arm === arm)];
  const early = ["joined", "apart"].map((way) => signed((nats(`${way}-se`) ?? NaN) - (nats(way) ?? NaN), 3));
  const left = decimals((100 * apart.difference) / joined.difference, 0);
  return (
    `It changes bits per byte by ${differenceText(joined)}, where stories are joined, and by ${differenceText(apart)}, where each ` +
    `is begun in training too: ${left} % of that. On the first 64 tokens of a story ${early[0]} and ${early[1]} nats per token.`
  );
};

/** After how much of the tokens the delta rule is where the convolution ends. */
const fewerTokens: Answer = (result) => {
  const reached = ["deltanet", "undecayed"].map((arm) => {
    const { label, comparison } = result.arms.find((one) => one.arm === arm)!;
    const when = sooner(new Evidence([result]), { study: result.study.name, arm, against: result.baseline.arm });
    return when && `${label} comes ${when.figure}, and ends at ${signed(comparison?.difference, 4)}`;
  });
  if (reached.includes(undefined)) return undefined;
  return `To where ${result.baseline.label} ends, ${baselineText(result)}, ${reached.join("; ")}.`;
};

/** Answers by study; the others ask which arm is lowest. */
export const answers: Answers = {
  "alpha-by-norm-conv": alphaByNorm,
  "alpha-by-norm-deltanet": alphaByNorm,
  ternarise: roundedByAndBy,
  "ternarise-smollm2": roundedByAndBy,
  "merge-scales": fittedFactors,
  "mixer-4m": fewerTokens,
  precision: eachArm,
  "delta-details": eachArm,
  original: eachArm,
  grow: eachArm,
  "heal-stories": healedAndCompared,
  "heal-stories-4m": healedAndCompared,
  "heal-smollm2": healedAndCompared,
  "liquid-parts": togetherAndAlone,
  joined: joinedAndApart,
};
