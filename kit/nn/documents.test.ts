import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { wholeTable } from "./attention.js";
import { attentionMaps, documentsOf, linear, runningMean } from "./index.js";
import { pool } from "./pool.js";
import { convolution } from "./shortConvolution.js";

const segments = e.tensor(Int32Array.of(0, 0, 1, 2, 2, 2, 0, 0, 0, 0, 0, 4), [2, 6]);
const documents = documentsOf(segments);
const lengths = [
  [2, 1, 3],
  [5, 1],
];

/** What `alone` makes of each document by itself, put together again. */
function apart(x: e.Tensor, alone: (document: e.Tensor) => e.Tensor): e.Tensor {
  const rows = lengths.map((row, b) => {
    const starts = row.map((_, i) => row.slice(0, i).reduce((sum, length) => sum + length, 0));
    return e.concat(
      row.map((length, i) => alone(e.narrow(e.narrow(x, 0, b, 1), 1, starts[i], length))),
      1,
    );
  });
  return e.concat(rows, 0);
}

const x = e.random.normal(e.random.key(3), [2, 6, 5]);

describe("documents of a row", () => {
  it("are those of equal numbers, and positions begin anew with each", () => {
    expect([...e.read(documents.positions)]).toEqual([0, 1, 0, 0, 1, 2, 0, 1, 2, 3, 4, 0]);
    const same = e.read(e.cast(documents.seen, "float32"));
    expect([...same.slice(6, 12)]).toEqual([1, 1, 0, 0, 0, 0]);
    expect([...same.slice(24, 30)]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it("may branch: ends see the beginning and not each other, and each goes on from it", () => {
    const numbers = (...values: number[]) => e.tensor(Int32Array.from(values), [1, 6]);
    const branching = documentsOf(numbers(0, 0, 0, 0, 0, 1), numbers(0, 0, 1, 2, 2, 0));
    expect([...e.read(branching.positions)]).toEqual([0, 1, 2, 2, 3, 0]);
    const seen = e.read(e.cast(branching.seen, "float32"));
    expect([...seen.slice(12, 18)]).toEqual([1, 1, 1, 0, 0, 0]);
    expect([...seen.slice(24, 30)]).toEqual([1, 1, 0, 1, 1, 0]);
  });

  it("have the angles of their own positions", () => {
    const spec = { heads: 1, kvHeads: 1, headDim: 4, rope: { theta: 100, layout: "half" } } as const;
    const table = wholeTable(x, spec);
    const { cos, sin } = wholeTable(x, spec, documents);
    expect(cos.shape).toEqual([2, 1, 6, 2]);
    const expected = (values: e.Tensor) => [...e.read(e.gather(values, documents.positions))];
    expect([[...e.read(cos)], [...e.read(sin)]]).toEqual([expected(table.cos), expected(table.sin)]);
  });

  it("have zeros before their first token where a convolution looks back", () => {
    const kernel = e.random.normal(e.random.key(4), [4, 5]);
    const expected = apart(x, (document) => convolution(document, kernel));
    close(e.read(convolution(x, kernel, documents)), e.read(expected), 1e-6);
  });

  it("have maps of their own", () => {
    const spec = { heads: 2, kvHeads: 1, headDim: 4, rope: { theta: 100, layout: "half" } } as const;
    const draw = (seed: number, rows: number) => e.random.normal(e.random.key(seed), [rows, 5]);
    const params = { q: draw(5, 8), k: draw(6, 4), v: draw(7, 4), o: draw(8, 5) };
    const maps = e.read(attentionMaps(params, x, spec, linear, documents));
    const alone = e.read(attentionMaps(params, e.narrow(e.narrow(x, 0, 0, 1), 1, 3, 3), spec));
    // The last document of the first row: tokens 3 to 5 of the first head's map.
    for (const [t, row] of [3, 4, 5].entries()) {
      close(maps.subarray(6 * row, 6 * row + 6), [0, 0, 0, ...alone.subarray(3 * t, 3 * t + 3)], 1e-6);
    }
  });

  it("have means of their own", () => {
    const ema = { kind: "ema", decay: 0.8 } as const;
    close(e.read(pool(x, ema, documents)), e.read(apart(x, (document) => runningMean(document, 0.8))), 1e-6);
    const whole = apart(x, (document) => e.broadcastTo(pool(document, { kind: "sequence" }), document.shape));
    close(e.read(pool(x, { kind: "sequence" }, documents)), e.read(whole), 1e-6);
  });
});
