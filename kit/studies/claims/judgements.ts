/** How claims are judged: each a pure function of figures, and nothing while one of them is missing. */
import {
  type ArmResult,
  addedBy,
  benchFigure,
  bitsPerByteAfter,
  decimals,
  type Evidence,
  gradientSpread,
  type Judgement,
  lossSpikes,
  type Measured,
  mean,
  type Observed,
  observedLess,
  overModels,
  type PairedComparison,
  pairedComparison,
  signed,
  tokensToReach,
  type Verdict,
} from "../../lab/index.js";
import { differenceText, percentText, seedsText, timesThatWithout, type Written } from "../words.js";

/** Which side of zero supports a claim. */
export type Side = "above" | "below";

/** Two arms of a study: what is claimed of, and what it is compared with. */
export type Pair = { readonly study: string; readonly arm: string; readonly against: string };

/** What cannot be measured with what is at hand, and why. */
export function untestable(why: string): () => Judgement {
  return () => ({ figure: why, verdict: "not testable here" });
}

/** A difference: whether its interval lies on the side that supports the claim. With one seed there is no interval. */
export function judged(
  comparison: PairedComparison | undefined,
  side: Side,
  written: Written = { unit: "bits per byte" },
): Judgement | undefined {
  if (comparison === undefined) return undefined;
  const figure = differenceText(comparison, written);
  const interval = comparison.spread?.interval;
  if (interval === undefined) return { figure, verdict: "not testable here" };
  return { figure, verdict: verdictOf(side === "above" ? interval.low > 0 : interval.high < 0) };
}

export function verdictOf(supported: boolean): Verdict {
  return supported ? "supported" : "not supported";
}

/** Several figures of one claim, which has to hold in all of them. */
export function together(...judgements: readonly (Judgement | undefined)[]): Judgement | undefined {
  const known = judgements.filter((judgement) => judgement !== undefined);
  if (known.length < judgements.length) return undefined;
  const order: readonly Verdict[] = ["not supported", "budget not reached", "not testable here", "supported"];
  return {
    figure: known.map(({ figure }) => figure).join("; "),
    verdict: order.find((verdict) => known.some((judgement) => judgement.verdict === verdict))!,
  };
}

/** A figure of one model against that of another over the same texts. */
export function overTexts(
  evidence: Evidence,
  figure: { readonly of: string; readonly against: string; readonly name: string; readonly unit: string },
  side: Side,
): Judgement | undefined {
  const [own, other] = [figure.of, figure.against].map((name) => evidence.observation(name, figure.name));
  return judgedModels(observedLess(own, other), figure.unit, side);
}

/**
 * What it is worth that gains and gates follow a text: the loss as they do, less that with all of them at their means over texts; and
 * how far a text's are from these.
 */
export function worthOfAdapting(evidence: Evidence, of: string, what: string): Judgement | undefined {
  const worth = ownDifference(evidence, of, { name: "nats", less: "natsFixed" });
  const judgement = judgedModels(worth, "nats per token", "below");
  const spread = mean(evidence.observation(of, "spread").flatMap(({ texts }) => [...texts.values()]));
  if (judgement === undefined || spread === undefined) return undefined;
  const figure = `${judgement.figure}; ${what} differ between texts by ${decimals(100 * spread, 1)} % of their size`;
  return { ...judgement, figure };
}

/** How much more one model's figures differ than another's: `(a − b) − (c − d)`, text by text. */
export function contrast(
  evidence: Evidence,
  figure: { readonly of: string; readonly against: string; readonly name: string; readonly less: string },
  side: Side,
): Judgement | undefined {
  const [own, other] = [figure.of, figure.against].map((of) => ownDifference(evidence, of, figure));
  return judgedModels(observedLess(own, other), "nats per token", side);
}

function ownDifference(
  evidence: Evidence,
  of: string,
  { name, less }: { readonly name: string; readonly less: string },
): Observed {
  return observedLess(evidence.observation(of, name), evidence.observation(of, less));
}

function judgedModels(difference: Observed, unit: string, side: Side): Judgement | undefined {
  const { comparison, over } = overModels(difference) ?? {};
  return judged(comparison, side, { unit, over });
}

