/** Figures of measurements, as claims compare them. */
import { byText, type MeasurementRecord } from "./measurement.js";
import { type BySeed, mean, type PairedComparison, pairedComparison } from "./statistics.js";

/** A figure by text: of a known model, or of what each seed of an arm has left. */
export type Observed = readonly { readonly seed?: number; readonly texts: BySeed }[];

/** A figure in records of one measurement; empty where it was not taken. */
export function observed(records: readonly MeasurementRecord[], figure: string): Observed {
  return records.flatMap((record) => {
    const { subject } = record.measurement;
    const texts = byText(record, figure);
    return texts.size === 0 ? [] : [{ seed: subject.kind === "trained" ? subject.seed : undefined, texts }];
  });
}

/** `a − b`, model by model and text by text, as far as both are there. */
export function observedLess(a: Observed, b: Observed): Observed {
  return a.flatMap(({ seed, texts }) => {
    const other = b.find((one) => one.seed === seed);
    if (other === undefined) return [];
    const differences = [...texts].flatMap(([text, value]) => {
      const subtracted = other.texts.get(text);
      return subtracted === undefined ? [] : [[text, value - subtracted] as const];
    });
    return [{ seed, texts: new Map(differences) }];
  });
}

/**
 * Whether a difference is zero: over the texts of a known model, and over the seeds of an arm, each with its mean over texts.
 * Texts say nothing of what another training would have left.
 */
export function overModels(
  difference: Observed,
): { readonly comparison: PairedComparison; readonly over: "seed" | "text" } | undefined {
  const [first] = difference;
  if (first === undefined) return undefined;
  const over = first.seed === undefined ? "text" : "seed";
  const values: BySeed =
    over === "text"
      ? first.texts
      : new Map(
          difference.flatMap(({ seed, texts }) => (texts.size === 0 ? [] : [[seed!, mean([...texts.values()])!]])),
        );
  const comparison = pairedComparison(values, new Map([...values.keys()].map((key) => [key, 0])));
  return comparison && { comparison, over };
}
