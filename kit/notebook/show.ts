import { inspect } from "node:util";
import { type Bundle, host } from "./host.js";
import { bundleOf } from "./rendering.js";

/**
 * Shows a value below the running cell, in order with what is printed; in a terminal it prints the value's text.
 *
 * The last expression of a cell is shown by itself; `show` is for everything before it.
 *
 * @param value anything: a figure, table, tensor, configuration, text, or an object of your own with `Jupyter.display`
 */
export function show(value: unknown): void {
  const bundle = bundleOf(value);
  if (bundle instanceof Promise) void bundle.then(showBundle);
  else if (bundle !== undefined) showBundle(bundle);
  else console.log(typeof value === "string" ? value : inspect(value, { depth: 4, maxArrayLength: 100 }));
}

/**
 * Shows a bundle as it is.
 *
 * @param bundle MIME types and their data; `text/plain` is what a terminal prints
 */
export function showBundle(bundle: Bundle): void {
  const notebook = host();
  if (notebook === undefined)
    process.stdout.write(`${String(bundle["text/plain"] ?? Object.keys(bundle).join(", "))}\n`);
  else notebook.display(bundle);
}
