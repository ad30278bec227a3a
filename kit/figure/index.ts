export { renderPng, renderSvg } from "./render.js";
export { complete, type FigureSpec, type Frame, type Layout, type PlotlyFigure, type Trace } from "./spec.js";
export { describe } from "./summary.js";
export { COLORS } from "./theme.js";
