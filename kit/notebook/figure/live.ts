import { complete, describe, type FigureSpec, type Layout, renderPng, type Trace } from "../../figure/index.js";
import { updatable } from "../updatable.js";
import { finalBundle, PLOTLY_MIME } from "./figure.js";

/** A figure that grows while a cell runs. */
export type LiveFigure = {
  /**
   * Adds one point.
   *
   * @param trace the name of a trace; a new name starts a new line
   * @param x where, such as the step
   * @param y the value
   */
  readonly add: (trace: string, x: number, y: number) => void;
  /** Replaces traces or layout as a whole. */
  readonly update: (spec: Partial<FigureSpec>) => void;
  /** Draws the final picture; happens by itself when the cell ends. */
  readonly done: () => void;
};

type Growing = Record<string, unknown> & { x: unknown[]; y: unknown[] };

/**
 * Shows a figure that redraws in place, at most ten times a second, and ends as a normal figure with its static picture.
 * In a terminal its course is printed once, at the end.
 *
 * ```ts
 * const loss = liveFigure({ data: [], layout: { title: "Loss", xaxis: "step", yaxis: "nats" } });
 * for await (const { step, lossNats } of training) loss.add("train", step, lossNats);
 * ```
 *
 * @param spec the figure at its start; `data` may be empty or hold traces to grow
 * @returns the handle to add points with
 */
export function liveFigure(spec: FigureSpec): LiveFigure {
  let traces: (Trace | Growing)[] = spec.data.map((trace) => ({ ...trace }));
  let layout: Layout = spec.layout ?? {};
  const now = (thin: boolean) => complete({ data: traces, layout, ...(spec.config && { config: spec.config }) }, thin);
  const output = updatable(
    (final) => {
      if (final) {
        const plotly = now(false);
        return finalBundle(plotly, () => renderPng(plotly));
      }
      const plotly = now(true);
      return { [PLOTLY_MIME]: plotly, "text/plain": describe(plotly) };
    },
    (final) => {
      if (final) process.stdout.write(`${describe(now(false))}\n`);
    },
  );
  output.changed();
  return {
    add: (name, x, y) => {
      const trace = growing(traces, name);
      trace.x.push(x);
      trace.y.push(y);
      output.changed();
    },
    update: (change) => {
      if (change.data !== undefined) traces = change.data.map((trace) => ({ ...trace }));
      if (change.layout !== undefined) layout = { ...layout, ...change.layout };
      output.changed();
    },
    done: output.finish,
  };
}

/** The trace of a name, with lists that can grow. */
function growing(traces: (Trace | Growing)[], name: string): Growing {
  const at = traces.findIndex((trace) => trace.name === name);
  const found: Record<string, unknown> = at < 0 ? { name, mode: "lines" } : traces[at];
  if (Array.isArray(found.x) && Array.isArray(found.y) && at >= 0 && owned.has(found)) return found as Growing;
  const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.from(value as ArrayLike<unknown>));
  const trace: Growing = { ...found, x: list(found.x), y: list(found.y) };
  owned.add(trace);
  if (at < 0) traces.push(trace);
  else traces[at] = trace;
  return trace;
}

/** Traces whose lists belong to a live figure, not to the caller. */
const owned = new WeakSet<object>();
