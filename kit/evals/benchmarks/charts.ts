/** Figures of a benchmark, as pure functions of its results. */
import { COLORS, type FigureSpec, type Trace } from "../../figure/index.js";
import type { StudyFigure } from "../../lab/charts.js";
import { marked } from "../results/leaks.js";
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
 * Accuracies by task, a bar for each model, with intervals of 95 %: score ± 1.96 standard errors.
 *
 * @returns nothing while there is no accuracy
 */
export function accuracyBars({ benchmark, subjects }: BenchmarkResult): FigureSpec | undefined {
  const shown = benchmark.tasks.flatMap(({ task, metric }, at) =>
    metric.startsWith("acc") && subjects.some(({ scores }) => scores[at] !== undefined) ? [{ task, at }] : [],
  );
  if (shown.length === 0) return undefined;
  const data = subjects.flatMap(({ subject, leaks, scores }, i): readonly Trace[] => {
    const own = shown.flatMap(({ task, at }) => {
      const score = scores[at];
      return score === undefined ? [] : [{ task, ...score }];
    });
    if (own.length === 0) return [];
    const array = own.map(({ stderr = 0 }) => REACH * stderr);
    return [
      {
        type: "bar",
        name: marked(subject.label, leaks),
        x: own.map(({ task }) => task),
        y: own.map(({ value }) => value),
        error_y: { type: "data", array, thickness: 1.5, width: 4 },
        marker: { color: COLORS[i % COLORS.length] },
      },
    ];
  });
  const xaxis = { type: "category", categoryorder: "array", categoryarray: shown.map(({ task }) => task) };
  return { data, layout: { title: benchmark.title, barmode: "group", xaxis, yaxis: "accuracy", height: 420 } };
}

/**
 * Differences of the models to the first, each task by itself: better is right, whichever way its metric counts.
 *
 * @returns nothing while no two models can be compared
 */
export function differencePlot({ benchmark, subjects }: BenchmarkResult): FigureSpec | undefined {
  const data = subjects.flatMap(({ subject, leaks, comparisons }, i): readonly Trace[] => {
    const own = comparisons.flatMap((each) =>
      each?.interval === undefined ? [] : [{ ...each, interval: each.interval }],
    );
    if (own.length === 0) return [];
    const sign = own.map(({ higherIsBetter }) => (higherIsBetter === false ? -1 : 1));
    const array = own.map(({ interval, difference }) => interval.high - difference);
    return [
      {
        type: "scatter",
        mode: "markers",
        name: marked(subject.label, leaks),
        x: own.map(({ difference }, j) => sign[j] * difference),
        y: own.map(({ task, metric }) => `${task} ${metric}`),
        error_x: { type: "data", array, thickness: 2, width: 5 },
        marker: { size: 9, color: COLORS[i % COLORS.length] },
      },
    ];
  });
  if (data.length === 0) return undefined;
  const zero = { type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: "#555555", dash: "dot" } };
  return {
    data,
    layout: {
      title: benchmark.title,
      xaxis: `difference to ${marked(subjects[0].subject.label, subjects[0].leaks)} (right is better)`,
      yaxis: { type: "category", autorange: "reversed" },
      scattermode: "group",
      height: 160 + 60 * benchmark.tasks.length,
      shapes: [zero],
    },
  };
}
