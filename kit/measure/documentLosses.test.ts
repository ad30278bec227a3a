import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  batch,
  deltaNet,
  init,
  llama,
  logits,
  type Model,
  type ModelConfig,
  type ModelParams,
} from "../model/index.js";
import type { Documents } from "../text/index.js";
import { type DocumentScoring, documentLosses, documentScorer, textLoss } from "./index.js";
import { cutWindows, lengthClass } from "./windows.js";

const vocab = 29;
const boundary = 3;
const shared = { vocab, width: 16, depth: 2, heads: 2, hidden: 24, context: 64 };
const models = {
  attention: lively(llama({ ...shared, tied: false }), 5),
  "gated DeltaNet": lively(deltaNet({ ...shared, keyDim: 4, valueDim: 8, chunk: 16 }), 6),
};

/** Weights large enough that what a token is predicted from matters. */
function lively(config: ModelConfig, seed: number): Model<e.Tensor> {
  const params = e.tree.map<e.Tensor, e.Tensor, ModelParams<e.Tensor>>(init(config, seed).params, (leaf) =>
    leaf.shape.length === 2 ? e.mul(leaf, 8) : leaf,
  );
  return { config, params: params as ModelParams<e.Tensor> };
}

/** Documents of these lengths; a document's ids depend on its own length and `seed` alone. */
function documentsOf(lengths: readonly number[], seed = 1): Documents {
  const ids = lengths.flatMap((length) =>
    Array.from({ length }, (_, i) => (i * i * 7 + i * 5 + length * 11 + seed) % vocab),
  );
  const starts = [0];
  for (const length of lengths) starts.push(starts[starts.length - 1] + length);
  return {
    ids: Int32Array.from(ids),
    starts: Int32Array.from(starts),
    bytes: Int32Array.from(lengths, (length) => 3 * length + 1),
  };
}

/** The definition: `−log softmax(logits)` of each token in float64, one document at a time, nothing padded or compiled. */
function reference(model: Model<e.Tensor>, { ids, starts }: Documents): number[][] {
  return Array.from({ length: starts.length - 1 }, (_, i) => {
    const document = [...ids.slice(starts[i], starts[i + 1])];
    return positions(model, [boundary, ...document], [...document, boundary]);
  });
}

