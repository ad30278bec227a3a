/** Two evaluations, document by document. */
import { UserError } from "../../errors.js";
import { holm, type Interval, type PairedComparison, pairedComparison } from "../../lab/statistics.js";
import { higherIsBetter } from "../metrics/aggregations.js";
import type { MetricValue } from "../tasks/config.js";
import { mcNemar } from "./mcNemar.js";
import type { ScoredDocument, Scores } from "./scores.js";

/** What the documents that both have judged say about the difference of two models. */
export type Comparison = {
  readonly task: string;
  readonly filter: string;
  /** The metric; `log-likelihood`, in nats a document, stands for a perplexity. */
  readonly metric: string;
  /** Whether more is better, where that is known. */
  readonly higherIsBetter?: boolean;
  /** Which of them sees the future: its numbers compare with no others. */
  readonly leaks: { readonly a: boolean; readonly b: boolean };
  /** Documents that both have judged, and those that only one has. */
  readonly n: number;
  readonly unpaired: number;
  /** Whether both were asked the same; else more than the model differs. */
  readonly samePrompts: boolean;
  readonly a: number;
  readonly b: number;
  /** b − a. */
  readonly difference: number;
  /** Where the true difference lies with a confidence of 95 %; of two documents or more. */
  readonly interval?: Interval;
  /** The smallest true difference that so many documents would show, four times of five. */
  readonly detectable?: number;
  /** Documents that only one of them has right, where each is right or wrong. */
  readonly discordant?: { readonly onlyA: number; readonly onlyB: number };
  /** Of "there is no difference", two-sided: McNemar's of what is right or wrong, else the paired t test's. */
  readonly p?: number;
  /** The same after Holm's correction for the comparisons of one family: see {@link corrected}. */
  readonly adjustedP?: number;
};

/**
 * Compares two models by the documents that both have judged.
 *
 * Documents vary far more than models differ, and much of that is common to both: paired, a difference of two models is
 * known better than either's score. Of right or wrong, p is McNemar's exact; the interval is that of the mean of the
 * differences, Student's t. Perplexities are compared by log-likelihoods. Bits per byte (or nats per word, where a task has
 * only these) are ratios of sums `Σd / Σw`; their interval is that of the linearised ratio, with documents as units.
 *
 * @returns in the order of a's tasks, p corrected for all tasks with the same metric; nothing of a task that is {@link incomparable}
 * @throws UserError when no task is common, or a document is not the same in both
 */
export function compare(a: Scores, b: Scores): readonly Comparison[] {
  const common = [...a.tasks.keys()].filter((task) => b.tasks.has(task));
  if (common.length === 0) {
    throw new UserError(`${a.name} and ${b.name} have no task in common`, {
      expected: [...a.tasks.keys()].join(", "),
    });
  }
  const leaks = { a: a.leaks === true, b: b.leaks === true };
  const all = common.flatMap((task) => {
    const asked = (metric: string): boolean | undefined =>
      a.directions?.get(task)?.[metric] ?? b.directions?.get(task)?.[metric] ?? undefined;
    return compareTask(task, a.tasks.get(task)!, b.tasks.get(task)!, asked).map((each) => ({ ...each, leaks }));
  });
  const adjusted = new Map<Comparison, Comparison>();
  for (const metric of new Set(all.map(({ metric }) => metric))) {
    const family = all.filter((each) => each.metric === metric);
    for (const [i, each] of corrected(family).entries()) adjusted.set(family[i], each);
  }
  return all.map((each) => adjusted.get(each)!);
}

/** Tasks that both have, of which no document is in both: no comparison says anything of them. */
export function incomparable(a: Scores, b: Scores, found: readonly Comparison[]): readonly string[] {
  const compared = new Set(found.map(({ task }) => task));
  return [...a.tasks.keys()].filter((task) => b.tasks.has(task) && !compared.has(task));
}

/** Comparisons that are looked at together, with p after Holm's correction for their number. */
export function corrected(family: readonly Comparison[]): readonly Comparison[] {
  const adjusted = holm(family.map(({ p }) => p));
  return family.map((each, i) => ({ ...each, adjustedP: adjusted[i] }));
}

/** One document in both evaluations. */
type Pair = { readonly a: ScoredDocument; readonly b: ScoredDocument };

/** Whether more of a metric is better, as far as the task says. */
type Direction = (metric: string) => boolean | undefined;

