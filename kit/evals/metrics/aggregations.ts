/** From the values of documents to one number, and how uncertain it is: the harness's formulas. */
import { UserError } from "../../errors.js";
import type { MetricValue } from "../tasks/config.js";
import { bootstrapError } from "./bootstrap.js";
import { mean, sampleDeviation, sum } from "./moments.js";

/** One number for many documents. */
export type Aggregation = {
  readonly name: string;
  readonly of: (values: readonly MetricValue[]) => number;
  /** The standard error: by a formula, by drawing again, or not at all. */
  readonly error: "formula" | "bootstrap" | "none";
};

const byName: Readonly<Record<string, Omit<Aggregation, "name">>> = {
  mean: { of: (values) => mean(scores(values)), error: "formula" },
  nanmean: { of: (values) => mean(scores(values).filter((value) => !Number.isNaN(value))), error: "bootstrap" },
  median: { of: (values) => median(scores(values)), error: "bootstrap" },
  perplexity: { of: (values) => Math.exp(-mean(scores(values))), error: "bootstrap" },
  weighted_perplexity: { of: (values) => Math.exp(-weightedMean(values)), error: "none" },
  bits_per_byte: { of: (values) => -weightedMean(values) / Math.LN2, error: "none" },
};

/** How metrics are aggregated, and whether more is better, unless a task says otherwise. */
const defaults: Readonly<Record<string, { readonly aggregation: string; readonly higherIsBetter: boolean }>> = {
  acc: { aggregation: "mean", higherIsBetter: true },
  acc_norm: { aggregation: "mean", higherIsBetter: true },
  acc_bytes: { aggregation: "mean", higherIsBetter: true },
  acc_mutual_info: { aggregation: "mean", higherIsBetter: true },
  exact_match: { aggregation: "mean", higherIsBetter: true },
  perplexity: { aggregation: "perplexity", higherIsBetter: false },
  word_perplexity: { aggregation: "weighted_perplexity", higherIsBetter: false },
  byte_perplexity: { aggregation: "weighted_perplexity", higherIsBetter: false },
  bits_per_byte: { aggregation: "bits_per_byte", higherIsBetter: false },
};

/**
 * The aggregation of a metric.
 *
 * @param metric its name
 * @param asked what the task says; else the metric's own, and `mean` for one of the task's own making
 * @throws UserError for an aggregation that there is not
 */
export function aggregationOf(metric: string, asked: string | undefined, where: string): Aggregation {
  const name = asked ?? defaults[metric]?.aggregation ?? "mean";
  const found = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (found !== undefined) return { name, ...found };
  throw new UserError(`there is no aggregation "${name}"`, { where, expected: Object.keys(byName).join(", ") });
}

/** Whether more is better; not known for a metric of a task's own making that does not say so. */
export function higherIsBetter(metric: string, asked: boolean | undefined): boolean | undefined {
  return asked ?? defaults[metric]?.higherIsBetter;
}

/**
 * The standard error of an aggregate, `undefined` where the harness prints N/A.
 *
 * Of a mean `s/√n` with the sample's standard deviation `s`; of perplexities and medians by {@link bootstrapError}.
 *
 * @param resamples of the bootstrap; 0 for no standard errors at all
 */
export function standardError(
  { of, error }: Aggregation,
  values: readonly MetricValue[],
  resamples: number,
): number | undefined {
  if (resamples <= 0 || values.length < 2) return undefined;
  if (error === "formula") return sampleDeviation(scores(values)) / Math.sqrt(values.length);
  return error === "bootstrap" ? bootstrapError(of, values, resamples) : undefined;
}

/** The upper of the two middle values, where there are two. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** `Σ totals / Σ weights`. */
function weightedMean(values: readonly MetricValue[]): number {
  const pairs = values as readonly (readonly [number, number])[];
  return sum(pairs.map(([total]) => total)) / sum(pairs.map(([, weight]) => weight));
}

function scores(values: readonly MetricValue[]): readonly number[] {
  return values as readonly number[];
}
