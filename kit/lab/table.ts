/** A study's tables as pure functions of its results. */
import { formatNumber } from "../numbers.js";
import { aboveZero, csvGrid, decimals, type GridColumn, markdownGrid, missing, plain, signed } from "./grid.js";
import { healingColumns, healingCsvColumns } from "./healingTable.js";
import { type PositionRow, positionRows } from "./position.js";
import type { ArmResult, StudyResult } from "./results.js";

/** From how many seeds on the best arm is set in bold. */
const seedsForBold = 3;

/** One row for each arm: what it is, what it reached, how it differs from the baseline. */
export function armTable(result: StudyResult): string {
  const right = true;
  const columns: readonly GridColumn<ArmResult>[] = [
    { title: "arm", cell: ({ label }) => label },
    { title: "parameters", right, cell: ({ parameters }) => formatNumber(parameters) },
    { title: "tokens", right, cell: ({ tokens }) => formatNumber(tokens) },
    { title: "learning rate", right, cell: ({ rate }) => (rate.rate === undefined ? missing : String(rate.rate)) },
    { title: "seeds", right, cell: ({ bitsPerByte }) => String(bitsPerByte.bySeed.size || missing) },
    ...healingColumns(result),
    { title: "bits per byte", right, cell: (arm) => boldIf(isBold(result, arm), spread(arm.bitsPerByte)) },
    { title: "nats/token", right, cell: ({ nats }) => decimals(nats.mean, 4) },
    { title: "difference", right, cell: (arm) => (arm === result.baseline ? "baseline" : differenceOf(arm)) },
    { title: "95 % interval", right, cell: intervalOf },
    { title: "detectable", right, cell: ({ comparison }) => aboveZero(comparison?.spread?.detectable, 4) },
    { title: "p", right, cell: ({ adjustedP }) => probability(adjustedP) },
    { title: "seconds", right, cell: ({ trainingSeconds }) => decimals(trainingSeconds, 0) },
    { title: "note", cell: noteOf },
  ];
  return markdownGrid(columns, result.arms);
}

/** The same for programs: numbers in full, one figure in a column. */
export function armCsv(result: StudyResult): string {
  const columns: readonly GridColumn<ArmResult>[] = [
    { title: "arm", cell: ({ arm }) => arm },
    { title: "label", cell: ({ label }) => label },
    { title: "parameters", cell: ({ parameters }) => String(parameters) },
    { title: "tokens", cell: ({ tokens }) => String(tokens) },
    { title: "learning_rate", cell: ({ rate }) => plain(rate.rate, 10) },
    { title: "planned", cell: ({ planned }) => String(planned) },
    { title: "seeds", cell: ({ bitsPerByte }) => String(bitsPerByte.bySeed.size) },
    { title: "diverged", cell: ({ diverged }) => String(diverged) },
    { title: "bits_per_byte_at_start", cell: ({ atStart }) => plain(atStart.mean) },
    { title: "bits_per_byte", cell: ({ bitsPerByte }) => plain(bitsPerByte.mean) },
    { title: "bits_per_byte_sd", cell: ({ bitsPerByte }) => plain(bitsPerByte.sd) },
    { title: "nats_per_token", cell: ({ nats }) => plain(nats.mean) },
    { title: "nats_per_token_sd", cell: ({ nats }) => plain(nats.sd) },
    { title: "pairs", cell: ({ comparison }) => plain(comparison?.n) },
    { title: "difference", cell: ({ comparison }) => plain(comparison?.difference) },
    { title: "interval_low", cell: ({ comparison }) => plain(comparison?.spread?.interval.low) },
    { title: "interval_high", cell: ({ comparison }) => plain(comparison?.spread?.interval.high) },
    { title: "detectable", cell: ({ comparison }) => plain(comparison?.spread?.detectable) },
    { title: "p", cell: ({ comparison }) => plain(comparison?.spread?.p) },
    { title: "p_holm", cell: ({ adjustedP }) => plain(adjustedP) },
    { title: "training_seconds", cell: ({ trainingSeconds }) => plain(trainingSeconds, 1) },
    { title: "wall_seconds", cell: ({ wallSeconds }) => plain(wallSeconds, 1) },
    ...healingCsvColumns(result),
  ];
  return csvGrid(columns, result.arms);
}

