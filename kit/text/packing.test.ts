import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batches,
  type DataCursor,
  encodeDocuments,
  epochTokens,
  joinDocuments,
  packer,
  startCursor,
} from "./packing.js";
import { smallTokenizer } from "./testing/tokenizers.js";
import { toyStories } from "./toyStories.js";

const tokenizer = smallTokenizer();
const BOUNDARY = 0;
const texts = ["hello", "", "b", "a longer text", "<|end|> stays text", "日本"];
const documents = encodeDocuments(tokenizer, texts);

function take(
  count: number,
  options: { batch: number; length: number },
  from: DataCursor,
): { ids: number[]; cursor: DataCursor } {
  const ids: number[] = [];
  let cursor = from;
  const source = batches(documents, { ...options, boundary: BOUNDARY }, from);
  for (let i = 0; i < count; i++) {
    const batch = source.next().value;
    ids.push(...batch.inputs);
    cursor = batch.cursor;
  }
  return { ids, cursor };
}

describe("packing", () => {
  it("keeps documents apart and counts their bytes", () => {
    expect([...documents.bytes]).toEqual(texts.map((text) => Buffer.byteLength(text)));
    expect(documents.starts).toHaveLength(texts.length + 1);
    texts.forEach((text, i) => {
      expect(tokenizer.decode(documents.ids.slice(documents.starts[i], documents.starts[i + 1]))).toBe(text);
    });
  });

  it("joins neighbours with the boundary between them", () => {
    const { ids, starts, bytes } = joinDocuments(documents, 12, BOUNDARY);
    const parts = Array.from(bytes, (_, i) => tokenizer.decode(ids.slice(starts[i], starts[i + 1])));
    expect(parts).toEqual(["hello<|end|><|end|>b<|end|>a longer text", "<|end|> stays text", "日本"]);
    expect([...bytes]).toEqual([5 + 0 + 1 + 13, 18, 6]);
    expect(joinDocuments(encodeDocuments(tokenizer, ["a", "b"]), 1, BOUNDARY).starts).toEqual(Int32Array.of(0, 1, 2));
    expect([...joinDocuments(encodeDocuments(tokenizer, []), 5, BOUNDARY).starts]).toEqual([0]);
  });

  it("goes through every document once an epoch, in another order each time", () => {
    const size = epochTokens(documents);
    const epochs = [0, 1, 2].map((epoch) => {
      const { ids } = take(1, { batch: 1, length: size }, { ...startCursor(3), epoch });
      return tokenizer.decode(ids).split("<|end|>").slice(1);
    });
    // The text with a marker in it is cut by this reading, in all epochs alike.
    const parts = texts.flatMap((text) => text.split("<|end|>")).sort();
    for (const epoch of epochs) expect([...epoch].sort()).toEqual(parts);
    expect(new Set(epochs.map((epoch) => epoch.join("|"))).size).toBeGreaterThan(1);
    expect(take(1, { batch: 1, length: size }, startCursor(3))).toEqual(
      take(1, { batch: 1, length: size }, startCursor(3)),
    );
  });

  it("targets are inputs one step later, across rows, batches and epochs", () => {
    const pack = packer(documents);
    const options = { batch: 3, length: 7, boundary: BOUNDARY };
    let cursor = startCursor(1);
    for (let i = 0; i < 30; i++) {
      const here = pack(options, cursor);
      const next = pack(options, here.cursor);
      expect([...here.inputs, next.inputs[0]].slice(1)).toEqual([...here.targets]);
      expect(here.shape).toEqual([3, 7]);
      expect(here.cursor.tokens).toBe(21 * (i + 1));
      cursor = here.cursor;
    }
    expect(cursor.epoch).toBeGreaterThan(5);
  });

  it("resumes exactly from a stored cursor, also with another shape", () => {
    const shape = fc.record({ batch: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.integer(), shape, shape, fc.nat(20), (seed, first, second, count) => {
        const head = take(count, first, startCursor(seed));
        const tail = take(5, second, JSON.parse(JSON.stringify(head.cursor)) as DataCursor);
        const whole = take(1, { batch: 1, length: head.ids.length + tail.ids.length }, startCursor(seed));
        expect([...head.ids, ...tail.ids]).toEqual(whole.ids);
        expect(tail.cursor).toEqual(whole.cursor);
      }),
      { numRuns: 200 },
    );
  });

  it("shuffles thoroughly", () => {
    const stories = toyStories({ seed: 1, count: 200 });
    const many = encodeDocuments(tokenizer, stories);
    const { inputs } = packer(many)({ batch: 1, length: epochTokens(many), boundary: BOUNDARY }, startCursor(0));
    const order = tokenizer
      .decode(inputs)
      .split("<|end|>")
      .slice(1)
      .map((text) => stories.indexOf(text));
    expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
    expect(order.filter((at, i) => at === i).length).toBeLessThan(10);
    expect(order.filter((at, i) => i > 0 && at === order[i - 1] + 1).length).toBeLessThan(10);
  });

  it("refuses cursors and shapes that cannot be", () => {
    const pack = packer(documents);
    const options = { batch: 1, length: 4, boundary: BOUNDARY };
    for (const change of [{ document: 6 }, { offset: 99 }, { epoch: -1 }, { offset: 0.5 }, { seed: Number.NaN }]) {
      expect(() => pack(options, { ...startCursor(0), ...change })).toThrow(/outside the documents/);
    }
    expect(() => pack({ ...options, length: 0 }, startCursor(0))).toThrow(/length is 0/);
    expect(() => packer(encodeDocuments(tokenizer, []))).toThrow(/no documents/);
  });
});
