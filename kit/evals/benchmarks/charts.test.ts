/** Figures of a benchmark: panels, rows, chance. */
import { describe, expect, it } from "vitest";
import type { FigureSpec } from "../../figure/index.js";
import { accuracyBars, differencePlot } from "./charts.js";
import type { BenchmarkResult, SubjectResult } from "./results.js";
import { named, small } from "./testing/records.js";

const tasks = [
  { task: "toy_pairs", metric: "acc", chance: 0.5 },
  { task: "piqa", metric: "acc_norm" },
  { task: "wikitext", metric: "bits_per_byte" },
];

/** A model that reached so much on each task; better than the first by as much as it says, where it says so. */
function subject(label: string, values: readonly (number | undefined)[], gained?: readonly number[]): SubjectResult {
  const higher = (at: number) => tasks[at].metric !== "bits_per_byte";
  return {
    subject: named(label),
    leaks: false,
    scores: values.map((value, at) =>
      value === undefined ? undefined : { value, stderr: 0.1, higherIsBetter: higher(at), n: 10 },
    ),
    comparisons: tasks.map(({ task, metric }, at) => {
      const difference = (gained?.[at] ?? Number.NaN) * (higher(at) ? 1 : -1);
      if (gained === undefined) return undefined;
      const interval = { low: difference - 0.25, high: difference + 0.25 };
      return { task, metric, n: 10, difference, interval, higherIsBetter: higher(at) } as never;
    }),
  };
}

const result = (...subjects: readonly SubjectResult[]): BenchmarkResult => ({
  benchmark: { ...small, tasks },
  subjects,
  notes: [],
});

const [a, b, c] = [
  subject("a", [0.75, 0.5, 2]),
  subject("b", [0.5, undefined, 1.5], [-0.25, 0, 0.5]),
  subject("c", [undefined, undefined, undefined]),
];

const traces = ({ data }: FigureSpec) => data.map(({ name, x, y, xaxis, yaxis }) => ({ name, x, y, xaxis, yaxis }));

describe("figures of a benchmark", () => {
  it("have a panel for each task, whose rows are the models that have any figure", () => {
    const figure = accuracyBars(result(a, b, c))!;
    expect(traces(figure)).toEqual([
      { name: "toy_pairs acc", x: [0.75, 0.5], y: ["a", "b"], xaxis: "x", yaxis: "y" },
      { name: "piqa acc_norm", x: [0.5], y: ["a"], xaxis: "x2", yaxis: "y" },
    ]);
    // b keeps its row in the panel that has no figure of it; the first model is above.
    expect(figure.layout?.yaxis).toMatchObject({ categoryarray: ["a", "b"], range: [1.5, -0.5] });
    const [left, right] = ["xaxis", "xaxis2"].map((axis) => (figure.layout as never)[axis] as { domain: number[] });
    expect(left.domain[1]).toBeLessThan(right.domain[0]);
    // Horizontal bars, or their lengths would be places.
    expect(figure.data.every(({ type, orientation }) => type === "bar" && orientation === "h")).toBe(true);
  });

  it("show chance where it is known, in its own panel", () => {
    const { layout } = accuracyBars(result(a, b))!;
    expect(layout?.shapes).toEqual([expect.objectContaining({ x0: 0.5, x1: 0.5, xref: "x", yref: "y domain" })]);
    expect(layout?.title).toMatchObject({ text: expect.stringContaining("dotted: chance") });
    const guess = { ...small, tasks: tasks.map(({ chance: _, ...task }) => task) };
    expect(accuracyBars({ ...result(a, b), benchmark: guess })?.layout?.shapes).toEqual([]);
  });

  it("have an axis for each unit, on which right is better", () => {
    const figure = differencePlot(result(a, b, c))!;
    expect(traces(figure)).toEqual([
      { name: "toy_pairs acc gained", x: [-0.25], y: ["b"], xaxis: "x", yaxis: "y" },
      { name: "piqa acc_norm gained", x: [0], y: ["b"], xaxis: "x2", yaxis: "y" },
      { name: "wikitext bits_per_byte saved", x: [0.5], y: ["b"], xaxis: "x3", yaxis: "y2" },
    ]);
    expect(figure.data[2].error_x).toMatchObject({ array: [0.25] });
    // Two panels side by side, the third below them.
    const [upper, lower] = ["yaxis", "yaxis2"].map((axis) => (figure.layout as never)[axis] as { domain: number[] });
    expect(lower.domain[1]).toBeLessThan(upper.domain[0]);
    expect(differencePlot(result(a, c))).toBeUndefined();
  });
});
