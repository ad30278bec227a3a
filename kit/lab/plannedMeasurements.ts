/** Measurements as studies ask for them, and those that can be taken of the records there are. */
import { type Archive, learningRate } from "./archive.js";
import { type Measurement, type MeasurementRecord, readMeasurement, type Subject } from "./measurement.js";
import { specHash } from "./spec.js";
import { armRuns, type Study } from "./study.js";

/** A measurement of a known model, or of what the first seed of a study's arm leaves. */
export type PlannedMeasurement = Omit<Measurement, "version" | "subject"> & {
  readonly subject:
    | Extract<Subject, { readonly kind: "known" }>
    | { readonly kind: "arm"; readonly study: Study; readonly arm: string };
};

/** The measurements whose models are known: an arm's is when its learning rate is. */
export function knownMeasurements(planned: readonly PlannedMeasurement[], archive: Archive): readonly Measurement[] {
  return planned.flatMap(({ subject, ...rest }): readonly Measurement[] => {
    if (subject.kind === "known") return [{ version: 1, ...rest, subject }];
    const { study, arm } = subject;
    const { rate } = learningRate(study, arm, archive);
    if (rate === undefined) return [];
    const [{ seed, spec }] = armRuns(study, arm, rate);
    return [{ version: 1, ...rest, subject: { kind: "trained", study: study.name, arm, seed, spec: specHash(spec) } }];
  });
}

/** Records of measurements, by name. */
export type Observations = ReadonlyMap<string, MeasurementRecord>;

/** The records there are of these measurements. */
export function observations(measurements: readonly Measurement[], root?: string): Observations {
  return new Map(
    measurements.flatMap((measurement) => {
      const record = readMeasurement(measurement, root);
      return record === undefined ? [] : [[measurement.name, record] as const];
    }),
  );
}
