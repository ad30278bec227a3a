/** What a figure is made of, as plain JSON that Plotly understands. */
import { controls } from "./frames.js";
import { TEMPLATE } from "./theme.js";

/** One line, bar group or heat map: Plotly's trace. Arrays may be typed arrays. */
export type Trace = { readonly name?: string; readonly type?: string; readonly [option: string]: unknown };

/** Plotly's layout; titles may be plain strings. */
export type Layout = { readonly [option: string]: unknown };

/** One state of a figure that changes: what its traces are then. */
export type Frame = { readonly name: string; readonly data: readonly Trace[] };

/** A figure as it is written in a cell. */
export type FigureSpec = {
  readonly data: readonly Trace[];
  readonly layout?: Layout;
  readonly config?: { readonly [option: string]: unknown };
  /**
   * States to step through with a slider, or to play. `data` is shown first, and in the static picture; where it is the data
   * of one of the frames, the slider stands there.
   */
  readonly frames?: readonly Frame[];
};

/** A figure as Plotly takes it. */
export type PlotlyFigure = {
  readonly data: readonly Record<string, unknown>[];
  readonly layout: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly frames?: readonly { readonly name: string; readonly data: readonly Record<string, unknown>[] }[];
};

/** Where long live traces are thinned to. */
const LIVE_POINTS = 800;

/**
 * Completes a figure: theme, titles from strings, typed arrays as lists.
 *
 * @param spec the figure as written
 * @param thin leaves out points of long traces, for pictures that will be replaced
 * @returns plain JSON
 */
export function complete(spec: FigureSpec, thin = false): PlotlyFigure {
  const { frames = [], config } = spec;
  const layout: Record<string, unknown> = { template: TEMPLATE };
  for (const [key, value] of Object.entries({ ...controls(frames, spec.data), ...spec.layout })) {
    if (key === "title") layout.title = titled(value);
    else if (/^[xy]axis\d*$/.test(key)) layout[key] = axis(value);
    else layout[key] = plain(value);
  }
  const data = spec.data.map((trace) => plain(thin ? thinned(trace) : trace) as Record<string, unknown>);
  for (const name of Object.keys(layout)) {
    const axis = layout[name] as { type?: unknown; dtick?: unknown };
    if (/^[xy]axis\d*$/.test(name) && axis.type === "log" && axis.dtick === undefined && decades(data, name) >= 2)
      axis.dtick = 1;
  }
  const states = frames.map((frame) => ({
    name: frame.name,
    data: frame.data.map(plain) as Record<string, unknown>[],
  }));
  return { data, layout, ...(config && { config }), ...(states.length > 0 && { frames: states }) };
}

/** How many powers of ten an axis spans: from two on, only they are labelled. */
function decades(data: readonly Record<string, unknown>[], axis: string): number {
  const letter = axis[0];
  const id = letter + axis.slice(5);
  const values = data
    .filter((trace) => (trace[`${letter}axis`] ?? letter) === id)
    .flatMap((trace) => (Array.isArray(trace[letter]) ? (trace[letter] as unknown[]) : []))
    .filter((value): value is number => typeof value === "number" && value > 0);
  const logs = values.map(Math.log10);
  return (
    logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) -
    logs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  );
}

function titled(value: unknown): unknown {
  return typeof value === "string" ? { text: value } : value;
}

function axis(value: unknown): unknown {
  if (typeof value === "string") return { title: { text: value } };
  const { title, ...rest } = value as Record<string, unknown>;
  return title === undefined ? plain(rest) : { title: titled(title), ...(plain(rest) as object) };
}

/** Typed arrays become lists. Seven digits are what 32-bit floats have, and more than a picture shows. */
function plain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? rounded(value) : null;
  const list = listed(value);
  if (list !== undefined) return list.map(plain);
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function rounded(value: number): number {
  return Number.isInteger(value) || Math.abs(value) >= 1e6 ? value : Number(value.toPrecision(7));
}

/** Every list of as many values as there are points goes with them: the trace's own, those of its error bars, its colours. */
function thinned(trace: Trace): Trace {
  const length = listed(trace.x)?.length ?? 0;
  // The x and y of a heat map count its columns and rows.
  if (length <= LIVE_POINTS || trace.z !== undefined) return trace;
  const stride = Math.ceil(length / LIVE_POINTS);
  const thin = (value: unknown): unknown => {
    const list = listed(value);
    if (list?.length === length) return list.filter((_, i) => i % stride === 0 || i === length - 1);
    if (list !== undefined || value === null || typeof value !== "object" || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, thin(inner)]));
  };
  return thin(trace) as Trace;
}

/** An array of any kind as a list. */
function listed(value: unknown): readonly unknown[] | undefined {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as Iterable<number>);
  return Array.isArray(value) ? value : undefined;
}
