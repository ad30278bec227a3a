import fc from "fast-check";
import { expect, test } from "vitest";
import { int8Rows } from "./int8-rows.js";

test("no value moves by more than half a step of its row; the largest of a row stays", () => {
  const value = fc.float({ min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(value, { maxLength: 40 }), (columns, numbers) => {
      const values = Float32Array.from(numbers.slice(0, Math.floor(numbers.length / columns) * columns));
      const { codes, scales } = int8Rows(values, columns);
      expect(scales.length).toBe(values.length / columns);
      for (const [i, original] of values.entries()) {
        const scale = scales[Math.floor(i / columns)];
        expect(Math.abs(Math.fround(codes[i] * scale) - original)).toBeLessThanOrEqual(scale * 0.50001 + 1e-42);
      }
      for (let row = 0; row < scales.length; row++) {
        const part = codes.subarray(row * columns, (row + 1) * columns);
        expect(Math.max(...part.map(Math.abs))).toBe(scales[row] === 0 ? 0 : 127);
      }
    }),
    { numRuns: 500 },
  );
});

test("a row of zeros has the scale 0", () => {
  expect(int8Rows(Float32Array.of(0, 0, 3, -1.5), 2)).toEqual({
    codes: Int8Array.of(0, 0, 127, -64),
    scales: Float32Array.of(0, 3 / 127),
  });
});
