import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  detectableDifference,
  holm,
  mean,
  pairedComparison,
  standardDeviation,
  studentCdf,
  studentQuantile,
} from "./index.js";

const bySeed = (values: readonly number[]) => new Map(values.map((value, seed) => [seed, value]));

describe("Student's t", () => {
  // scipy 1.17.1: stats.t.ppf(p, df)
  it.each([
    [0.8, 1, 1.3763819204711738],
    [0.8, 2, 1.0606601717798214],
    [0.8, 9, 0.8834038596855346],
    [0.95, 5, 2.0150483733330233],
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 3, 3.1824463052837078],
    [0.975, 4, 2.7764451051977934],
    [0.975, 30, 2.0422724563012378],
    [0.975, 200, 1.9718962236339088],
    [0.9995, 1, 636.6192487687897],
    [0.9995, 4, 8.610301581379522],
  ])("has the quantile %d at %d degrees of freedom", (p, degrees, expected) => {
    expect(studentQuantile(p, degrees) / expected).toBeCloseTo(1, 10);
    expect(studentQuantile(1 - p, degrees) / -expected).toBeCloseTo(1, 10);
  });

  // scipy 1.17.1: 2 * stats.t.sf(abs(t), df)
  it.each([
    [0.3, 1, 0.8144528418445154],
    [2.5, 2, 0.12961172022151082],
    [1.7, 3, 0.18769064155341003],
    [4.2, 4, 0.013695810305096449],
    [12, 9, 7.699886222985653e-7],
    [1.96, 30, 0.05934231289605049],
    [0.001, 7, 0.9992300172449988],
  ])("lies beyond ±%d at %d degrees of freedom as often as SciPy says", (t, degrees, expected) => {
    expect(2 * studentCdf(-t, degrees)).toBeCloseTo(expected, 13);
  });

  it("is undone by its quantile", () => {
    const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(probability, fc.integer({ min: 1, max: 60 }), (p, degrees) => {
        expect(studentCdf(studentQuantile(p, degrees), degrees)).toBeCloseTo(p, 12);
      }),
    );
  });

  it("knows no other probabilities and degrees", () => {
    expect([studentQuantile(1, 3), studentQuantile(0.5, 0), studentQuantile(0.5, 1.5)]).toEqual([NaN, NaN, NaN]);
    expect(studentQuantile(0.5, 3)).toBeCloseTo(0, 14);
  });
});

describe("pairedComparison", () => {
  const arm = [2.031, 2.054, 2.047, 2.029, 2.061];
  const baseline = [2.072, 2.066, 2.091, 2.058, 2.085];

  it("agrees with SciPy", () => {
    // scipy 1.17.1: r = stats.ttest_rel(arm, baseline); r.pvalue, r.confidence_interval(0.95)
    const { n, difference, spread } = pairedComparison(bySeed(arm), bySeed(baseline))!;
    expect([n, difference]).toEqual([5, expect.closeTo(-0.03, 12)]);
    expect(spread?.sd).toBeCloseTo(0.013019216566291526, 12);
    expect(spread?.interval.low).toBeCloseTo(-0.0461654924951822, 12);
    expect(spread?.interval.high).toBeCloseTo(-0.013834507504817763, 12);
    expect(spread?.p).toBeCloseTo(0.0067326229672143596, 12);
    expect(spread?.detectable).toBeCloseTo(0.021644137033498777, 12);
    const two = pairedComparison(bySeed(arm.slice(0, 2)), bySeed(baseline.slice(0, 2)))!;
    expect(two.spread?.p).toBeCloseTo(0.3187349730415489, 12);
    expect(two.spread?.interval.low).toBeCloseTo(-0.21073996867453249, 12);
  });

  it("compares only what both arms have", () => {
    const gaps = new Map([...bySeed(arm), [7, 1], [8, NaN]]);
    const other = new Map([...bySeed(baseline), [8, 2], [9, 3]]);
    expect(pairedComparison(gaps, other)).toEqual(pairedComparison(bySeed(arm), bySeed(baseline)));
    expect(pairedComparison(bySeed([1]), new Map([[1, 2]]))).toBeUndefined();
  });

  it("has no interval for one seed", () => {
    expect(pairedComparison(bySeed([2]), bySeed([1.5, 2.5]))).toEqual({ n: 1, difference: 0.5 });
  });

  it("says nothing against arms that are equal, and everything where the differences are", () => {
    expect(pairedComparison(bySeed(arm), bySeed(arm))?.spread).toMatchObject({ sd: 0, p: 1, detectable: 0 });
    expect(pairedComparison(bySeed([2, 3, 4]), bySeed([1, 2, 3]))?.spread).toMatchObject({
      p: 0,
      interval: { low: 1, high: 1 },
    });
  });

  it("does not depend on the order of seeds, and turns its sign with the sides", () => {
    const values = fc.array(fc.double({ min: 1, max: 3, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const backwards = new Map([...bySeed(a)].reverse());
        const there = pairedComparison(bySeed(a), bySeed(b))!;
        expect(pairedComparison(backwards, bySeed(b))).toEqual(there);
        const back = pairedComparison(bySeed(b), bySeed(a))!;
        expect(back.difference).toBe(-there.difference || 0);
        expect(back.spread?.p).toBe(there.spread?.p);
      }),
    );
  });

  it("finds a difference of the detectable size about four times in five", () => {
    // Normal numbers of a fixed multiplicative generator, twelve uniform ones summed.
    let state = 12345;
    const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const normal = () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
    const zero = bySeed([0, 0, 0, 0, 0, 0]);
    const shift = detectableDifference(1, 6);
    const found = Array.from({ length: 20_000 }, () => {
      const { spread } = pairedComparison(bySeed(Array.from({ length: 6 }, () => normal() + shift)), zero)!;
      return spread!.p < 0.05;
    }).filter(Boolean).length;
    // scipy 1.17.1: stats.nct gives this formula a power of 0.7949 for six pairs; the draws have a deviation of 0.003.
    expect(Math.abs(found / 20_000 - 0.7949)).toBeLessThan(0.012);
  });
});

describe("holm", () => {
  it("agrees with statsmodels", () => {
    // statsmodels 0.15.0: multipletests([0.01, 0.04, 0.03, 0.005, 0.6], method="holm")
    const adjusted = holm([0.01, 0.04, undefined, 0.03, 0.005, NaN, 0.6]);
    const expected = [0.04, 0.09, undefined, 0.09, 0.025, undefined, 0.6];
    expect(adjusted.map((p) => p && Number(p.toFixed(12)))).toEqual(expected);
  });

  it("never lowers a p value, keeps their order, and does not see theirs", () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
    fc.assert(
      fc.property(values, (ps) => {
        const adjusted = holm(ps) as readonly number[];
        for (const [i, p] of ps.entries()) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          for (const [j, q] of ps.entries()) if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]);
        }
        expect([...holm([...ps].reverse())].reverse()).toEqual(adjusted);
      }),
    );
  });
});

describe("mean and standardDeviation", () => {
  it("leave out what is not finite", () => {
    expect(mean([1, NaN, 3, Infinity])).toBe(2);
    expect(standardDeviation([1, NaN, 3])).toBe(Math.SQRT2);
    expect([mean([]), mean([NaN]), standardDeviation([]), standardDeviation([1])]).toEqual(Array(4).fill(undefined));
  });
});
