/** Figures in panels: one for each task with an axis of its own, models as rows. */
import type { FigureSpec, Layout, Trace } from "../../figure/index.js";

/** What a model reached on a task: a row of a panel. */
export type PanelRow = {
  readonly label: string;
  readonly value: number;
  /** Of its interval, to either side. */
  readonly reach?: number;
};

/** A task, with the models it says something of. */
export type Panel = {
  readonly task: string;
  /** Which figure of it, in which unit: with the task the title of the axis. */
  readonly what: string;
  readonly rows: readonly PanelRow[];
  /** A line to compare with, such as chance. */
  readonly line?: number;
};

/** How a panel shows its rows, besides where they stand. */
type Look = Omit<Trace, "name" | "x" | "y">;

/** Panels that stand side by side; more have no room beside names of models. */
const ACROSS = 2;
/** Pixels of a row, and of what stands below the rows of a panel. */
const [ROW, BELOW] = [24, 92];
/** Share of the width between two panels. */
const GAP = 0.05;

/**
 * Panels from left to right and from above; every model has a row of its own in each, in the order in which models are given, whether
 * the task has a figure of it or not.
 *
 * @param labels of the models, unlike each other
 */
export function panelFigure(
  title: string,
  labels: readonly string[],
  panels: readonly Panel[],
  look: Look,
): FigureSpec {
  const across = Math.min(ACROSS, panels.length);
  const down = Math.ceil(panels.length / across);
  const [pane, top] = [ROW * labels.length, title.includes("<br>") ? 68 : 48];
  const height = top + down * (pane + BELOW);
  // Shares of what the margins leave, from below.
  const drawn = height - top - BELOW;
  const domain = (row: number): readonly number[] => {
    const above = row * (pane + BELOW);
    return [Math.max(0, 1 - (above + pane) / drawn), 1 - above / drawn];
  };
  const width = (1 - GAP * (across - 1)) / across;
  const axes = panels.map(({ task, what }, i): Layout => {
    const [row, column] = [Math.floor(i / across), i % across];
    const from = column * (width + GAP);
    return {
      [nameOf("xaxis", i)]: {
        title: `${task} <br>${what}`,
        domain: [from, from + width],
        anchor: nameOf("y", row),
        nticks: 5,
      },
    };
  });
  const rows = Array.from({ length: down }, (_, row): Layout => {
    const category = { type: "category", categoryorder: "array", categoryarray: labels };
    // The first on top; without a range those without a figure would have no row.
    const range = [labels.length - 0.5, -0.5];
    return { [nameOf("yaxis", row)]: { ...category, range, domain: domain(row), showgrid: false } };
  });
  const shapes = panels.flatMap(({ line }, i) =>
    line === undefined ? [] : [dotted(line, nameOf("x", i), `${nameOf("y", Math.floor(i / across))} domain`)],
  );
  const data = panels.map(({ task, what, rows }, i): Trace => {
    const error = { type: "data", array: rows.map(({ reach = 0 }) => reach), thickness: 1.5, width: 4 };
    return {
      ...look,
      name: `${task} ${what}`,
      x: rows.map(({ value }) => value),
      y: rows.map(({ label }) => label),
      error_x: error,
      xaxis: nameOf("x", i),
      yaxis: nameOf("y", Math.floor(i / across)),
    };
  });
  const layout = Object.assign(
    {
      // Names of models take the left side, also below the title.
      title: { text: title, xref: "container", x: 0.01 },
      showlegend: false,
      height,
      shapes,
      margin: { t: top, b: BELOW },
    },
    ...axes,
    ...rows,
  );
  return { data, layout };
}

/** What Plotly calls the i-th of such axes. */
function nameOf(axis: string, i: number): string {
  return i === 0 ? axis : `${axis}${i + 1}`;
}

function dotted(at: number, xref: string, yref: string): Layout {
  return {
    type: "line",
    x0: at,
    x1: at,
    xref,
    yref,
    y0: 0,
    y1: 1,
    line: { color: "#555555", dash: "dot", width: 1.5 },
  };
}
