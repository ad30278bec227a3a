import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { StoredDType } from "../engine/ref.js";
import { bytesOf } from "./chunks.js";
import { decode } from "./convert.js";
import { blockOf } from "./dtypes.js";
import { f16Value } from "./half.js";
import { dequantise } from "./quants.js";
import { mirrored } from "./testing/mirror.js";

type Stored = { readonly shape: readonly number[]; readonly data: string };
type Case = { readonly type: StoredDType; readonly raw: Stored; readonly dequantised: Stored };

const reference = mirrored("reference", "gguf-quants.json");

// Values of the gguf package 0.19.0; see the README beside the file.
describe.skipIf(!existsSync(reference))("rows of the gguf package", () => {
  const cases: Case[] = existsSync(reference) ? JSON.parse(readFileSync(reference, "utf8")).cases : [];
  test.each(cases.map((one) => [one.type, one] as const))("%s is exact", (type, { raw, dequantised }) => {
    const values = decode(type, Uint8Array.from(Buffer.from(raw.data, "base64")));
    const expected = Buffer.from(dequantised.data, "base64");
    expect(values.length).toBe(dequantised.shape.reduce((a, b) => a * b));
    expect(Buffer.compare(bytesOf(values), expected)).toBe(0);
  });
  test("covers every block format", () => {
    expect(cases.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["Q4_0", "Q4_1", "Q8_0", "TQ1_0", "TQ2_0", "F16", "BF16"]),
    );
  });
});

/** A block whose scale is 1 (and minimum 0.5), filled by `code(i)` per byte. */
function block(dtype: "Q4_0" | "Q4_1" | "Q8_0" | "TQ1_0" | "TQ2_0", code: (i: number) => number): Float32Array {
  const { elements, bytes } = blockOf(dtype);
  const scaleLast = dtype === "TQ1_0" || dtype === "TQ2_0";
  const header = dtype === "Q4_1" ? [0x00, 0x3c, 0x00, 0x38] : [0x00, 0x3c];
  const codes = Array.from({ length: bytes - header.length }, (_, i) => code(i) & 255);
  const out = new Float32Array(elements);
  dequantise(dtype, Uint8Array.from(scaleLast ? [...codes, ...header] : [...header, ...codes]), out);
  return out;
}

// By the formulas of the formats, on codes that are easy to follow by hand.
describe("block formats by hand", () => {
  test("Q4_0: low halves first, minus eight", () => {
    const values = block("Q4_0", (i) => i | ((15 - i) << 4));
    expect([...values]).toEqual(Array.from({ length: 32 }, (_, i) => (i < 16 ? i - 8 : 7 - (i - 16))));
  });
  test("Q4_1: plus the minimum", () => {
    const values = block("Q4_1", (i) => i);
    expect([...values]).toEqual(Array.from({ length: 32 }, (_, i) => (i < 16 ? i + 0.5 : 0.5)));
  });
  test("Q8_0: signed bytes", () => {
    expect([...block("Q8_0", (i) => i - 16)]).toEqual(Array.from({ length: 32 }, (_, i) => i - 16));
  });
  test("TQ2_0: four codes a byte, each a stride of 32 apart", () => {
    const values = block("TQ2_0", (i) => (i < 32 ? 0b10_01_00_10 : 0b01_01_01_01));
    for (let i = 0; i < 128; i++) expect(values[i]).toBe([1, -1, 0, 1][i >> 5]);
    for (let i = 128; i < 256; i++) expect(values[i]).toBe(0);
  });
  test("TQ1_0: every tuple of five trits comes back", () => {
    for (let tuple = 0; tuple < 243; tuple++) {
      const stored = Math.floor((tuple * 256 + 242) / 243);
      const values = block("TQ1_0", () => stored);
      const digits = Array.from({ length: 5 }, (_, n) => (Math.floor(tuple / 3 ** (4 - n)) % 3) - 1);
      expect(digits.map((_, n) => values[n * 32])).toEqual(digits);
      expect(digits.map((_, n) => values[160 + n * 16])).toEqual(digits);
      expect(digits.slice(0, 4).map((_, n) => values[240 + n * 4])).toEqual(digits.slice(0, 4));
    }
  });
  test("the scale may be anything a float16 can be", () => {
    const out = new Float32Array(32);
    for (const bits of [0x0001, 0x8001, 0x7bff, 0xfbff, 0x3555]) {
      dequantise("Q8_0", Uint8Array.from([bits & 255, bits >> 8, ...Array(32).fill(127)]), out);
      expect(out[31]).toBe(Math.fround(f16Value(bits) * 127));
    }
  });
});
