/** Figures of a benchmark, as pure functions of its results. */
import { COLORS, type FigureSpec } from "../../figure/index.js";
import type { StudyFigure } from "../../lab/charts.js";
import { marked } from "../results/leaks.js";
import { type Panel, type PanelRow, panelFigure } from "./panels.js";
import type { BenchmarkResult } from "./results.js";

/** The figures of a benchmark; nothing in place of those that the records do not suffice for. */
export function benchmarkFigures(result: BenchmarkResult): readonly StudyFigure[] {
  const { name, title } = result.benchmark;
  return [
    { name: `${name}-scores`, caption: `${title}: accuracies`, spec: accuracyBars(result) },
    { name: `${name}-differences`, caption: `${title}: differences to the base`, spec: differencePlot(result) },
  ];
}

/** Half the width of an interval of 95 %, in standard errors. */
const REACH = 1.96;

/**
 * Accuracies of the models, a panel for each task, with intervals of 95 %: score ± 1.96 standard errors. Dotted: what guessing scores.
 *
 * @returns nothing while there is no accuracy
 */
export function accuracyBars({ benchmark, subjects }: BenchmarkResult): FigureSpec | undefined {
  const panels = benchmark.tasks.flatMap(({ task, metric, chance }, at): readonly Panel[] => {
    if (!metric.startsWith("acc")) return [];
    const rows = subjects.flatMap(({ subject, leaks, scores }): readonly PanelRow[] => {
      const score = scores[at];
      if (score === undefined) return [];
      return [{ label: marked(subject.label, leaks), value: score.value, reach: REACH * (score.stderr ?? 0) }];
    });
    return rows.length === 0 ? [] : [{ task, what: metric, rows, line: chance }];
  });
  const look = { type: "bar", orientation: "h", marker: { color: COLORS[5] } };
  const dotted = panels.some(({ line }) => line !== undefined) ? ": <br>accuracies, dotted: chance" : "";
  return inPanels(`${benchmark.title}${dotted}`, panels, subjects, look);
}

/**
 * Differences of the models to the first, a panel for each task with its own unit: better is right, whichever way its metric counts.
 *
 * @returns nothing while no two models can be compared
 */
export function differencePlot({ benchmark, subjects }: BenchmarkResult): FigureSpec | undefined {
  const panels = benchmark.tasks.flatMap(({ task, metric }, at): readonly Panel[] => {
    const rows = subjects.flatMap(({ subject, leaks, comparisons }): readonly PanelRow[] => {
      const compared = comparisons[at];
      if (compared?.interval === undefined) return [];
      const { difference, interval, higherIsBetter } = compared;
      const sign = higherIsBetter === false ? -1 : 1;
      return [{ label: marked(subject.label, leaks), value: sign * difference, reach: interval.high - difference }];
    });
    const less = subjects.some(({ comparisons }) => comparisons[at]?.higherIsBetter === false);
    return rows.length === 0 ? [] : [{ task, what: `${metric} ${less ? "saved" : "gained"}`, rows, line: 0 }];
  });
  const base = marked(subjects[0].subject.label, subjects[0].leaks);
  const look = { type: "scatter", mode: "markers", marker: { size: 8, color: COLORS[0] } };
  return inPanels(`${benchmark.title}: <br>differences to ${base}, right is better`, panels, subjects, look);
}

/** The panels with the models that any of them shows. */
function inPanels(
  title: string,
  panels: readonly Panel[],
  subjects: BenchmarkResult["subjects"],
  look: Parameters<typeof panelFigure>[3],
): FigureSpec | undefined {
  if (panels.length === 0) return undefined;
  const shown = new Set(panels.flatMap(({ rows }) => rows.map(({ label }) => label)));
  const labels = subjects.map(({ subject, leaks }) => marked(subject.label, leaks)).filter((label) => shown.has(label));
  return panelFigure(title, labels, panels, look);
}
