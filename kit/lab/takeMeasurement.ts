/** Taking measurements: whatever is missing, of the models that are there. */
import { existsSync } from "node:fs";
import { free, type Tensor, tree } from "../engine/index.js";
import type { Model } from "../model/index.js";
import { passthrough } from "../surgery/index.js";
import { load, requireTokenizer } from "../weights/index.js";
import { type Measurement, measurementPath, type Subject, writeMeasurement } from "./measurement.js";
import { measured } from "./measures.js";
import { keptModel } from "./models.js";

export type MeasuringOptions = {
  /** Folders of records and of trained models; default the project's. */
  readonly records?: string;
  readonly models?: string;
};

/** How a call ended: taken now, before, or not possible while the run has left no model here. */
export type Measuring = "taken" | "taken before" | "no model";

/**
 * Takes a measurement and keeps its record, unless it is there or its model is not.
 *
 * @throws UserError when the model cannot be measured so
 */
export async function takeMeasurement(measurement: Measurement, options: MeasuringOptions = {}): Promise<Measuring> {
  if (existsSync(measurementPath(measurement, options.records))) return "taken before";
  const { subject, measure } = measurement;
  const source = sourceOf(subject, options.models);
  if (source === undefined) return "no model";
  const began = performance.now();
  const checkpoint = await load(source);
  const model = changed(checkpoint.model, subject);
  try {
    const figures = await measured({ model, tokenizer: requireTokenizer(source, checkpoint.tokenizer) }, measure);
    await writeMeasurement(measurement, { figures, wallSeconds: (performance.now() - began) / 1000 }, options.records);
  } finally {
    free([...new Set(tree.leaves<Tensor>([model.params, checkpoint.model.params]))]);
  }
  return "taken";
}

/** Where the weights of a subject are; nothing where a run has left none. */
function sourceOf(subject: Subject, models: string | undefined): string | undefined {
  return subject.kind === "known" ? subject.name : keptModel(subject, models);
}

function changed(model: Model<Tensor>, subject: Subject): Model<Tensor> {
  if (subject.kind === "trained" || subject.slices === undefined) return model;
  return passthrough(subject.slices.map((slice) => ({ model, ...slice })));
}
