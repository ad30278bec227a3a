/** How figures look: quiet axes, one font, colours that colour-blind readers can tell apart. */

/** Okabe and Ito's colours, ordered for contrast between neighbours on white. */
export const COLORS: readonly string[] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"];

/** The font of every figure; the static pictures are drawn with the first one. */
export const FONT = "DejaVu Sans, Verdana, Geneva, sans-serif";

/** Width and height of a figure that does not say, in pixels. */
export const SIZE = { width: 700, height: 400 } as const;

const INK = "#222222";
const AXIS = {
  automargin: true,
  showline: true,
  linecolor: "#555555",
  linewidth: 1,
  ticks: "outside",
  tickcolor: "#555555",
  ticklen: 4,
  tickfont: { size: 12 },
  gridcolor: "#ebebeb",
  zeroline: false,
  exponentformat: "power",
  minexponent: 4,
  title: { font: { size: 13 }, standoff: 10 },
} as const;

/** The Plotly template under every figure; whatever a figure says itself wins. */
export const TEMPLATE: Readonly<Record<string, unknown>> = {
  layout: {
    font: { family: FONT, size: 13, color: INK },
    colorway: COLORS,
    paper_bgcolor: "#ffffff",
    plot_bgcolor: "#ffffff",
    margin: { l: 64, r: 24, t: 48, b: 56 },
    title: { x: 0, xref: "paper", xanchor: "left", font: { size: 15 } },
    xaxis: AXIS,
    yaxis: AXIS,
    legend: { bgcolor: "rgba(255,255,255,0.85)", font: { size: 12 }, tracegroupgap: 4 },
    hoverlabel: { font: { family: FONT, size: 12 } },
    hovermode: "closest",
    bargap: 0.25,
  },
  data: {
    scatter: [{ line: { width: 2 }, marker: { size: 6 } }],
    bar: [{ marker: { line: { width: 0 } } }],
    heatmap: [{ colorscale: "Viridis", colorbar: { outlinewidth: 0, ticklen: 4, tickfont: { size: 12 } } }],
    histogram: [{ marker: { line: { width: 0.5, color: "#ffffff" } } }],
  },
};
