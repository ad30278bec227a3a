import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { read, type Tensor, tensor } from "../../engine/index.js";
import { mirror, mirrored } from "../../weights/testing/mirror.js";

/** An array of a file of reference values: base64 of row-major little-endian numbers. */
export type Stored = { readonly shape: readonly number[]; readonly dtype: "float32" | "int8"; readonly data: string };

/** A file of reference values, or `absent` where there is none; tests are skipped then. */
export function reference<T>(name: string, absent: T): T {
  if (mirror === undefined) return absent;
  return JSON.parse(readFileSync(mirrored("reference", name), "utf8")) as T;
}

export function valuesOf({ dtype, data }: Stored): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  return dtype === "int8" ? Float32Array.from(new Int8Array(bytes.buffer)) : new Float32Array(bytes.buffer);
}

export function stored(array: Stored): Tensor {
  return tensor(valuesOf(array), array.shape);
}

/** The measure of the reference files: `max |x − y| / max |y|`. */
export function relativeError(x: Tensor, y: Tensor | Stored): number {
  const a = Array.from(read(x));
  const b = Array.from("data" in y ? valuesOf(y) : read(y));
  expect(a.length).toBe(b.length);
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // Math.max passes NaN on.
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
  return largest === 0 ? worst : worst / largest;
}