function positions(model: Model<e.Tensor>, inputs: readonly number[], targets: readonly number[]): number[] {
  const scores = e.scope(() => e.read(logits(model, batch([inputs]))));
  return targets.map((target, t) => {
    const row = Array.from(scores.slice(t * vocab, (t + 1) * vocab));
    return Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[target];
  });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.each(Object.entries(models))("documentLosses (%s)", (_, model) => {
  const lengths = [5, 40, 0, 31, 32, 33, 63, 1, 17];
  const documents = documentsOf(lengths);
  const expected = reference(model, documents);

  it("counts the tokens that are to be learnt only, and an end behind one of them", () => {
    const counted = Uint8Array.from(documents.ids, (_, i) => (i % 3 === 0 ? 1 : 0));
    const { nats, tokens, documents: each } = documentLosses(model, { ...documents, counted }, { boundary });
    const kept = expected.map((losses, document) => {
      const first = documents.starts[document];
      return losses.filter((_, i) => losses.length > 1 && (first + Math.min(i, losses.length - 2)) % 3 === 0);
    });
    expect([...each.tokens]).toEqual(kept.map(({ length }) => length));
    expect(tokens).toBe(sum(kept.map(({ length }) => length)));
    close(each.nats, kept.map(sum), 1e-5);
    expect(nats).toBeCloseTo(sum(kept.flat()), 4);
  });

  it.each<[string, Partial<DocumentScoring>]>([
    ["in one batch", {}],
    ["one window at a time", { batchTokens: 1 }],
    ["in batches of two lengths", { batchTokens: 130 }],
    ["eagerly", { backend: "eager" }],
    ["under XLA", { backend: "xla" }],
  ])("is the sum of each token's −log p, %s", (_, scoring) => {
    const losses = documentLosses(model, documents, { boundary, ...scoring });
    close(losses.documents.nats, expected.map(sum), 1e-5);
    expect([...losses.documents.tokens]).toEqual(lengths.map((length) => length + 1));
    expect([...losses.documents.bytes]).toEqual([...documents.bytes]);
    expect(losses.tokens).toBe(sum(lengths) + lengths.length);
    expect(Math.abs(losses.nats - sum(expected.map(sum)))).toBeLessThan(1e-5 * losses.nats);
  });

  it("does not depend on the order of the documents", () => {
    const order = lengths.map((_, i) => (i * 4 + 2) % lengths.length);
    const shuffled = documentsOf(order.map((i) => lengths[i]));
    const [one, other] = [documents, shuffled].map((of) => documentLosses(model, of, { boundary, batchTokens: 100 }));
    close(
      other.documents.nats,
      order.map((i) => one.documents.nats[i]),
      1e-5,
    );
    expect(other.bitsPerByte).toBeCloseTo(one.bitsPerByte, 6);
  });

  it("counts each position where it stands", () => {
    const bucket = 8;
    const { byPosition } = documentLosses(model, documents, { boundary, positions: { bucket, most: 48 } });
    for (const { from, to, tokens, natsPerToken } of byPosition) {
      const there = expected.flatMap((losses) => losses.slice(from, to));
      expect(to - from).toBe(bucket);
      expect(tokens).toBe(there.length);
      expect(natsPerToken).toBeCloseTo(sum(there) / there.length, 5);
    }
    expect(byPosition.map(({ from }) => from)).toEqual([0, 8, 16, 24, 32, 40]);
  });

  it("continues what is longer than the window: a token sees the window, or what the stride leaves of it", () => {
    const [window, stride] = [24, 8];
    const long = documentsOf([70]);
    const inputs = [boundary, ...long.ids];
    const targets = [...long.ids, boundary];
    // Position by position: the last window that has begun when the position is first covered.
    const direct = targets.map((_, position) => {
      const start = position < window ? 0 : Math.ceil((position + 1 - window) / stride) * stride;
      const end = Math.min(start + window, targets.length);
      return positions(model, inputs.slice(start, end), targets.slice(start, end))[position - start];
    });
    const { documents, tokens } = documentLosses(model, long, { boundary, window, stride });
    expect(tokens).toBe(71);
    close(documents.nats, [sum(direct)], 1e-5);
  });
});

describe("documentScorer", () => {
  const model = models.attention;

  it("scores other documents and weights with what it compiled", () => {
    const score = documentScorer(model.config, { boundary });
    const [first, second] = [documentsOf([10, 20]), documentsOf([12, 3, 0], 2)];
    const other = lively(model.config, 9);
    expect(score(model.params, first).nats).toBeCloseTo(sum(reference(model, first).flat()), 4);
    expect(score(other.params, second).nats).toBeCloseTo(sum(reference(other, second).flat()), 4);
  });

  it("frees what it made, and tells how far it is", () => {
    const seen: [number, number][] = [];
    const score = documentScorer(model.config, {
      boundary,
      batchTokens: 64,
      progress: (scored, tokens) => seen.push([scored, tokens]),
    });
    const documents = documentsOf([10, 20, 30]);
    score(model.params, documents);
    expect(seen).toEqual([
      [52, 63],
      [63, 63],
    ]);
    const live = e.liveTensors();
    score(model.params, documents);
    expect(e.liveTensors()).toBe(live);
  });

  it("refuses ids and windows that cannot be", () => {
    const documents = documentsOf([4]);
    expect(() => documentScorer(model.config, { boundary: vocab })).toThrow(/the boundary is 29 .*0 to 28/);
    const outside = { ...documents, ids: Int32Array.of(1, 2, -1, 3) };
    expect(() => documentLosses(model, outside, { boundary })).toThrow(/a token of the documents is -1/);
    expect(() => documentLosses(model, documents, { boundary, window: 0 })).toThrow(/the window is 0/);
    expect(() => documentLosses(model, documents, { boundary, window: 8, stride: 9 })).toThrow(/1 to the window, 8/);
    expect(() => documentLosses(model, documents, { boundary, batchTokens: Number.NaN })).toThrow(/batches of NaN/);
    expect(() => documentLosses(model, documents, { boundary, positions: { bucket: 5, most: 12 } })).toThrow(/of 5/);
  });
});

describe("textLoss", () => {
  it("says the same in nats per token, bits per byte and perplexity", () => {
    const { natsPerToken, bitsPerByte, perplexity } = textLoss(300, 100, 400);
    expect(natsPerToken).toBe(3);
    expect(perplexity).toBe(Math.exp(3));
    // A uniform code over 256 bytes costs 8 bits each.
    expect(textLoss(50 * Math.log(256), 10, 50).bitsPerByte).toBeCloseTo(8, 12);
    expect(bitsPerByte * 400 * Math.LN2).toBeCloseTo(300, 10);
  });
});

describe("windows", () => {
  it("score every position once, and read at most the window", () => {
    const rule = fc
      .integer({ min: 1, max: 40 })
      .chain((window) => fc.record({ window: fc.constant(window), stride: fc.integer({ min: 1, max: window }) }));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 })), rule, (lengths, { window, stride }) => {
        const seen = lengths.map((length) => new Int32Array(length));
        for (const { document, start, scored, end } of cutWindows(lengths, { window, stride })) {
          expect(end - start).toBeLessThanOrEqual(window);
          expect(scored === 0 || scored - start >= window - stride).toBe(true);
          for (let position = scored; position < end; position++) seen[document][position]++;
        }
        for (const counts of seen) expect(counts.every((count) => count === 1)).toBe(true);
      }),
    );
  });

  it("have few lengths, at most a half longer than they need", () => {
    expect([1, 32, 33, 48, 49, 65, 96, 97, 200, 257, 500].map((length) => lengthClass(length))).toEqual([
      32, 32, 48, 48, 64, 96, 96, 128, 256, 384, 512,
    ]);
    for (let length = 32; length < 5000; length++) expect(lengthClass(length) / length).toBeLessThan(1.5);
  });
});
