import { writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { complete, describe, type FigureSpec, type PlotlyFigure, renderPng, renderSvg } from "../../figure/index.js";
import type { Bundle } from "../host.js";
import { DISPLAY, type Displayable, PRINT } from "../rendering.js";

/** The MIME type JupyterLab's Plotly extension draws. */
export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

/** A figure value: shown by a notebook, printable as text, saved as a picture. */
export type Figure = Displayable & {
  /** The completed figure, plain JSON. */
  readonly plotly: PlotlyFigure;
  /** The static picture, rendered once. */
  readonly png: () => Uint8Array;
  /** The same as SVG. */
  readonly svg: () => string;
  /** Writes the static picture: SVG where the path ends so, else PNG. */
  readonly save: (path: string) => Promise<void>;
  toString(): string;
};

/**
 * A figure, drawn with the kit's theme. Interactive in JupyterLab; on GitHub and in exports the same figure as a picture.
 *
 * ```ts
 * figure({ data: [{ name: "train", y: losses }], layout: { title: "Loss", xaxis: "step", yaxis: "nats" } })
 * ```
 *
 * @param spec Plotly traces and layout; titles and axes may be plain strings, arrays may be typed arrays
 * @returns the figure; the last expression of a cell shows it, `show(figure(…))` shows it elsewhere
 */
export function figure(spec: FigureSpec): Figure {
  const plotly = complete(spec);
  let png: Uint8Array | undefined;
  const draw = (): Uint8Array => (png ??= renderPng(plotly));
  return {
    plotly,
    png: draw,
    svg: () => renderSvg(plotly),
    save: async (path) => {
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, path.endsWith(".svg") ? renderSvg(plotly) : draw());
      await rename(temporary, path);
    },
    toString: () => describe(plotly),
    [PRINT]: () => describe(plotly),
    [DISPLAY]: () => finalBundle(plotly, draw),
  };
}

/** The one bundle of a finished figure. Without the picture (no renderer) the rest is still shown. */
export function finalBundle(plotly: PlotlyFigure, draw: () => Uint8Array): Bundle {
  const bundle = { [PLOTLY_MIME]: plotly, "text/plain": describe(plotly) };
  try {
    return { ...bundle, "image/png": Buffer.from(draw()).toString("base64") };
  } catch (error) {
    process.stderr.write(`figure: no static picture: ${error instanceof Error ? error.message : String(error)}\n`);
    return bundle;
  }
}