/** Bits per byte at equal tokens. */
export function atEqualTokens(evidence: Evidence, { study, arm, against }: Pair): Judgement | undefined {
  return judged(evidence.compare(study, arm, against), "below");
}

/** Bits per byte before the first step: no seed has a part in it, so that the difference speaks for itself. */
export function untrained(evidence: Evidence, { study, arm, against }: Pair, side: Side): Judgement | undefined {
  const [own, other] = [arm, against].map((name) => evidence.arm(study, name).atStart.mean);
  if (own === undefined || other === undefined) return undefined;
  const difference = own - other;
  const figure = `${signed(difference, 4)} bits per byte, ${signed((100 * difference) / other, 0)} %`;
  return { figure, verdict: verdictOf(side === "above" ? difference > 0 : difference < 0) };
}

/** Spread of the gradient's norm from step to step, and spikes of the loss: more of them speak against it as well. */
export function steadiness(evidence: Evidence, { study, arm, against }: Pair): Judgement | undefined {
  const [spread, spikes] = [gradientSpread, lossSpikes].map((of) =>
    pairedComparison(evidence.figure(study, arm, of).bySeed, evidence.figure(study, against, of).bySeed),
  );
  const quieter = judged(spread, "below", { unit: "in ln gradient norm" });
  if (quieter === undefined || spikes === undefined) return undefined;
  const figure = `${quieter.figure}; ${signed(spikes.difference, 1)} loss spikes`;
  return { figure, verdict: spikes.difference > 0 ? "not supported" : quieter.verdict };
}

/**
 * Learning rates of the short runs whose bits per byte lie within one percent of the arm's lowest. Short runs have one seed, and
 * rates stand far apart: they are told, and decide nothing.
 */
export function rateRange(evidence: Evidence, { study, arm, against }: Pair): Judgement | undefined {
  const [own, other] = [arm, against].map((name) => goodRates(evidence.arm(study, name)));
  if (own === undefined || other === undefined) return undefined;
  return { figure: `${own} learning rates against ${other}`, verdict: "not testable here" };
}

function goodRates({ pilot }: ArmResult): number | undefined {
  if (pilot.length === 0 || pilot.some(({ footer }) => footer === undefined)) return undefined;
  const reached = pilot.map(({ footer }) => footer?.bitsPerByte ?? Number.POSITIVE_INFINITY);
  return reached.filter((bits) => Number.isFinite(bits) && bits <= 1.01 * Math.min(...reached)).length;
}

/** Share of its tokens after which an arm is where the other one ends; it has to be there before in all seeds. */
export function sooner(evidence: Evidence, { study, arm, against }: Pair): Judgement | undefined {
  const goals = evidence.arm(study, against).bitsPerByte.bySeed;
  const { records, tokens } = evidence.arm(study, arm);
  const pairs = records.filter(({ header, footer }) => footer?.ending === "done" && goals.has(header.seed));
  if (pairs.length === 0) return undefined;
  const shares = pairs.map((record) => (tokensToReach(record, goals.get(record.header.seed)!) ?? Infinity) / tokens);
  const there = shares.filter(Number.isFinite);
  const average = there.reduce((sum, share) => sum + share, 0) / there.length;
  const late = shares.length - there.length;
  const figure = [
    ...(there.length > 0 ? [`after ${(100 * average).toFixed(0)} % of the tokens, ${seedsText(there.length)}`] : []),
    ...(late > 0 ? [`not at all, ${seedsText(late)}`] : []),
  ].join("; ");
  return {
    figure,
    verdict: shares.length === 1 ? "not testable here" : verdictOf(shares.every((share) => share < 0.99)),
  };
}

/** Whether the difference to the other arm still falls in the second half of the tokens. */
export function stillGaining(evidence: Evidence, { study, arm, against }: Pair): Judgement | undefined {
  const gain = (name: string): Measured =>
    evidence.figure(study, name, (record) => {
      const half = bitsPerByteAfter(record, evidence.arm(study, name).tokens / 2);
      return half === undefined ? undefined : record.footer!.bitsPerByte! - half;
    });
  return judged(pairedComparison(gain(arm).bySeed, gain(against).bySeed), "below");
}

