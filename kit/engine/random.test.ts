import { describe, expect, it } from "vitest";
import * as e from "./index.js";
import { philox } from "./philox.js";
import { fold, key, normalValues, permutation, uniformAt, uniformValues } from "./random.js";

/** Values of another implementation: testing/random.py, in Python's integers and its own logarithm, sine and cosine. */
const golden = {
  fold: {
    "": [0x0d0f198d, 0x54c06d97],
    "3": [0xea7c9cdc, 0x582c8e69],
    "layers.3.mixer.q": [0xa756960f, 0xbda479c2],
    "naïve 🏺": [0x93ca0f47, 0x25f19069],
  },
  uniform24: [16015482, 12585465, 1915578, 1437100, 6827662, 13342652, 2882303, 16070126],
  uniformAt: { 0: 0.9545973540078267, 1: 0.40696038974954474, 4294967296: 0.18269259598281318 },
  uniformAtLast: 0.8402532420431247,
  normal: [
    0.00029156741220504045, -0.30484697222709656, 1.78875732421875, 1.0678725242614746, 0.3764035105705261,
    -1.287011742591858, 1.8115038871765137, -0.491240918636322,
  ],
  sums: { normal: 276.69523222265343, squares: 100268.18082037894 },
  permutation: [3, 6, 10, 4, 1, 7, 11, 2, 0, 5, 8, 9],
};

const seed = key(7);

describe("philox", () => {
  // Random123's kat_vectors for philox4x32-10.
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[-1, -1, -1, -1], [-1, -1], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const)("enciphers %j under %j as Random123 does", ([a, b, c, d], from, expected) => {
    const words = new Int32Array(4);
    philox(words, a, b, c, d, from);
    expect([...new Uint32Array(words.buffer)].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(
      expected,
    );
  });
});

describe("key and fold", () => {
  it("takes whole seeds up to 2⁵³ − 1 and refuses others", () => {
    expect(key(2 ** 53 - 1)).toEqual([0xffffffff, 0x1fffff]);
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => key(bad)).toThrow(/the seed .* is not a whole number/);
  });

  it("gives the folds of the reference", () => {
    for (const [label, expected] of Object.entries(golden.fold)) expect(fold(seed, label)).toEqual(expected);
  });

  it("tells labels apart that differ in a trailing zero, in their split, or only behind the first block", () => {
    const labels = [
      "",
      "\0",
      "a",
      "a\0",
      "a".repeat(12),
      `${"a".repeat(12)}\0`,
      `${"a".repeat(12)}b`,
      `${"a".repeat(12)}c`,
    ];
    expect(new Set(labels.map((label) => fold(seed, label).join())).size).toBe(labels.length);
    expect(fold(fold(seed, "a"), "b")).not.toEqual(fold(fold(seed, "b"), "a"));
  });
});

describe("uniform numbers", () => {
  it("are those of the reference, at every count", () => {
    for (const count of [0, 1, 2, 3, 4, 5, 8]) {
      const expected = golden.uniform24.slice(0, count).map((word) => word / 2 ** 24);
      expect([...uniformValues(seed, count)]).toEqual(expected);
    }
    for (const [position, value] of Object.entries(golden.uniformAt))
      expect(uniformAt(seed, Number(position))).toBe(value);
    expect(uniformAt(seed, 2 ** 53 - 1)).toBe(golden.uniformAtLast);
  });

  it("have the moments of the uniform distribution", () => {
    const count = 400_000;
    const values = uniformValues(seed, count, -2, 6);
    const mean = values.reduce((a, b) => a + b, 0) / count;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / count;
    // Four standard errors: 8/√12/√n for the mean, 64·√(1/180)/√n for the variance.
    expect(Math.abs(mean - 2)).toBeLessThan((4 * 8) / Math.sqrt(12 * count));
    expect(Math.abs(variance - 64 / 12)).toBeLessThan((4 * 64) / Math.sqrt(180 * count));
    expect(Math.min(...values.subarray(0, 50_000))).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...values.subarray(0, 50_000))).toBeLessThanOrEqual(6);
  });

  it("fill every bin alike (χ²)", () => {
    const bins = new Float64Array(100);
    for (const value of uniformValues(seed, 200_000)) bins[Math.floor(value * 100)]++;
    const chi2 = bins.reduce((total, n) => total + (n - 2000) ** 2 / 2000, 0);
    // 99 degrees of freedom: 99 ± 4·√198.
    expect(Math.abs(chi2 - 99)).toBeLessThan(4 * Math.sqrt(198));
  });
});

describe("normal numbers", () => {
  it("are those of the reference, at every count", () => {
    for (const count of [0, 1, 2, 3, 5, 8]) {
      expect([...normalValues(seed, count)]).toEqual(golden.normal.slice(0, count));
    }
  });

  it("sum to what 100,000 of the reference sum to", () => {
    const values = normalValues(seed, 100_000);
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(golden.sums.normal, 8);
    expect(values.reduce((a, b) => a + b * b, 0)).toBeCloseTo(golden.sums.squares, 6);
  });

  it("have the first four moments of the normal distribution", () => {
    const count = 400_000;
    const values = normalValues(fold(seed, "moments"), count, 3);
    const moment = (order: number): number => values.reduce((a, b) => a + (b / 3) ** order, 0) / count;
    // Four standard errors: √(variance of zᵏ / n), whose variances are 1, 2, 15 and 96.
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
  });

  it("of two folds of one key, and of neighbouring seeds, are uncorrelated", () => {
    const count = 200_000;
    const base = normalValues(seed, count);
    for (const other of [fold(seed, 0), fold(seed, 1), key(8), [7, 1] as const]) {
      const values = normalValues(other, count);
      const correlation = base.reduce((total, z, i) => total + z * values[i], 0) / count;
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
    }
  });
});

describe("permutation", () => {
  it("is the reference's", () => {
    expect([...permutation(seed, 12)]).toEqual(golden.permutation);
  });

  it("holds every number once", () => {
    for (const count of [0, 1, 2, 1000]) {
      expect([...permutation(seed, count)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
  });

  it("puts each number in each place equally often", () => {
    const seen = new Float64Array(25);
    for (let i = 0; i < 20_000; i++)
      for (const [place, n] of permutation(fold(seed, i), 5).entries()) seen[5 * place + n]++;
    // Each of 25 cells is binomial(20000, 1/5): 4000 ± 4.5·√3200.
    for (const count of seen) expect(Math.abs(count - 4000)).toBeLessThan(4.5 * Math.sqrt(3200));
  });
});

describe("tensors of random numbers", () => {
  it("hold the values of their stream", () => {
    e.scope(() => {
      expect([...e.read(e.random.normal(seed, [2, 4]))]).toEqual(golden.normal);
      expect(e.random.uniform(seed, [2, 3], 1, 2).shape).toEqual([2, 3]);
      expect(e.read(e.random.normal(seed, [2], 0.5))[1]).toBe(Math.fround(golden.normal[1] / 2));
    });
  });
});
