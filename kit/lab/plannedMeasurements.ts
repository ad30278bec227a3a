/** Measurements as studies ask for them, and those that can be taken of the records there are. */
import { type Archive, learningRate } from "./archive.js";
import { type Measurement, type MeasurementRecord, readMeasurement, type Subject } from "./measurement.js";
import { endedWell } from "./results.js";
import { specHash } from "./spec.js";
import { armRuns, type Study } from "./study.js";

/** A measurement of a known model, or of what each seed of a study's arm leaves. */
export type PlannedMeasurement = Omit<Measurement, "version" | "subject"> & {
  readonly subject:
    | Extract<Subject, { readonly kind: "known" }>
    | { readonly kind: "arm"; readonly study: Study; readonly arm: string };
};

/** What can be measured, and how much waits for runs. */
export type KnownMeasurements = { readonly known: readonly Measurement[]; readonly waiting: number };

/** Measurements of models that are there, as far as records tell: those of an arm are once its runs have ended, and not diverged. */
export function knownMeasurements(planned: readonly PlannedMeasurement[], archive: Archive): KnownMeasurements {
  let waiting = 0;
  const known = planned.flatMap(({ subject, ...rest }): readonly Measurement[] => {
    if (subject.kind === "known") return [{ version: 1, ...rest, subject }];
    const { study, arm } = subject;
    const { rate } = learningRate(study, arm, archive);
    return armRuns(study, arm, rate).flatMap(({ seed, spec }): readonly Measurement[] => {
      const record = rate === undefined ? undefined : archive.find({ seed, spec });
      if (record === undefined) waiting++;
      if (record === undefined || !endedWell(record)) return [];
      return [
        { version: 1, ...rest, subject: { kind: "trained", study: study.name, arm, seed, spec: specHash(spec) } },
      ];
    });
  });
  return { known, waiting };
}

/** Records of measurements by name; of an arm there is one for each seed. */
export type Observations = ReadonlyMap<string, readonly MeasurementRecord[]>;

/** The records there are of these measurements. */
export function observations(measurements: readonly Measurement[], root?: string): Observations {
  const found = new Map<string, MeasurementRecord[]>();
  for (const measurement of measurements) {
    const record = readMeasurement(measurement, root);
    if (record !== undefined) found.set(measurement.name, [...(found.get(measurement.name) ?? []), record]);
  }
  return found;
}
