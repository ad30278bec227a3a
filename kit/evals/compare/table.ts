import { aboveZero, decimals, type GridColumn, markdownGrid, missing, signed } from "../../lab/grid.js";
import { marked } from "../results/leaks.js";
import type { Comparison } from "./compare.js";

/** Names of what is compared. */
export type ComparedNames = { readonly a: string; readonly b: string };

/** Below this p, after Holm's correction, a difference is not taken for noise. */
const ALPHA = 0.05;

/** A line for each task and metric: both scores, their difference with its interval, and what it says. */
export function comparisonTable(comparisons: readonly Comparison[], names: ComparedNames): string {
  const { a, b } = comparisons.length === 0 ? names : markedNames(comparisons[0], names);
  const right = true;
  const columns: readonly GridColumn<Comparison>[] = [
    { title: "task", cell: ({ task, filter }) => (filter === "none" ? task : `${task}, ${filter}`) },
    { title: "metric", cell: ({ metric, higherIsBetter }) => metric + arrowOf(higherIsBetter) },
    { title: "n", right, cell: ({ n }) => String(n) },
    { title: a, right, cell: (each) => decimals(each.a, 4) },
    { title: b, right, cell: (each) => decimals(each.b, 4) },
    { title: "difference", right, cell: ({ difference }) => signed(difference, 4) },
    { title: "95 % interval", right, cell: intervalOf },
    { title: "detectable", right, cell: ({ detectable }) => aboveZero(detectable, 4) },
    { title: "only one right", right, cell: discordantOf },
    { title: "p", right, cell: ({ p }) => probability(p) },
    { title: "p, Holm", right, cell: ({ adjustedP }) => probability(adjustedP) },
    { title: "", cell: (each) => [verdict(each, names), ...notes(each)].join(", ") },
  ];
  return markdownGrid(columns, comparisons);
}

/** ` ↑` where more is better, ` ↓` where less is, nothing where that is not known. */
export function arrowOf(higherIsBetter: boolean | undefined): string {
  return higherIsBetter === undefined ? "" : higherIsBetter ? " ↑" : " ↓";
}

/** Which is better, or only higher where it is not known what is better; or that the documents do not say. */
export function verdict(comparison: Comparison, names: ComparedNames): string {
  const { difference, adjustedP, higherIsBetter = true } = comparison;
  if (adjustedP === undefined || adjustedP >= ALPHA) return "within noise";
  const { a, b } = markedNames(comparison, names);
  return `${difference > 0 === higherIsBetter ? b : a} is ${comparison.higherIsBetter === undefined ? "higher" : "better"}`;
}

function markedNames({ leaks }: Comparison, { a, b }: ComparedNames): ComparedNames {
  return { a: marked(a, leaks.a), b: marked(b, leaks.b) };
}

function notes({ unpaired, samePrompts }: Comparison): readonly string[] {
  return [...(unpaired > 0 ? [`${unpaired} documents of one only`] : []), ...(samePrompts ? [] : ["prompts differ"])];
}

function intervalOf({ interval }: Comparison): string {
  return interval === undefined ? missing : `[${signed(interval.low, 4)}, ${signed(interval.high, 4)}]`;
}

function discordantOf({ discordant }: Comparison): string {
  return discordant === undefined ? missing : `${discordant.onlyA} : ${discordant.onlyB}`;
}

/** A p value as tables have it. */
export function probability(p: number | undefined): string {
  return p !== undefined && p < 0.001 ? "< 0.001" : decimals(p, 3);
}
