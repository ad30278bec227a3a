import { existsSync, readFileSync } from "node:fs";
import { mirrored } from "../../weights/testing/mirror.js";

/** An array as the reference files store it: row-major little-endian float32 in base64. */
export type Stored = { readonly shape: readonly number[]; readonly data: string };

export function values({ data }: Stored): Float32Array {
  const bytes = Buffer.from(data, "base64");
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** A JSON file of the mirror; `undefined` where there is no mirror. */
export function reference<T>(...path: string[]): T | undefined {
  const file = mirrored(...path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}
