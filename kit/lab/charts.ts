/** Figures of a study, as pure functions of its results; a notebook shows them, `npm run tables` draws them. */
import { COLORS, type FigureSpec, type Trace } from "../figure/index.js";
import type { StepRecord } from "../train/index.js";
import { positionRows } from "./position.js";
import { type ArmResult, endedWell, type StudyResult } from "./results.js";
import { mean, type PairedComparison } from "./statistics.js";

/** A figure of a page: its file without ending, what it shows, and how; nothing while the records do not suffice. */
export type StudyFigure = { readonly name: string; readonly caption: string; readonly spec?: FigureSpec };

/** The figures of a study. */
export function studyFigures(result: StudyResult): readonly StudyFigure[] {
  const { name, title } = result.study;
  const figures: readonly (readonly [string, string, FigureSpec | undefined])[] = [
    ["forest", "difference to the baseline", forestPlot(result)],
    ["loss", "training loss by tokens", lossCurves(result)],
    ["position", "loss by position", positionCurves(result)],
  ];
  return figures.map(([kind, shows, spec]) => ({ name: `${name}-${kind}`, caption: `${title}: ${shows}`, spec }));
}

/**
 * Differences of the arms to the baseline, each with its interval of 95 %; hollow where one seed gives none.
 *
 * @returns nothing while no arm can be compared
 */
export function forestPlot({ study, arms, baseline }: StudyResult): FigureSpec | undefined {
  const compared = arms.flatMap(({ label, comparison }) =>
    comparison === undefined ? [] : [{ label, ...comparison }],
  );
  if (compared.length === 0) return undefined;
  const points = (chosen: readonly (PairedComparison & { readonly label: string })[], symbol: string): Trace => ({
    type: "scatter",
    mode: "markers",
    showlegend: false,
    x: chosen.map(({ difference }) => difference),
    y: chosen.map(({ label }) => label),
    marker: { size: 9, color: COLORS[0], symbol },
  });
  const sure = compared.filter(({ spread }) => spread !== undefined);
  const reach = sure.map(({ spread, difference }) => spread!.interval.high - difference);
  return {
    data: [
      { ...points(sure, "circle"), error_x: { type: "data", array: reach, thickness: 2, width: 5 } },
      points(
        compared.filter(({ spread }) => spread === undefined),
        "circle-open",
      ),
    ],
    layout: {
      title: study.title,
      xaxis: {
        title: `bits per byte, difference to ${baseline.label} (left is better)`,
        range: rangeAround(
          compared.flatMap(({ difference, spread }) => [difference, ...Object.values(spread?.interval ?? {})]),
        ),
      },
      yaxis: {
        type: "category",
        showgrid: false,
        // Plotly orders categories by traces, and from below.
        categoryorder: "array",
        categoryarray: compared.map(({ label }) => label).reverse(),
      },
      height: 130 + 36 * compared.length,
      shapes: [
        { type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: "#555555", width: 1, dash: "dot" } },
      ],
    },
  };
}

/** A range that holds zero and all values, and some air. */
function rangeAround(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const air = (high - low || 1) * 0.06;
  return [low - air, high + air];
}

/** Points of a loss curve; a point is the mean of the recorded steps in its stretch of tokens. */
const stretches = 40;
/** Stretches at the beginning that are not shown: there the loss falls from that of chance. */
const hidden = 4;

/**
 * Training loss against tokens: mean over seeds, and a band from the lowest to the highest seed.
 *
 * @returns nothing while there is no record
 */
export function lossCurves({ study, arms }: StudyResult): FigureSpec | undefined {
  const data = arms.flatMap((arm, i) => armCurve(arm, i));
  if (data.length === 0) return undefined;
  return {
    data,
    layout: {
      title: study.title,
      xaxis: "tokens, millions",
      yaxis: "training loss, nats/token",
      height: 440,
      legend: { traceorder: "normal" },
    },
  };
}

function armCurve({ label, records, tokens }: ArmResult, index: number): readonly Trace[] {
  const seeds = records.filter(endedWell).map(({ steps }) => inStretches(steps, tokens));
  const points = Array.from({ length: stretches }, (_, at) => ({
    at: (tokens * (at + 0.5)) / stretches / 1e6,
    values: seeds.flatMap((curve) => curve[at] ?? []),
  }))
    .slice(hidden)
    .filter(({ values }) => values.length > 0);
  if (points.length === 0) return [];
  const x = points.map(({ at }) => at);
  const color = COLORS[index % COLORS.length];
  const line = { color, width: 2, dash: index < COLORS.length ? "solid" : "dash" };
  const middle: Trace = { name: label, mode: "lines", x, y: points.map(({ values }) => mean(values)), line };
  if (seeds.length < 2) return [middle];
  const bound = (of: (...values: number[]) => number, fill?: string): Trace => ({
    mode: "lines",
    x,
    y: points.map(({ values }) => of(...values)),
    line: { width: 0, color },
    showlegend: false,
    hoverinfo: "skip",
    ...(fill === undefined ? {} : { fill, fillcolor: `${color}2b` }),
  });
  return [bound(Math.min), bound(Math.max, "tonexty"), middle];
}

/** Mean loss of each stretch; nothing where no step was recorded. */
function inStretches(steps: readonly StepRecord[], tokens: number): readonly (number | undefined)[] {
  const losses = Array.from({ length: stretches }, (): number[] => []);
  for (const { tokens: at, lossNats } of steps) {
    // The last step may go beyond the budget.
    losses[Math.min(stretches - 1, Math.floor(((at - 1) / tokens) * stretches))]?.push(lossNats);
  }
  return losses.map(mean);
}

/**
 * Validation loss against the number of tokens before the predicted one, mean over seeds.
 *
 * @returns nothing while no run was judged so
 */
export function positionCurves(result: StudyResult): FigureSpec | undefined {
  const rows = positionRows(result, "recorded");
  if (rows.length === 0) return undefined;
  const data = result.arms.flatMap(({ label }, i): readonly Trace[] => {
    const known = rows.filter(({ nats }) => nats[i] !== undefined);
    if (known.length === 0) return [];
    const x = known.map(({ from, to }) => (from + to) / 2);
    const line = { color: COLORS[i % COLORS.length], dash: i < COLORS.length ? "solid" : "dash" };
    return [{ name: label, mode: "lines", x, y: known.map(({ nats }) => nats[i]), line }];
  });
  const title = result.study.title;
  return { data, layout: { title, xaxis: "tokens before the predicted one", yaxis: "nats/token" } };
}
