import { expect, it } from "vitest";
import { medianInterval } from "./rounds.js";

// Of tables of the sign test: the ends are the k-th values from either side.
it.each([
  [5, 1],
  [6, 1],
  [9, 2],
  [12, 3],
  [17, 5],
  [20, 6],
  [21, 6],
])("the median of %i rounds lies between the values of rank %i from either end", (n, k) => {
  const { min, max, median } = medianInterval(Array.from({ length: n }, (_, i) => n - 1 - i));
  expect([min, max]).toEqual([k - 1, n - k]);
  expect(median).toBe((n - 1) / 2);
});
