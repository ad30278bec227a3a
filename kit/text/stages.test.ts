import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batch, type DataCursor, encodeDocuments, packer, startCursor } from "./packing.js";
import { packingAt, stagedBatches, stagesOf } from "./stages.js";
import { smallTokenizer } from "./testing/tokenizers.js";

const documents = encodeDocuments(smallTokenizer(), ["hello there", "", "a", "a longer text than the others", "日本"]);
const boundary = 0;

function take(count: number, ...from: Parameters<typeof stagedBatches>): Batch[] {
  const source = stagedBatches(...from);
  return Array.from({ length: count }, () => source.next().value as Batch);
}

describe("stages", () => {
  it("share the tokens equally", () => {
    expect(stagesOf([128, 256, 512], 1_000_000)).toEqual([
      { length: 128, tokens: 333_333 },
      { length: 256, tokens: 333_333 },
      { length: 512, tokens: 333_334 },
    ]);
  });

  it("begin with the batch that begins in them, and the last goes on", () => {
    const packing = { stages: stagesOf([128, 256, 512], 12_000), batchTokens: 1024, boundary };
    const lengths = [0, 3071, 4000, 4096, 7999, 8000, 11_000, 1e9].map((tokens) => packingAt(packing, tokens).length);
    expect(lengths).toEqual([128, 128, 256, 256, 256, 512, 512, 512]);
    expect(packingAt(packing, 0)).toEqual({ batch: 8, length: 128, boundary });
    expect(packingAt(packing, 9000)).toEqual({ batch: 2, length: 512, boundary });
  });

  it("lose and repeat no id where the length changes, and resume from any batch", () => {
    const lengths = fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 6, 12), { minLength: 1 });
    fc.assert(
      fc.property(fc.integer(), lengths, fc.integer({ min: 1, max: 60 }), fc.nat(11), (seed, order, tokens, stop) => {
        const stages = order.map((length) => ({ length, tokens }));
        const packing = { stages, batchTokens: 12, boundary };
        const batches = take(12, packer(documents), packing, startCursor(seed));
        const whole = packer(documents)({ batch: 1, length: 144, boundary }, startCursor(seed));
        expect(batches.flatMap(({ inputs }) => [...inputs])).toEqual([...whole.inputs]);
        expect(batches.flatMap(({ targets }) => [...targets])).toEqual([...whole.targets]);
        expect(batches[11].cursor).toEqual(whole.cursor);
        const stored = JSON.parse(JSON.stringify(batches[stop].cursor)) as DataCursor;
        expect(take(11 - stop, packer(documents), packing, stored)).toEqual(batches.slice(stop + 1));
      }),
      { numRuns: 100 },
    );
  });

  it("come in the order they are given", () => {
    const packing = { stages: stagesOf([2, 4, 8], 48), batchTokens: 8, boundary };
    const shapes = take(8, packer(documents), packing, startCursor(1)).map(({ shape }) => shape.join("×"));
    expect(shapes).toEqual(["4×2", "4×2", "2×4", "2×4", "1×8", "1×8", "1×8", "1×8"]);
  });

  it("refuse what cannot be cut", () => {
    const packing = { stages: stagesOf([128, 192], 1000), batchTokens: 1024, boundary };
    expect(() => packingAt(packing, 0)).toThrow(/1024 tokens is cut into rows of 192/);
    expect(() => packingAt({ ...packing, stages: [] }, 0)).toThrow(/no stages/);
    expect(() => packingAt({ ...packing, stages: [{ length: 128, tokens: 0 }] }, 0)).toThrow(/has 0 tokens/);
  });
});
