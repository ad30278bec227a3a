/** The measuring functions a browser would have, for jsdom: text gets its true size, everything else has none. */
import type { DOMWindow } from "jsdom";
import type { FontMetrics } from "./metrics.js";

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
type Point = readonly [x: number, y: number];
type Width = (text: string, weight: "normal" | "bold") => number;

/** Distance of lines, in font sizes, as Plotly sets them. */
const LINE = 1.3;
const NOTHING: Box = { x: 0, y: 0, width: 0, height: 0 };

/**
 * Gives a window the measuring functions Plotly calls.
 *
 * @param window jsdom's window
 * @param width the width of a text in font sizes
 * @param metrics ascent and descent of the font
 */
export function measureWith(window: DOMWindow, width: Width, metrics: FontMetrics): void {
  const texts = (element: Element): Element[] =>
    element.localName === "text" || element.localName === "tspan" ? [element] : [...element.querySelectorAll("text")];
  const bounds = (element: Element, last: Element | null): Box =>
    around(texts(element).flatMap((text) => corners(text, last, width, metrics)));
  const svg = window.SVGElement.prototype as unknown as Record<string, unknown>;
  svg.getBBox = function (this: Element): Box {
    return bounds(this, this);
  };
  svg.getComputedTextLength = function (this: Element): number {
    return bounds(this, this).width;
  };
  window.Element.prototype.getBoundingClientRect = function (this: Element): DOMRect {
    const { x, y, width: w, height: h } = bounds(this, null);
    return { x, y, width: w, height: h, left: x, top: y, right: x + w, bottom: y + h } as DOMRect;
  };
}

/** The corners of a text after the transforms on the way up to `last`, whose own is left out. */
function corners(text: Element, last: Element | null, width: Width, { ascent, descent }: FontMetrics): Point[] {
  const size = inherited(text, "font-size", Number.parseFloat) ?? 12;
  const anchor = inherited(text, "text-anchor", String) ?? "start";
  const lines = [...text.querySelectorAll("tspan.line")];
  const widths = (lines.length > 0 ? lines : [text]).map((line) => runs(line, size, width));
  const w = Math.max(0, ...widths);
  if (w === 0) return [];
  const left = attribute(text, "x") - (anchor === "middle" ? w / 2 : anchor === "end" ? w : 0);
  const top = attribute(text, "y") - size * ascent;
  const bottom = top + size * (ascent + descent) + size * LINE * (widths.length - 1);
  let points: Point[] = [
    [left, top],
    [left + w, top],
    [left, bottom],
    [left + w, bottom],
  ];
  for (let at: Element | null = text; at !== null && at !== last; at = at.parentElement) {
    const move = transform(at.getAttribute("transform"));
    if (move !== undefined) points = points.map(move);
  }
  return points;
}

function around(points: readonly Point[]): Box {
  if (points.length === 0) return NOTHING;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** The width of the text below a node; superscripts and bold parts are spans with their own size and weight. */
function runs(node: Element, size: number, width: Width): number {
  let sum = 0;
  for (const child of node.childNodes) {
    if (child.nodeType === child.TEXT_NODE) {
      const weight = inherited(node, "font-weight", String) === "bold" ? "bold" : "normal";
      sum += width((child.textContent ?? "").replace(/\u200b/g, ""), weight) * size;
    } else if (child.nodeType === child.ELEMENT_NODE) {
      sum += runs(child as Element, ownSize(child as Element, size), width);
    }
  }
  return sum;
}

function ownSize(element: Element, outer: number): number {
  const own = style(element, "font-size");
  if (own === undefined) return outer;
  return own.endsWith("%") ? (outer * Number.parseFloat(own)) / 100 : Number.parseFloat(own);
}

/** Translations and rotations of a transform attribute, applied from right to left as SVG does. */
function transform(text: string | null): ((point: Point) => Point) | undefined {
  const parts = [...(text ?? "").matchAll(/(translate|rotate|scale)\(([^)]*)\)/g)].reverse();
  if (parts.length === 0) return undefined;
  return (point) => parts.reduce((at, [, kind, values]) => step(at, kind, values.split(/[\s,]+/).map(Number)), point);
}

function step([x, y]: Point, kind: string, [a = 0, b = 0, c = 0]: number[]): Point {
  if (kind === "translate") return [x + a, y + b];
  if (kind === "scale") return [x * a, y * (b || a)];
  const [cos, sin] = [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)];
  return [b + (x - b) * cos - (y - c) * sin, c + (x - b) * sin + (y - c) * cos];
}

function style(element: Element, name: string): string | undefined {
  const own = (element as SVGElement).style?.getPropertyValue(name) || element.getAttribute(name);
  return own === null || own === "" ? undefined : own;
}

function inherited<T>(element: Element, name: string, parse: (text: string) => T): T | undefined {
  for (let at: Element | null = element; at !== null; at = at.parentElement) {
    const own = style(at, name);
    if (own !== undefined) return parse(own);
  }
  return undefined;
}

function attribute(element: Element, name: string): number {
  return Number.parseFloat(element.getAttribute(name) ?? "0") || 0;
}
