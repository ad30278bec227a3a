/** What a conversion adds, what it breaks before the first step, and how much of that is healed. */
import { countParameters, flopsPerToken, leaks, type ModelConfig } from "../model/index.js";
import { decimals, type GridColumn, missing, plain, signed } from "./grid.js";
import type { ArmResult, StudyResult } from "./results.js";

/** Whether all runs of a study begin with a trained model. */
export function isHealing({ study }: StudyResult): boolean {
  return Object.values(study.arms).every(({ spec }) => spec.initial.kind === "pretrained");
}

/** What a conversion adds to the baseline's model, as shares of what that has. */
export type Added = { readonly parameters: number; readonly flops: number };

/** Parameters, and FLOPs of a token in the middle of the context, added by an arm's conversion. */
export function addedBy({ study }: StudyResult, arm: string): Added {
  const config = (name: string): ModelConfig => study.arms[name].spec.model;
  const flops = (name: string): number => flopsPerToken(config(name), config(name).context / 2);
  return {
    parameters: countParameters(config(arm)) / countParameters(config(study.baseline)) - 1,
    flops: flops(arm) / flops(study.baseline) - 1,
  };
}

/** Bits per byte below which nothing is said to be broken. */
const leastDamage = 0.001;

/**
 * Share of what the conversion broke that training healed: `(converted − healed) / (converted − base)`. It is above 1 where
 * the result is better than the base was.
 *
 * @returns nothing where the conversion broke nothing, or figures are missing
 */
export function damageHealed({ baseline }: StudyResult, { atStart, bitsPerByte }: ArmResult): number | undefined {
  const damage = (atStart.mean ?? Number.NaN) - (baseline.atStart.mean ?? Number.NaN);
  const gained = (atStart.mean ?? Number.NaN) - (bitsPerByte.mean ?? Number.NaN);
  return damage > leastDamage && Number.isFinite(gained) ? gained / damage : undefined;
}

/** The columns of these for people; none in a study of models that are trained from the first step. */
export function healingColumns(result: StudyResult): readonly GridColumn<ArmResult>[] {
  if (!isHealing(result)) return [];
  const share = (of: keyof Added) => (arm: ArmResult) =>
    arm === result.baseline ? missing : `${signed(100 * addedBy(result, arm.arm)[of], 1)} %`;
  const healed = (arm: ArmResult): string => {
    const share = damageHealed(result, arm);
    return share === undefined ? missing : `${decimals(100 * share, 0)} %`;
  };
  return [
    { title: "added", right: true, cell: share("parameters") },
    { title: "FLOPs added", right: true, cell: share("flops") },
    { title: "sees the future", cell: ({ arm }) => leaks(result.study.arms[arm].spec.model).join(", ") || "no" },
    { title: "at the start", right: true, cell: ({ atStart }) => decimals(atStart.mean, 4) },
    { title: "damage healed", right: true, cell: healed },
  ];
}

/** The same for programs. */
export function healingCsvColumns(result: StudyResult): readonly GridColumn<ArmResult>[] {
  if (!isHealing(result)) return [];
  return [
    { title: "parameters_added", cell: ({ arm }) => plain(addedBy(result, arm).parameters) },
    { title: "flops_added", cell: ({ arm }) => plain(addedBy(result, arm).flops) },
    { title: "leaks", cell: ({ arm }) => String(leaks(result.study.arms[arm].spec.model).length) },
    { title: "damage_healed", cell: (arm) => plain(damageHealed(result, arm)) },
  ];
}

/** What these columns mean, for the page. */
export const healingLegend: string = [
  "Added, FLOPs added: against the base. At the start: bits per byte before the first step, of the base or of what it was",
  "converted into. Damage healed: (start − end) / (start − base's start), where a conversion broke something.",
].join("\n");
