import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bf16FromF32Bits, f16FromF32Bits, f16Table, f16Value } from "./half.js";

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
const bitsOf = (value: number): number => {
  float[0] = value;
  return word[0];
};
const floatOf = (bits: number): number => {
  word[0] = bits;
  return float[0];
};

/** Of the two neighbours among `candidates` (ascending), the nearer; of two equally near, the one with even index. */
function nearestOf(value: number, candidates: readonly number[]): number {
  let [low, high] = [0, candidates.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (candidates[middle] <= value) low = middle;
    else high = middle;
  }
  const [down, up] = [value - candidates[low], candidates[high] - value];
  return down < up || (down === up && low % 2 === 0) ? low : high;
}

describe("float16", () => {
  test("every value survives the way to float32 and back", () => {
    const table = f16Table();
    for (let bits = 0; bits < 65536; bits++) {
      if (Number.isNaN(table[bits])) expect(f16Value(f16FromF32Bits(bitsOf(table[bits])))).toBeNaN();
      else if (f16FromF32Bits(bitsOf(table[bits])) !== bits) throw new Error(`bits ${bits}`);
    }
  });

  test("rounds to the nearest, ties to even, over the whole range", () => {
    // All finite non-negative halves; 65536 stands where infinity begins to be nearer than 65504.
    const halves = Array.from({ length: 0x7c00 }, (_, bits) => f16Value(bits)).concat(65536);
    const positive = fc.double({ min: 0, max: 70000, noNaN: true }).map(Math.fround);
    fc.assert(
      fc.property(positive, fc.boolean(), (value, negative) => {
        const expected = value >= 65536 ? 0x7c00 : nearestOf(value, halves);
        expect(f16FromF32Bits(bitsOf(negative ? -value : value))).toBe(expected + (negative ? 0x8000 : 0));
      }),
      { numRuns: 5000 },
    );
    for (let bits = 0; bits < 0x7bff; bits++) {
      const tie = (f16Value(bits) + f16Value(bits + 1)) / 2;
      if (f16FromF32Bits(bitsOf(tie)) !== bits + (bits & 1)) throw new Error(`the tie above ${bits}`);
    }
  });

  test.each([
    [65519.99609375, 0x7bff],
    [65520, 0x7c00],
    [2 ** -25, 0],
    [2 ** -25 * 1.0001, 1],
    [-0, 0x8000],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])("%d becomes %i", (value, bits) => expect(f16FromF32Bits(bitsOf(value))).toBe(bits));
});

describe("bfloat16", () => {
  test("every value survives the way to float32 and back", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const nan = (bits & 0x7fff) > 0x7f80;
      if (bf16FromF32Bits((bits << 16) >>> 0) !== (nan ? bits | 0x40 : bits)) throw new Error(`bits ${bits}`);
    }
  });

  test("rounds to the nearest, ties to even", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7f7f }), fc.integer({ min: 0, max: 0xffff }), (high, low) => {
        const expected = low > 0x8000 || (low === 0x8000 && high % 2 === 1) ? high + 1 : high;
        expect(bf16FromF32Bits(((high << 16) | low) >>> 0)).toBe(expected);
      }),
    );
    expect(bf16FromF32Bits(bitsOf(3.4e38))).toBe(0x7f80);
    expect(floatOf(bf16FromF32Bits(bitsOf(Number.NaN)) << 16)).toBeNaN();
  });
});
