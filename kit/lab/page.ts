/** The pages people read: one for each study, the headline table of all, the claims. */
import { formatNumber } from "../numbers.js";
import { type StudyFigure, studyFigures } from "./charts.js";
import { type Claim, claimsMarkdown, type Evidence } from "./claims.js";
import { decimals, markdownGrid, missing, signed } from "./grid.js";
import { healingLegend, isHealing } from "./healingTable.js";
import type { PackedModel } from "./packed.js";
import { hasPositions } from "./position.js";
import type { ArmResult, StudyResult } from "./results.js";
import { pairedComparison } from "./statistics.js";
import { armTable, differenceOf, intervalOf, pilotTable, positionTable } from "./table.js";

/** A study's question answered in a sentence, from its results; nothing while they do not suffice. */
export type Answer = (result: StudyResult) => string | undefined;

/** Who answers which study. One without an answer of its own gets {@link plainAnswer}. */
export type Answers = Readonly<Record<string, Answer>>;

/** The answer to a study's question with its budget, or what stands for nothing. */
export function answerTo(result: StudyResult, answers: Answers): string {
  const own = Object.hasOwn(answers, result.study.name) ? answers[result.study.name](result) : plainAnswer(result);
  return own ?? missing;
}

/** Which arm is lowest, by how much against the baseline and against the next: what can be said of any study. */
export function plainAnswer({ best, baseline, arms }: StudyResult): string | undefined {
  if (best === undefined) return undefined;
  const reached = `${decimals(best.bitsPerByte.mean, 4)} bits per byte (${budgetText(best)})`;
  const next = nextTo(best, arms);
  if (next === undefined) return `${best.label} reaches ${reached}.`;
  const nearest = `the next, ${next.label}: ${comparedTo(next)}`;
  if (best === baseline) return `The baseline, ${best.label}, is lowest: ${reached}; ${nearest}.`;
  const lowest = `${best.label} is lowest: ${reached}`;
  if (best.comparison === undefined) return `${lowest}; ${nearest}.`;
  const against = `${lowest}, ${comparedTo(best, ` to ${baseline.label}`)}`;
  return next.arm === baseline.arm ? `${against}.` : `${against}; ${nearest}.`;
}

/** The arm that comes next to the lowest, compared with it; p is corrected for how many there are to come next. */
function nextTo(best: ArmResult, arms: readonly ArmResult[]): ArmResult | undefined {
  const others = arms.filter((arm) => arm !== best && arm.bitsPerByte.mean !== undefined);
  if (others.length === 0) return undefined;
  const next = others.reduce((low, arm) => (arm.bitsPerByte.mean! < low.bitsPerByte.mean! ? arm : low));
  const comparison = pairedComparison(next.bitsPerByte.bySeed, best.bitsPerByte.bySeed);
  const p = comparison?.spread?.p;
  return { ...next, comparison, adjustedP: p === undefined ? undefined : Math.min(1, p * others.length) };
}

/** A difference with its interval, and whether it is one. The best of many arms is lucky too: the corrected p counts. */
function comparedTo(arm: ArmResult, other = ""): string {
  const { comparison, adjustedP } = arm;
  if (comparison === undefined) return "no seed in common";
  const interval = comparison.spread === undefined ? "" : ` ${intervalOf(arm)}`;
  const seeds = comparison.n === 1 ? "one seed does" : "the seeds do";
  const told = adjustedP !== undefined && adjustedP < 0.05 ? "" : `, which ${seeds} not tell apart`;
  return `${differenceOf(arm)}${interval}${other}${told}`;
}

/** The tokens of an arm, and its seeds. */
export function budgetText({ tokens, bitsPerByte }: ArmResult): string {
  const seeds = bitsPerByte.bySeed.size;
  const trained = tokens < 1e5 ? formatNumber(tokens) : `${decimals(tokens / 1e6, 1)} M`;
  return `${trained} tokens, ${seeds === 1 ? "one seed" : `${seeds} seeds`}`;
}

/** A study's page. */
export function studyPage(result: StudyResult, answers: Answers, packed: readonly PackedModel[] = []): string {
  const { study, baseline } = result;
  const legend = [
    "Bits per byte of held-out texts: mean ± standard deviation over seeds; lower is better, bold is lowest (from three seeds",
    `on). Differences are arm − baseline (${baseline.label}) over the seeds both have, each with its own paired t interval.`,
    "Detectable: the smallest true difference that so many seeds show with probability 0.8. p: two-sided, corrected by Holm",
    "for the arms of this table. Seconds: the median time of a step times their number, mean over runs.",
  ].join("\n");
  return page(
    `# ${study.title}`,
    study.question,
    `**Answer.** ${answerTo(result, answers)}`,
    armTable(result),
    legend,
    ...(isHealing(result) ? [healingLegend] : []),
    ...studyFigures(result).flatMap(({ name, caption, spec }) =>
      spec === undefined ? [] : [`![${caption}](../figures/${name}.svg)`],
    ),
    ...(study.pilot === undefined ? [] : pilotSection(result)),
    ...(hasPositions(result) ? positionSection(result) : []),
    ...(packed.length > 0 ? packedSection(result, packed) : []),
  );
}