/** Largest share of FLOPs and of time that is still called light. */
const light = 0.05;

/**
 * FLOPs and training time of a token, in proportion to the baseline's; both are to grow by less than a twentieth. The time is that
 * of the bench `modules`, whose arms took turns: where the interval of its median holds the bound, it does not tell.
 */
export function lightness(evidence: Evidence, { study, arm }: Omit<Pair, "against">): Judgement | undefined {
  const bench = evidence.bench("modules");
  const time = bench && benchFigure(bench, arm, timesThatWithout, 2048);
  if (time === undefined) return undefined;
  const { flops } = addedBy(evidence.study(study), arm);
  const [median, min, max] = [time.median, time.min, time.max].map((times) => percentText(times - 1));
  const figure = `FLOPs ${percentText(flops)}, time of a token ${median} [${min}, ${max}]`;
  if (flops >= light || time.min >= 1 + light) return { figure, verdict: "not supported" };
  return { figure, verdict: time.max < 1 + light ? "supported" : "not testable here" };
}

/** What the whole gains beyond the sum of what its members gain by themselves; below 0 is more. */
export function beyondSum(
  evidence: Evidence,
  { study, arm, against }: Pair,
  members: readonly string[],
): PairedComparison | undefined {
  const of = (name: string): ReadonlyMap<number, number> => evidence.arm(study, name).bitsPerByte.bySeed;
  const none = of(against);
  const seeds = [...of(arm).keys()].filter((seed) => [against, ...members].every((name) => of(name).has(seed)));
  const alone = (seed: number): number =>
    members.reduce((sum, name) => sum + of(name).get(seed)! - none.get(seed)!, none.get(seed)!);
  const additive = new Map(seeds.map((seed) => [seed, alone(seed)]));
  return pairedComparison(of(arm), additive);
}

/**
 * Whether the whole gains more than the sum. Members that ran at other learning rates than the whole are told: what they lose by
 * that would count as gained together.
 */
export function synergy(evidence: Evidence, pair: Pair, members: readonly string[]): Judgement | undefined {
  const { study, arm } = pair;
  const judgement = judged(beyondSum(evidence, pair, members), "below");
  const [own, ...theirs] = [arm, ...members].map((name) => evidence.arm(study, name).rate.rate);
  if (judgement === undefined || theirs.every((rate) => rate === own)) return judgement;
  return { ...judgement, figure: `${judgement.figure} (learning rate ${own}, alone ${theirs.join(" and ")})` };
}

/** Training the card speaks of. */
type CardBudget = { readonly steps: number };

/** Share by which a healed model may be worse than the base and still be "around" it. */
const around = 0.01;

/**
 * A healed conversion against the base as it was, and against the base that was trained on the same text: to be back it is
 * within a hundredth of both, since new text alone can improve a model on it. Beyond, the budget was smaller.
 */
export function backAtBase(
  evidence: Evidence,
  { study, arm, against }: Pair,
  { steps }: CardBudget,
): Judgement | undefined {
  const { bySeed } = evidence.arm(study, arm).bitsPerByte;
  const { atStart } = evidence.arm(study, against);
  const [before, control] = [pairedComparison(bySeed, atStart.bySeed), evidence.compare(study, arm, against)];
  if (before === undefined || control === undefined || atStart.mean === undefined) return undefined;
  const most = Math.max(...evidence.arm(study, arm).records.map(({ steps }) => steps.at(-1)?.step ?? 0));
  const [asItWas, trainedOn] = [before, control].map((each) => differenceText(each, { unit: "bits per byte" }));
  const figure = `${asItWas}; less the control ${trainedOn}; ${most} steps of the card's ${steps}`;
  const worst = Math.max(...[before, control].map(({ spread, difference }) => spread?.interval.high ?? difference));
  if (worst >= around * atStart.mean) return { figure, verdict: most < steps ? "budget not reached" : "not supported" };
  return { figure, verdict: control.spread === undefined ? "not testable here" : "supported" };
}
