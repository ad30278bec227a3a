/** Which bundle shows a value: the value's own, or one from a registered renderer. */
import type { Bundle } from "./host.js";

/** The method a value shows itself with; the same symbol as Deno's kernel uses. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** How Node prints a value: a kernel without rich results, and `console.log`, show the text twin. */
export const PRINT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** A value that knows how it looks. */
export type Displayable = { readonly [DISPLAY]: () => Bundle | Promise<Bundle>; readonly [PRINT]?: () => string };

type Renderer = { readonly matches: (value: unknown) => boolean; readonly render: (value: never) => Bundle };
const SLOT: unique symbol = Symbol.for("kintsugi.notebook.renderers");

function renderers(): Renderer[] {
  const slots = globalThis as { [SLOT]?: Renderer[] };
  return (slots[SLOT] ??= []);
}

/**
 * Teaches notebooks to show a kind of value, also when it is the last expression of a cell.
 *
 * @param matches recognises the kind, cheaply and without throwing
 * @param render makes the bundle; `text/plain` belongs in each
 */
export function registerRenderer<T>(matches: (value: unknown) => value is T, render: (value: T) => Bundle): void {
  renderers().unshift({ matches, render });
}

/**
 * How a value looks.
 *
 * @param value any value
 * @returns its bundle, or `undefined` for a value nobody renders
 */
export function bundleOf(value: unknown): Bundle | Promise<Bundle> | undefined {
  if (isDisplayable(value)) return value[DISPLAY]();
  return renderers()
    .find(({ matches }) => matches(value))
    ?.render(value as never);
}

function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && DISPLAY in value && typeof value[DISPLAY] === "function";
}
