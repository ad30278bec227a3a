import { floatText, type Json, PythonFloat } from "./text.js";

/** How {@link dumps} writes. */
export type DumpOptions = {
  /** Spaces for each level; one line without it. */
  readonly indent?: number;
  /** Write what is not ASCII as `\uXXXX`, as Python does unless told otherwise; default `true`. */
  readonly ascii?: boolean;
};

/** `json.dumps(value)`, character for character. What is `undefined` in an object is left out. */
export function dumps(value: Json, options: DumpOptions = {}): string {
  return written(value, options, "");
}

function written(value: Json | undefined, options: DumpOptions, margin: string): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return text(value, options);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : float(value);
  if (value instanceof PythonFloat) return float(value.value);
  const inner = options.indent === undefined ? "" : margin + " ".repeat(options.indent);
  const isArray = Array.isArray(value);
  const items = isArray
    ? value.map((item) => written(item, options, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${text(key, options)}: ${written(item, options, inner)}`);
  const [open, close] = isArray ? "[]" : "{}";
  if (options.indent === undefined || items.length === 0) return open + items.join(", ") + close;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${close}`;
}

function float(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function text(value: string, { ascii = true }: DumpOptions): string {
  const quoted = JSON.stringify(value);
  if (!ascii) return quoted;
  return quoted.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