function compareTask(
  task: string,
  a: readonly ScoredDocument[],
  b: readonly ScoredDocument[],
  direction: Direction,
): readonly Omit<Comparison, "leaks">[] {
  const key = ({ id, filter }: ScoredDocument): string => `${id} ${filter}`;
  const others = new Map(b.map((document) => [key(document), document]));
  const pairs = a.flatMap((document): Pair[] => {
    const other = others.get(key(document));
    return other === undefined ? [] : [{ a: document, b: other }];
  });
  const changed = pairs.find(({ a, b }) => a.doc !== b.doc);
  if (changed !== undefined) {
    throw new UserError(`document ${changed.a.id} is another in each evaluation`, {
      where: `task ${task}`,
      fix: "Evaluate both on the same data",
    });
  }
  return [...new Set(pairs.map(({ a: { filter } }) => filter))].flatMap((filter) => {
    const own = pairs.filter((pair) => pair.a.filter === filter);
    const judged = [...a, ...b].filter((document) => document.filter === filter).length;
    const facts = {
      task,
      filter,
      n: own.length,
      unpaired: judged - 2 * own.length,
      samePrompts: own.every(({ a, b }) => a.prompt === b.prompt),
    };
    const names = Object.keys(own[0].a.metrics).filter((metric) => metric in own[0].b.metrics);
    // Three names of one sum of log-likelihoods.
    const rest = names.includes("bits_per_byte")
      ? names.filter((metric) => metric !== "word_perplexity" && metric !== "byte_perplexity")
      : names;
    return rest.map((metric) => ({ ...facts, ...compareMetric(metric, own, direction) }));
  });
}

type Measured = Omit<Comparison, "task" | "filter" | "n" | "unpaired" | "samePrompts" | "leaks">;

function compareMetric(metric: string, pairs: readonly Pair[], direction: Direction): Measured {
  const values = (of: keyof Pair): readonly MetricValue[] => pairs.map((pair) => pair[of].metrics[metric]);
  const [a, b] = [values("a"), values("b")];
  if (a.every(isWeighted) && b.every(isWeighted)) return compareRatios(metric, a, b);
  const better = higherIsBetter(metric, direction(metric));
  return compareMeans(metric, better, a as readonly number[], b as readonly number[]);
}

function isWeighted(value: MetricValue): value is readonly [number, number] {
  return typeof value !== "number";
}

function compareMeans(name: string, better: boolean | undefined, a: readonly number[], b: readonly number[]): Measured {
  const binary = [...a, ...b].every((value) => value === 0 || value === 1);
  // What a document adds to a perplexity is its log-likelihood.
  const named =
    name === "perplexity"
      ? { metric: "log-likelihood", higherIsBetter: true }
      : { metric: name, higherIsBetter: better };
  const paired = pairedComparison(numbered(b), numbered(a));
  const measured = { ...named, a: mean(a), b: mean(b), ...spreadOf(paired) };
  if (!binary) return measured;
  const onlyA = a.filter((value, i) => value > b[i]).length;
  const onlyB = a.filter((value, i) => value < b[i]).length;
  // Without a document to tell them apart nothing is known of how much the differences vary.
  const known = onlyA + onlyB > 0;
  return {
    ...measured,
    interval: known ? measured.interval : undefined,
    detectable: known ? measured.detectable : undefined,
    discordant: { onlyA, onlyB },
    p: mcNemar(onlyA, onlyB),
  };
}

function compareRatios(
  metric: string,
  a: readonly (readonly [number, number])[],
  b: readonly (readonly [number, number])[],
): Measured {
  const bits = metric === "bits_per_byte" || metric === "byte_perplexity";
  const scale = bits ? -1 / Math.LN2 : -1;
  const weight = total(a.map(([, weight]) => weight));
  const ratio = (values: typeof a): number => (scale * total(values.map(([sum]) => sum))) / weight;
  const difference = ratio(b) - ratio(a);
  // Values whose mean is the ratio and whose standard error is that of the linearised ratio.
  const pseudo = a.map(([sum, own], i) => {
    const residual = scale * (b[i][0] - sum) - difference * own;
    return difference + (residual * a.length) / weight;
  });
  const paired = pairedComparison(numbered(pseudo), numbered(pseudo.map(() => 0)));
  return {
    metric: bits ? "bits_per_byte" : "nats_per_word",
    higherIsBetter: false,
    a: ratio(a),
    b: ratio(b),
    ...spreadOf(paired),
    difference,
  };
}

function spreadOf(
  paired: PairedComparison | undefined,
): Pick<Comparison, "difference" | "interval" | "detectable" | "p"> {
  const { difference = Number.NaN, spread } = paired ?? {};
  return { difference, interval: spread?.interval, detectable: spread?.detectable, p: spread?.p };
}

function numbered(values: readonly number[]): ReadonlyMap<number, number> {
  return new Map(values.entries());
}

function mean(values: readonly number[]): number {
  return total(values) / values.length;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
