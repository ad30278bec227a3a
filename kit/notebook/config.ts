import { isDeepStrictEqual } from "node:util";
import { formatNumber } from "../numbers.js";
import { DISPLAY, type Displayable, PRINT } from "./rendering.js";
import { escapeHtml } from "./text.js";

/**
 * Shows plain data, such as a model's configuration, as a tree that opens. Equal neighbours of a list
 * (the layers of a model) show once, with their count.
 *
 * @param value plain JSON data
 * @param title what it is
 * @returns a value a notebook shows
 */
export function config(value: unknown, title = "config"): Displayable & { toString(): string } {
  const text = `${title}\n${plain(value, "  ")}`;
  return {
    toString: () => text,
    [PRINT]: () => text,
    [DISPLAY]: () => ({ "text/html": html(title, value, true), "text/plain": text }),
  };
}

type Entry = { readonly name: string; readonly value: unknown };

function entries(value: object): Entry[] {
  if (!Array.isArray(value)) return Object.entries(value).map(([name, inner]) => ({ name, value: inner }));
  const runs: { from: number; to: number; value: unknown }[] = [];
  value.forEach((inner: unknown, i) => {
    const last = runs.at(-1);
    if (last !== undefined && isDeepStrictEqual(last.value, inner)) last.to = i;
    else runs.push({ from: i, to: i, value: inner });
  });
  return runs.map(({ from, to, value: inner }) => ({
    name: from === to ? `${from}` : `${from}…${to} (${to - from + 1} alike)`,
    value: inner,
  }));
}

function isTree(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) || value.length > 8 || value.some((inner) => typeof inner === "object");
}

function leaf(value: unknown): string {
  if (typeof value === "number") return formatNumber(value, 6);
  if (Array.isArray(value)) return `[${value.map(leaf).join(", ")}]`;
  return typeof value === "string" ? value : String(value);
}

function plain(value: unknown, indent: string): string {
  if (!isTree(value)) return indent + leaf(value);
  return entries(value)
    .map(({ name, value: inner }) =>
      isTree(inner) ? `${indent}${name}\n${plain(inner, `${indent}  `)}` : `${indent}${name}: ${leaf(inner)}`,
    )
    .join("\n");
}

function html(title: string, value: unknown, open: boolean): string {
  if (!isTree(value)) return `<div>${escapeHtml(title)}: <code>${escapeHtml(leaf(value))}</code></div>`;
  const inside = entries(value).map(({ name, value: inner }) => html(name, inner, false));
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  const summary = `<b>${escapeHtml(title)}</b> <small>${count} ${Array.isArray(value) ? "items" : "keys"}</small>`;
  return `<details${open ? " open" : ""}><summary>${summary}</summary><div style="margin-left: 1.2em">${inside.join("")}</div></details>`;
}