function isBold({ best }: StudyResult, arm: ArmResult): boolean {
  return arm === best && arm.bitsPerByte.bySeed.size >= seedsForBold;
}

function boldIf(bold: boolean, text: string): string {
  return bold ? `**${text}**` : text;
}

function spread({ mean, sd }: ArmResult["bitsPerByte"]): string {
  return sd === undefined ? decimals(mean, 4) : `${decimals(mean, 4)} ± ${decimals(sd, 4)}`;
}

/** Arm − baseline. */
export function differenceOf({ comparison }: ArmResult): string {
  return signed(comparison?.difference, 4);
}

/** Where the true difference lies. */
export function intervalOf({ comparison }: ArmResult): string {
  const interval = comparison?.spread?.interval;
  return interval === undefined ? missing : `[${signed(interval.low, 4)}, ${signed(interval.high, 4)}]`;
}

function probability(p: number | undefined): string {
  return p !== undefined && p < 0.001 ? "< 0.001" : decimals(p, 3);
}

/** What a reader has to know of an arm besides its figures. */
function noteOf(arm: ArmResult): string {
  const { planned, records, diverged, rate, comparison, bitsPerByte } = arm;
  const pairs = comparison === undefined || comparison.n === bitsPerByte.bySeed.size ? [] : [comparison.n];
  return [
    ...(rate.pilot === "diverged" ? ["every learning rate diverged"] : []),
    ...(rate.pilot === "incomplete" ? ["pilot incomplete"] : []),
    ...(diverged > 0 ? [`${diverged} of ${records.length} diverged`] : []),
    ...(records.length < planned ? [`${records.length} of ${planned} runs`] : []),
    ...pairs.map((n) => `compared over ${n}`),
  ].join(", ");
}

/** Arms by learning rates: bits per byte of the short runs, the chosen one marked. */
export function pilotTable({ arms, study }: StudyResult): string {
  const rates = study.pilot?.learningRates ?? [];
  const reached = ({ pilot, rate }: ArmResult, column: number): string => {
    const footer = pilot[column]?.footer;
    if (footer === undefined) return missing;
    if (footer.bitsPerByte === null) return footer.ending;
    return `${rate.rate === rates[column] ? "✓ " : ""}${decimals(footer.bitsPerByte, 4)}`;
  };
  const columns = rates.map((rate, i): GridColumn<ArmResult> => {
    return { title: String(rate), right: true, cell: (arm) => reached(arm, i) };
  });
  return markdownGrid([{ title: "arm", cell: ({ label }) => label }, ...columns], arms);
}

/** Positions by arms: mean loss of the tokens with so many of their document before them, in ranges that double. */
export function positionTable(result: StudyResult): string {
  const arms = result.arms.map(({ label }, i): GridColumn<PositionRow> => {
    return { title: label, right: true, cell: ({ nats }) => decimals(nats[i], 4) };
  });
  const range: GridColumn<PositionRow> = { title: "tokens before", cell: ({ from, to }) => `${from}–${to - 1}` };
  return markdownGrid([range, ...arms], positionRows(result, "doubling"));
}

/** The same for programs, in the ranges that were recorded. */
export function positionCsv(result: StudyResult): string {
  const arms = result.arms.map(({ arm }, i): GridColumn<PositionRow> => {
    return { title: arm, cell: ({ nats }) => plain(nats[i]) };
  });
  const edges: readonly GridColumn<PositionRow>[] = [
    { title: "from", cell: ({ from }) => String(from) },
    { title: "to", cell: ({ to }) => String(to) },
  ];
  return csvGrid([...edges, ...arms], positionRows(result, "recorded"));
}
