/** Measurements: figures of a model that stands, taken once and kept as records of their own kind. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { makeFolder, writeAtomically } from "../source/files.js";
import { projectRoot } from "../source/index.js";
import type { ScaleRules } from "../surgery/index.js";
import type { CorpusSpec } from "../text/index.js";
import type { RunPlace } from "./models.js";
import { type Circumstances, circumstances } from "./record.js";
import { specHash } from "./spec.js";
import type { BySeed } from "./statistics.js";

/** Layers of a model, from the first number up to the second, and factors of their tensors. */
export type SliceSpec = { readonly layers: readonly [from: number, to: number]; readonly scale?: ScaleRules };

/** A model that is measured. */
export type Subject =
  /** One the kit knows by name, or layers of it stacked anew. */
  | { readonly kind: "known"; readonly name: string; readonly slices?: readonly SliceSpec[] }
  /** What a run has left. */
  | (RunPlace & { readonly kind: "trained" });

/** So many texts of a corpus, each so many tokens long. */
export type Texts = { readonly corpus: CorpusSpec; readonly texts: number; readonly tokens: number };

/** Held-out texts. */
export type HeldOut = Texts & {
  /**
   * Whether each text is the beginning of a document that is long enough. Default: documents one behind the other, cut anywhere.
   * A model that was trained on documents apart is to be measured so.
   */
  readonly documents?: "apart";
};

/** What is measured, on which texts. `texts` counts them, `tokens` is the length of each. */
export type MeasureSpec =
  /** Losses of held-out texts, by position. */
  | (HeldOut & { readonly kind: "loss" })
  /** Losses of held-out texts, by how far back a token was last seen. */
  | (HeldOut & { readonly kind: "recency" })
  /** What it costs that a text about something else goes before, `tokens` long. */
  | (Texts & { readonly kind: "shift" })
  /** A name that is told, and asked for `tokens` later. */
  | { readonly kind: "planted"; readonly texts: number; readonly tokens: number }
  /** How much the two maps of each pair of differential attention, or neighbouring heads, look at the same. */
  | (HeldOut & { readonly kind: "overlap" })
  /** Which of four classes a word belongs to, after one example of each. */
  | { readonly kind: "classes"; readonly texts: number }
  /** How gains and gates change from text to text, and what they are worth. */
  | (HeldOut & { readonly kind: "adaptation" });

/** A measurement before it is taken: plain JSON that decides its figures. */
export type Measurement = {
  readonly version: 1;
  /** Names its record: `merges/deep-1.5`. */
  readonly name: string;
  readonly subject: Subject;
  readonly measure: MeasureSpec;
};

/** One number for each text, by the name of the figure. What a text has not is null. */
export type Figures = Readonly<Record<string, readonly (number | null)[]>>;

/** A measurement as it was taken. */
export type MeasurementRecord = {
  readonly measurement: Measurement;
  readonly figures: Figures;
  readonly wallSeconds: number;
  readonly circumstances: Circumstances;
};

/** The folder of all records of measurements. */
export function measurementsFolder(): string {
  return join(projectRoot(), "results", "measurements");
}

/** Where the record of a measurement lies: `results/measurements/<name>.<hash>.json`. */
export function measurementPath(measurement: Measurement, root: string = measurementsFolder()): string {
  return join(root, `${measurement.name}.${specHash(measurement)}.json`);
}

/** Writes a record, all of it at once. */
export async function writeMeasurement(
  measurement: Measurement,
  taken: Pick<MeasurementRecord, "figures" | "wallSeconds">,
  root?: string,
): Promise<void> {
  const path = measurementPath(measurement, root);
  await makeFolder(dirname(path));
  const record: MeasurementRecord = { measurement, ...taken, circumstances: circumstances() };
  await writeAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(record)}\n`));
}

/**
 * The record of a measurement, or nothing.
 *
 * @throws UserError when the file is no record of this measurement
 */
export function readMeasurement(measurement: Measurement, root?: string): MeasurementRecord | undefined {
  const path = measurementPath(measurement, root);
  if (!existsSync(path)) return undefined;
  const record = parsed(readFileSync(path, "utf8"));
  const figures = Object.values(record?.figures ?? {});
  const whole = figures.length > 0 && figures.every((texts) => Array.isArray(texts));
  if (!whole || specHash(record?.measurement) !== specHash(measurement)) {
    throw new UserError("this is not the record of the measurement its name says", {
      where: path,
      fix: "Delete it to measure again",
    });
  }
  return record;
}

function parsed(text: string): MeasurementRecord | undefined {
  try {
    return JSON.parse(text) as MeasurementRecord;
  } catch {
    return undefined;
  }
}

/** A figure by text, as claims compare it; empty where it was not measured. */
export function byText(record: MeasurementRecord | undefined, figure: string): BySeed {
  const values = record?.figures[figure] ?? [];
  return new Map(values.flatMap((value, text) => (value === null ? [] : [[text, value] as const])));
}