function pilotSection(result: StudyResult): readonly string[] {
  const { tokens, seed } = result.study.pilot!;
  const caption = `Bits per byte after ${formatNumber(tokens)} tokens, seed ${seed}, by learning rate; ✓ was taken.`;
  return ["## Learning rates", caption, pilotTable(result)];
}

function positionSection(result: StudyResult): readonly string[] {
  const caption = "Nats per token by the number of tokens before it, mean over seeds.";
  return ["## Loss by position", caption, positionTable(result)];
}

function packedSection({ arms }: StudyResult, packed: readonly PackedModel[]): readonly string[] {
  const caption = [
    "The best and the worst arm, part of the project: 1.6 bits a ternary weight, which loses nothing, and 8 bits with a scale a",
    "row for the embedding. Bits per byte of the run's held-out texts, as it was trained and packed.",
  ].join("\n");
  const right = true;
  const table = markdownGrid<PackedModel>(
    [
      {
        title: "model",
        cell: ({ study, arm }) => `[${arms.find((one) => one.arm === arm)?.label ?? arm}](../models/${study}/${arm})`,
      },
      { title: "seed", right, cell: ({ card }) => String(card.seed) },
      { title: "bytes", right, cell: ({ card }) => formatNumber(card.bytes) },
      { title: "as trained", right, cell: ({ card }) => decimals(card.trainedBitsPerByte, 4) },
      { title: "packed", right, cell: ({ card }) => decimals(card.packedBitsPerByte, 4) },
      {
        title: "difference",
        right,
        cell: ({ card }) => signed(card.packedBitsPerByte - card.trainedBitsPerByte, 6),
      },
    ],
    packed,
  );
  return ["## Models", caption, table];
}

/** The table of the README: a line for each study. */
export function headlines(results: readonly StudyResult[], answers: Answers): string {
  const runs = ({ arms }: StudyResult): string => {
    const done = arms.reduce((sum, { records }) => sum + records.length, 0);
    return `${done} of ${arms.reduce((sum, { planned }) => sum + planned, 0)}`;
  };
  return markdownGrid(
    [
      { title: "study", cell: ({ study }) => `[${study.title}](results/tables/${study.name}.md)` },
      { title: "question", cell: ({ study }) => study.question },
      { title: "answer", cell: (result) => answerTo(result, answers) },
      { title: "runs", right: true, cell: runs },
    ],
    results,
  );
}

/** What a study or a benchmark adds to the page of figures. */
export type FigureSection = {
  /** Of its table. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly figures: readonly StudyFigure[];
};

/** A study's question, its answer, and the figure that shows most: differences to the baseline, or else losses. */
export function figureSection(result: StudyResult, answers: Answers): FigureSection {
  const { name, title, question } = result.study;
  const shown = studyFigures(result).find(({ spec }) => spec !== undefined);
  return { name, title, text: `${question} ${answerTo(result, answers)}`, figures: shown === undefined ? [] : [shown] };
}

/** The figures of everything that has some, with a link to each table. */
export function figuresPage(sections: readonly FigureSection[]): string {
  const shown = sections.flatMap(({ name, title, text, figures }) => {
    const drawn = figures.filter(({ spec }) => spec !== undefined);
    if (drawn.length === 0) return [];
    const pictures = drawn.map((figure) => `![${figure.caption}](figures/${figure.name}.svg)`);
    return [`## [${title}](tables/${name}.md)`, text, ...pictures];
  });
  return page(
    "# Results",
    "Everything here is derived by `npm run tables` from the records in `runs`, `evals`, `measurements` and `benches`; what others say of it: [claims](claims.md). What was learned on the way: [log](LOG.md).",
    ...shown,
  );
}

/** The page of claims. */
export function claimsPage(claims: readonly Claim[], evidence: Evidence): string {
  return page(
    "# Claims",
    [
      "Sentences of others, and what the records say to them. A verdict is derived from records, like every figure beside it.",
      "Intervals are of 95 %, each by itself; of so many a few miss 0 by chance.",
    ].join("\n"),
    claimsMarkdown(claims, evidence),
  );
}

function page(...paragraphs: readonly string[]): string {
  return `${paragraphs.join("\n\n")}\n`;
}
