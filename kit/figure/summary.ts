/** A figure in words, for terminals and readers that show no pictures. */
import { formatNumber, sparkline } from "../numbers.js";
import type { PlotlyFigure } from "./spec.js";

/**
 * The title, then a line for each trace with its course.
 *
 * @param figure a completed figure
 * @returns the text
 */
export function describe(figure: PlotlyFigure): string {
  const title = text(figure.layout.title) || "Figure";
  const axes = [text(record(figure.layout.yaxis).title), text(record(figure.layout.xaxis).title)]
    .filter(Boolean)
    .join(" by ");
  const traces = figure.data.slice(0, 12).map((trace, i) => `  ${line(trace, i)}`);
  const more = figure.data.length > 12 ? [`  … and ${figure.data.length - 12} more traces`] : [];
  return [axes === "" ? title : `${title} (${axes})`, ...traces, ...more].join("\n");
}

function line(trace: Record<string, unknown>, index: number): string {
  const name = String(trace.name ?? trace.type ?? `trace ${index + 1}`);
  if (Array.isArray(trace.z)) {
    const first: unknown = trace.z[0];
    return `${name}: ${trace.z.length} × ${Array.isArray(first) ? first.length : 1} values`;
  }
  const all = course(trace);
  // Plain JSON has null for what is no number, and Plotly leaves it out.
  const drawn = all.filter((value) => value !== null && value !== undefined).length;
  const points = drawn === all.length ? `${drawn} points` : `${drawn} of ${all.length} points`;
  const values = all.filter((value): value is number => typeof value === "number");
  if (values.length === 0) return `${name}: ${points}`;
  const ends = `${formatNumber(values[0])} → ${formatNumber(values[values.length - 1])}`;
  return `${name}: ${sparkline(values, 24)} ${ends} (${points})`;
}

/** What a trace shows: its heights, and of horizontal bars, which stand at names, the lengths. */
function course({ type, x, y }: Record<string, unknown>): readonly unknown[] {
  const names = type === "bar" && Array.isArray(y) && y.some((value) => typeof value === "string");
  return (names ? [x, y] : [y, x]).find((list) => Array.isArray(list)) ?? [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(title: unknown): string {
  const value = typeof title === "string" ? title : record(title).text;
  return typeof value === "string" ? value.replace(/<[^>]*>/g, "") : "";
}
