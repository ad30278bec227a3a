/** What a study's records say: the only source of its tables, figures and claims. */
import { countParameters } from "../model/index.js";
import { type Archive, type ArmRate, learningRate } from "./archive.js";
import { trainingSeconds } from "./course.js";
import type { RecordFooter, RunRecord } from "./record.js";
import { budgetOf } from "./spec.js";
import { type BySeed, holm, mean, type PairedComparison, pairedComparison, standardDeviation } from "./statistics.js";
import { armRuns, pilotRuns, type Study } from "./study.js";

/** One arm, as far as its records go. */
export type ArmResult = {
  readonly arm: string;
  readonly label: string;
  /** Known from the specification, with or without records. */
  readonly parameters: number;
  readonly tokens: number;
  readonly rate: ArmRate;
  /** Runs the study calls for. */
  readonly planned: number;
  /** Finished records, by seed. */
  readonly records: readonly RunRecord[];
  readonly diverged: number;
  /** Of the runs that ended well: the metric that is compared. */
  readonly bitsPerByte: Measured;
  readonly nats: Measured;
  /** Bits per byte before the first step, of runs that begin with a trained model. */
  readonly atStart: Measured;
  /** Of one run: by the clock, and of its steps alone. */
  readonly wallSeconds?: number;
  readonly trainingSeconds?: number;
  /** Absent for the baseline, and where no seed is common. */
  readonly comparison?: PairedComparison;
  /** Of the comparison, corrected by Holm for all arms that have one. */
  readonly adjustedP?: number;
  readonly pilot: readonly PilotResult[];
};

/** A measure of an arm's runs. */
export type Measured = {
  readonly bySeed: BySeed;
  readonly mean?: number;
  /** Needs two seeds. */
  readonly sd?: number;
};

/** A short run that tried a learning rate. */
export type PilotResult = { readonly rate: number; readonly footer?: RecordFooter };

/** A study, as far as its records go. */
export type StudyResult = {
  readonly study: Study;
  readonly arms: readonly ArmResult[];
  readonly baseline: ArmResult;
  /** The arm of the lowest mean, if there is any. */
  readonly best?: ArmResult;
};

/** Reads what a study's records say. The order in which they are found changes nothing. */
export function studyResult(study: Study, archive: Archive): StudyResult {
  const plain = Object.keys(study.arms).map((arm) => armResult(study, arm, archive));
  const reference = plain.find(({ arm }) => arm === study.baseline)!.bitsPerByte.bySeed;
  const comparisons = plain.map(({ arm, bitsPerByte }) =>
    arm === study.baseline ? undefined : pairedComparison(bitsPerByte.bySeed, reference),
  );
  const adjusted = holm(comparisons.map((comparison) => comparison?.spread?.p));
  const arms = plain.map((arm, i) => ({ ...arm, comparison: comparisons[i], adjustedP: adjusted[i] }));
  const known = arms.filter(({ bitsPerByte }) => bitsPerByte.mean !== undefined);
  return {
    study,
    arms,
    baseline: arms.find(({ arm }) => arm === study.baseline)!,
    best: known.reduce<ArmResult | undefined>(
      (best, arm) => (best === undefined || below(arm, best) ? arm : best),
      undefined,
    ),
  };
}

function below(a: ArmResult, b: ArmResult): boolean {
  return a.bitsPerByte.mean! < b.bitsPerByte.mean!;
}

function armResult(study: Study, arm: string, archive: Archive): ArmResult {
  const { spec, label = arm } = study.arms[arm];
  const rate = learningRate(study, arm, archive);
  const runs = armRuns(study, arm, rate.rate);
  const records = rate.rate === undefined ? [] : runs.flatMap((run) => archive.find(run) ?? []);
  const sorted = [...records].sort((a, b) => a.header.seed - b.header.seed);
  const ended = sorted.filter(endedWell);
  return {
    arm,
    label,
    parameters: countParameters(spec.model),
    tokens: budgetOf(spec),
    rate,
    planned: runs.length,
    records: sorted,
    diverged: sorted.filter(({ footer }) => footer?.ending === "diverged").length,
    bitsPerByte: measured(sorted, ({ bitsPerByte }) => bitsPerByte),
    nats: measured(sorted, ({ validationNats }) => validationNats),
    atStart: measuredOf(sorted, ({ validations }) => validations.find(({ step }) => step === 0)?.bitsPerByte),
    wallSeconds: mean(ended.map(({ footer }) => footer!.wallSeconds)),
    trainingSeconds: mean(ended.map((record) => trainingSeconds(record) ?? Number.NaN)),
    pilot: pilotRuns(study, arm).map((run) => ({
      rate: run.spec.training.learningRate,
      footer: archive.find(run)?.footer,
    })),
  };
}

/** Whether a run ended well: one that diverged is counted, and is in no mean. */
export function endedWell({ footer }: RunRecord): boolean {
  return footer?.ending === "done";
}

/** A figure of the records that ended well. What one of them lacks counts as missing. */
export function measured(
  records: readonly RunRecord[],
  of: (footer: RecordFooter) => number | null | undefined,
): Measured {
  return measuredOf(records, ({ footer }) => of(footer!));
}

/** The same of whole records. */
export function measuredOf(
  records: readonly RunRecord[],
  of: (record: RunRecord) => number | null | undefined,
): Measured {
  const pairs = records
    .filter(endedWell)
    .map((record) => [record.header.seed, of(record) ?? Number.NaN] as const)
    .filter(([, value]) => Number.isFinite(value));
  const values = pairs.map(([, value]) => value);
  return { bySeed: new Map(pairs), mean: mean(values), sd: standardDeviation(values) };
}
