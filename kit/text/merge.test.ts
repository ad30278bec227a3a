import fc from "fast-check";
import { expect, it } from "vitest";
import { merge, mergeByScanning } from "./merge.js";
import { PairTable } from "./pairs.js";

it("merges like the reference, by rank and then from the left", () => {
  const pair = fc.record({ left: fc.nat(7), right: fc.nat(7), rank: fc.nat(5) });
  fc.assert(
    fc.property(
      fc.array(pair, { maxLength: 30 }),
      fc.array(fc.nat(3), { minLength: 33, maxLength: 200 }),
      (pairs, word) => {
        const table = new PairTable();
        // Ranks repeat, as they do in vocabularies with scores; a result is named by its two parts, so it is one string.
        for (const { left, right, rank } of pairs) table.set(left, right, rank, 4 + ((left * 31 + right * 7) % 4));
        const fast = Int32Array.from(word);
        const slow = Int32Array.from(word);
        const kept = merge(fast, word.length, table);
        expect(kept).toBe(mergeByScanning(slow, word.length, table));
        expect(fast.slice(0, kept)).toEqual(slow.slice(0, kept));
      },
    ),
    { numRuns: 500 },
  );
});

it("keeps the last of two entries for a pair, and finds all after growing", () => {
  const table = new PairTable();
  for (let i = 0; i < 1000; i++) table.set(i, i * 7919, i, i + 1);
  table.set(5, 5 * 7919, 42, 43);
  expect(table.size).toBe(1000);
  for (let i = 0; i < 1000; i++) expect(table.id[table.find(i, i * 7919)]).toBe(i === 5 ? 43 : i + 1);
  expect(table.find(5, 6)).toBe(-1);
});
