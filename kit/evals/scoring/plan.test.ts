import { describe, expect, it } from "vitest";
import { batchBundles, bundlesOf, copying } from "./bundles.js";
import type { TokenRequest } from "./encode.js";
import { batchPacks, packing, piecesOf, placesOfPacks, single } from "./packs.js";
import { batchRows, rowsOf } from "./plan.js";

describe("the plan", () => {
  const request = (context: readonly number[], continuation: readonly number[]): TokenRequest => {
    return { context: Int32Array.from(context), continuation: Int32Array.from(continuation) };
  };

  it("reads what begins something longer with it, and nothing twice", () => {
    const rows = rowsOf([
      request([1, 2], [3, 4]),
      request([1, 2], [3, 4]),
      request([1, 2], [9]),
      request([1, 2, 3], [7, 7]),
      request([1, 2, 4], [7]),
      request([5], []),
    ]);
    expect(rows.map(({ ids }) => [...ids])).toEqual([
      [1, 2, 4],
      [1, 2, 3, 7],
    ]);
    const wanted = rows.flatMap(({ wanted }) => wanted);
    expect(wanted).toHaveLength(8);
    expect(wanted).toContainEqual({ at: 1, target: 9, request: 2, token: 0 });
  });

  it("reads a beginning once where that is worth it, and copies no more of it than fits", () => {
    const shared = (n: number, trunk: number, end: number) =>
      Array.from({ length: n }, (_, i) => {
        const ids = new Int32Array(trunk + end).fill(1).fill(2 + i, trunk);
        return { ids, wanted: [{ at: trunk - 1, target: 3, request: i, token: 0 }] };
      });
    const plan = { batchTokens: 256, leastTokens: 512, batchRows: 32, longest: 256 };
    const few = shared(4, 40, 2);
    // One id less than they have in common: so the trunk itself says how likely that is.
    expect(bundlesOf(few, copying(plan))).toEqual({ alone: [], bundles: [{ trunk: 39, rows: few }] });
    expect(bundlesOf(shared(4, 9, 20), copying(plan)).bundles).toEqual([]);
    expect(bundlesOf(few, copying({ ...plan, batchRows: 3 })).bundles.map(({ rows }) => rows.length)).toEqual([3]);
    const { bundles } = bundlesOf(shared(50, 128, 1), copying(plan));
    expect(bundles.map(({ rows }) => rows.length)).toEqual([8, 8, 8, 8, 8, 8, 2]);
    for (const { branches, length, ends } of batchBundles(bundles, plan)) {
      expect([length, ends]).toEqual([128, 4]);
      expect(branches * length).toBeLessThanOrEqual(4 * plan.batchTokens);
    }
    // A sentence's first words are not worth it.
    expect(bundlesOf(shared(2, 20, 200), copying(plan)).bundles).toEqual([]);
  });

  it("packs what shares a beginning and what does not into rows, each piece once", () => {
    const sequence = (ids: readonly number[]) => request(ids.slice(0, 1), ids.slice(1));
    const asked = [
      ...[[8], [9, 9], [7, 7, 7]].map((end) => sequence([...Array(12).keys(), ...end, 0])),
      sequence([40, 41, 42, 43]),
      sequence(Array.from({ length: 120 }, (_, i) => 50 + i)),
    ];
    const plan = { batchTokens: 256, leastTokens: 512, batchRows: 32, longest: 256 };
    const rows = rowsOf(asked);
    const { alone, bundles } = bundlesOf(rows, packing(plan));
    expect(bundles.map(({ trunk, rows }) => [trunk, rows.length])).toEqual([[11, 3]]);
    const [batch, ...others] = batchPacks([...alone.map(single), ...bundles], plan);
    expect(others).toEqual([]);
    expect([batch.length, batch.count, batch.packs.map(({ length }) => length)]).toEqual([128, 2, [2, 1]]);
    const places = placesOfPacks(batch);
    expect(places).toHaveLength(asked.reduce((count, { continuation }) => count + continuation.length, 0));
    const written = batch.packs.flatMap((pack, i) =>
      piecesOf(pack).map((piece) => ({ ...piece, at: 128 * i + piece.start })),
    );
    for (const { position, at, request, token, target } of places) {
      const piece = written.findLast((piece) => piece.at <= position)!;
      // What stands there is the token before the target, in a row that asks for it.
      expect(piece.ids[position - piece.at]).toBe([...asked[request].context, ...asked[request].continuation][at]);
      expect(asked[request].continuation[token]).toBe(target);
    }
    const long = { trunk: 300, rows: [{ ids: new Int32Array(300), wanted: [] }] };
    expect(batchPacks([long, ...bundles], plan).map(({ packs, length }) => [packs.length, length])).toEqual([
      [1, 384],
      [1, 128],
    ]);
    expect(batchPacks(rows.map(single), { ...plan, batchRows: 2 }).map(({ packs }) => packs.flat().length)).toEqual([
      2, 2, 1,
    ]);
  });

  it("pads to few lengths, and no batch holds more than it may", () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ ids: new Int32Array(1 + ((i * 31) % 250)), wanted: [] }));
    const batches = batchRows(rows, { batchTokens: 1024, leastTokens: 512, batchRows: 32, longest: 256 });
    expect(batches.flatMap((batch) => batch.rows)).toHaveLength(100);
    expect(new Set(batches.map(({ length, count }) => `${count} × ${length}`)).size).toBeLessThanOrEqual(10);
    for (const { rows, length, count } of batches) {
      expect(Math.max(...rows.map(({ ids }) => ids.length))).toBeLessThanOrEqual(length);
      expect(rows.length).toBeLessThanOrEqual(count);
      expect(length * count).toBeLessThanOrEqual(1024);
      expect(count).toBeLessThanOrEqual(32);
    }
  });
});
