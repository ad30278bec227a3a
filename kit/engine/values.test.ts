/** What each operation computes, against numbers worked out by hand, on every backend. */
import { describe, expect, it } from "vitest";
import * as e from "./index.js";

const f = (shape: number[], ...values: number[]): e.Tensor => e.tensor(values, shape, "float32");
const i = (shape: number[], ...values: number[]): e.Tensor => e.tensor(values, shape, "int32");
const b = (shape: number[], ...values: number[]): e.Tensor => e.tensor(values, shape, "bool");

type Row = [name: string, inputs: e.Tensor[], fn: (...xs: e.Tensor[]) => e.Tensor, expected: string];

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const [rows, cube] = [i([2, 3], 0, 1, 2, 3, 4, 5), i([2, 2, 2], 0, 1, 2, 3, 4, 5, 6, 7)];
const [ab, cd] = [i([2], 1, 2), i([2], 3, 4)];

const elementwise: Row[] = [
  ["add of integers", [ab, cd], e.add, "int32[2] 4 6"],
  ["add as a reducer, which is handed four arguments", [ab, cd], (...xs) => xs.reduce(e.add), "int32[2] 4 6"],
  ["greater as a reducer", [ab, cd], (...xs) => xs.reduce(e.greater), "bool[2] 0 0"],
  ["sub of a number from integers", [ab], (x) => e.sub(x, 7), "int32[2] -6 -5"],
  ["mul of a number by integers", [ab], (x) => e.mul(-3, x), "int32[2] -3 -6"],
  ["div", [f([2], 1, 3)], (x) => e.div(x, 2), "float32[2] 0.5 1.5"],
  ["maximum of integers and a number", [i([2], 5, -2)], (x) => e.maximum(x, 0), "int32[2] 5 0"],
  ["clip", [f([3], -2, 0.5, 3)], (x) => e.clip(x, -1, 1), "float32[3] -1 0.5 1"],
  ["neg of integers", [ab], e.neg, "int32[2] -1 -2"],
  ["equal", [i([3], 1, 2, 1)], (x) => e.equal(x, 1), "bool[3] 1 0 1"],
  ["greater", [f([3], 1, 2, 3), f([1], 2)], e.greater, "bool[3] 0 0 1"],
  ["greaterEqual", [f([3], 1, 2, 3), f([1], 2)], e.greaterEqual, "bool[3] 0 1 1"],
  ["less, number first", [i([3], 1, 2, 3)], (x) => e.less(2, x), "bool[3] 0 0 1"],
  ["lessEqual", [i([3], 1, 2, 3)], (x) => e.lessEqual(x, 2), "bool[3] 1 1 0"],
  ["equal of NaN", [f([1], nan)], (x) => e.equal(x, x), "bool[1] 0"],
  ["and", [b([4], 0, 0, 1, 1), b([4], 0, 1, 0, 1)], e.and, "bool[4] 0 0 0 1"],
  ["or", [b([4], 0, 0, 1, 1), b([4], 0, 1, 0, 1)], e.or, "bool[4] 0 1 1 1"],
  ["not", [b([2], 0, 1)], e.not, "bool[2] 1 0"],
  ["where with numbers", [b([2], 0, 1)], (c) => e.where(c, 1, -1), "float32[2] -1 1"],
  ["where with integers", [b([2], 0, 1), ab], (c, x) => e.where(c, x, 0), "int32[2] 0 2"],
  ["where, blind to the other side", [b([2], 0, 1), f([2], nan, 2)], (c, x) => e.where(c, x, 1), "float32[2] 1 2"],
  ["where, three shapes", [b([2, 1], 1, 0), f([2], 1, 2)], (c, x) => e.where(c, x, 0), "float32[2,2] 1 2 0 0"],
  ["cast to integers, truncated", [f([3], 1.7, -1.7, 0.2)], (x) => e.cast(x, "int32"), "int32[3] 1 -1 0"],
  ["cast of booleans", [b([2], 0, 1)], (x) => e.cast(x, "float32"), "float32[2] 0 1"],
  ["cast to booleans", [f([2], 0, -0.5)], (x) => e.cast(x, "bool"), "bool[2] 0 1"],
  ["cast of integers", [i([2], 3, -1)], (x) => e.cast(x, "float32"), "float32[2] 3 -1"],
  ["round, half to even", [f([6], -2.5, -1.5, -0.4, 0.5, 1.5, 2.5)], e.round, "float32[6] -2 -2 0 0 2 2"],
  ["floor", [f([2], -0.5, 1.5)], e.floor, "float32[2] -1 1"],
  ["sign", [f([3], -3, 0, 2)], e.sign, "float32[3] -1 0 1"],
  ["finiteMask", [f([4], 1, nan, inf, -inf)], e.finiteMask, "bool[4] 1 0 0 0"],
  ["stopGradient", [f([2], 1, 2)], e.stopGradient, "float32[2] 1 2"],
  ["softplus without overflow", [f([3], -200, 0, 200)], e.softplus, "float32[3] 0 0.6931472 200"],
];

const reductions: Row[] = [
  ["softmax without overflow", [f([3], 1e4, 1e4, -1e4)], e.softmax, "float32[3] 0.5 0.5 0"],
  ["logSoftmax without overflow", [f([2], 1e4, 0)], e.logSoftmax, "float32[2] 0 -10000"],
  ["logSumExp without overflow", [f([2], 200, 200)], (x) => e.logSumExp(x), "float32[] 200.6931472"],
  ["logSumExp of −∞ alone", [f([2], -inf, -inf)], (x) => e.logSumExp(x), "float32[] -Infinity"],
  ["logSumExp, kept", [f([2, 1], 0, 0)], (x) => e.logSumExp(x, { axis: 0, keep: true }), "float32[1,1] 0.6931472"],
  ["sum of integers", [rows], (x) => e.sum(x, { axis: 0 }), "int32[3] 3 5 7"],
  ["sum of two axes", [cube], (x) => e.sum(x, { axis: [0, -1] }), "int32[2] 10 18"],
  ["mean", [f([2, 2], 1, 2, 3, 6)], (x) => e.mean(x), "float32[] 3"],
  ["max, kept", [i([2, 2], 1, 5, 7, 2)], (x) => e.max(x, { axis: -1, keep: true }), "int32[2,1] 5 7"],
  ["min", [f([2, 2], 1, 5, 7, 2)], (x) => e.min(x, { axis: 0 }), "float32[2] 1 2"],
  ["argmax, first of a tie", [f([2, 3], 1, 5, 5, 7, 2, 7)], (x) => e.argmax(x), "int32[2] 1 0"],
  ["argmax of the first axis", [i([2, 2], 1, 5, 7, 2)], (x) => e.argmax(x, 0), "int32[2] 1 0"],
  ["all of some", [b([2], 1, 0)], e.all, "bool[] 0"],
  ["all of all", [b([2], 1, 1)], e.all, "bool[] 1"],
  ["cumsum of integers", [i([3], 1, 2, 3)], (x) => e.cumsum(x), "int32[3] 1 3 6"],
  ["cumsum, exclusive", [i([3, 1], 1, 2, 3)], (x) => e.cumsum(x, 0, { exclusive: true }), "int32[3,1] 0 1 3"],
  ["cumsum, reverse", [i([1, 3], 1, 2, 3)], (x) => e.cumsum(x, -1, { reverse: true }), "int32[1,3] 6 5 3"],
  ["broadcastTo", [ab], (x) => e.broadcastTo(x, [2, 2]), "int32[2,2] 1 2 1 2"],
  ["sumTo", [f([2, 2], 1, 2, 3, 4)], (x) => e.sumTo(x, [2, 1]), "float32[2,1] 3 7"],
];

const shapes: Row[] = [
  ["reshape", [rows], (x) => e.reshape(x, [-1, 2]), "int32[3,2] 0 1 2 3 4 5"],
  ["expandAt", [ab], (x) => e.expandAt(x, [0, 2]), "int32[1,2,1] 1 2"],
  ["transpose of booleans", [b([2, 2], 0, 1, 0, 0)], (x) => e.transpose(x), "bool[2,2] 0 0 1 0"],
  ["transpose of three axes", [cube], (x) => e.transpose(x, [2, 0, 1]), "int32[2,2,2] 0 2 4 6 1 3 5 7"],
  ["slice to the end", [rows], (x) => e.slice(x, [1, 1], [1, -1]), "int32[1,2] 4 5"],
  ["narrow", [rows], (x) => e.narrow(x, -1, 2, 1), "int32[2,1] 2 5"],
  ["pad of integers", [ab], (x) => e.pad(x, [[1, 2]]), "int32[5] 0 1 2 0 0"],
  ["concat", [i([2, 1], 1, 2), rows], (x, y) => e.concat([x, y], -1), "int32[2,4] 1 0 1 2 2 3 4 5"],
  ["concat of one", [ab], (x) => e.concat([x]), "int32[2] 1 2"],
  ["stack along the last axis", [ab, cd], (x, y) => e.stack([x, y], -1), "int32[2,2] 1 3 2 4"],
  ["first part of a split", [rows], (x) => e.split(x, [1, 2])[0], "int32[2,1] 0 3"],
  ["last part of a split", [rows], (x) => e.split(x, [1, 1], 0)[1], "int32[1,3] 3 4 5"],
  ["full", [], () => e.full([2], 7, "int32"), "int32[2] 7 7"],
  ["zeros", [], () => e.zeros([1, 2], "bool"), "bool[1,2] 0 0"],
  ["ones", [], () => e.ones([2]), "float32[2] 1 1"],
  ["range", [], () => e.range(-1, 2), "int32[3] -1 0 1"],
  ["eye", [], () => e.eye(2), "float32[2,2] 1 0 0 1"],
  ["causalMask", [], () => e.causalMask(3), "bool[3,3] 1 0 0 1 1 0 1 1 1"],
  ["causalMask with a past", [], () => e.causalMask(2, 3, 1), "bool[2,3] 1 1 0 1 1 1"],
];

const [left, right, tall] = [f([2, 2], 1, 2, 3, 4), f([2, 3], 5, 6, 7, 8, 9, 10), f([2, 1], 5, 6)];
const product = "float32[2,3] 21 24 27 47 54 61";

const products: Row[] = [
  ["gather of rows", [rows, i([3], 1, 1, 0)], (x, ids) => e.gather(x, ids), "int32[3,3] 3 4 5 3 4 5 0 1 2"],
  ["gather along the last axis", [rows, i([2], 2, 0)], (x, ids) => e.gather(x, ids, -1), "int32[2,2] 2 0 5 3"],
  ["segmentSum", [f([3, 1], 1, 3, 5), i([3], 1, -1, 1)], (x, ids) => e.segmentSum(x, ids, 2), "float32[2,1] 0 6"],
  ["oneHot, zero for ids outside", [i([3], 1, -1, 2)], (x) => e.oneHot(x, 2), "float32[3,2] 0 1 0 0 0 0"],
  ["matmul", [left, right], (x, y) => e.matmul(x, y), product],
  ["matmul, left", [e.transpose(left), right], (x, y) => e.matmul(x, y, { left: true }), product],
  ["matmul, right", [left, e.transpose(right)], (x, y) => e.matmul(x, y, { right: true }), product],
  ["matmul, batched", [f([2, 1, 2], 1, 2, 3, 4), tall], (x, y) => e.matmul(x, y), "float32[2,1,1] 17 39"],
  ["matmulTransposed", [f([1, 1, 2], 1, 2), left], e.matmulTransposed, "float32[1,1,2] 5 11"],
  ["convolution", [f([1, 3, 1], 1, 2, 3), f([2, 1], 10, 1)], e.causalConvolution, "float32[1,3,1] 1 12 23"],
  [
    "sparseCrossEntropy",
    [f([1, 2], 0, 0), i([1], 1)],
    (x, ids) => e.sparseCrossEntropy(x, ids).losses,
    "float32[1] 0.6931472",
  ],
  [
    "gradient of sparseCrossEntropy",
    [f([1, 2], 0, 0), i([1], 1)],
    (x, ids) => e.sparseCrossEntropy(x, ids).gradient,
    "float32[1,2] 0.5 -0.5",
  ],
];

const all = [...elementwise, ...reductions, ...shapes, ...products];

describe.each(all)("%s", (_, inputs, fn, text) => {
  it.each(["eager", "graph", "xla"] as const)("%s", (backend) => {
    e.scope(() => {
      const result = e.compile(fn, { backend })(...inputs);
      const [kind, ...numbers] = text.split(" ");
      const expected = numbers.map(Number);
      expect(`${result.dtype}[${result.shape}]`).toBe(kind);
      const values = [...e.read(result)];
      const close = (x: number, i: number): boolean =>
        x === expected[i] || Math.abs(x - expected[i]) <= 1e-6 * Math.max(1, Math.abs(expected[i]));
      expect(values.length).toBe(expected.length);
      expect(values.every(close), `${values} should be ${expected}`).toBe(true);
    });
  });
});

it("leave nothing behind but their result, even outside a scope", () => {
  for (const [name, inputs, fn] of all.filter(([name]) => !/split|sparseCrossEntropy/.test(name))) {
    const before = e.liveTensors();
    const result = fn(...inputs);
    expect([name, e.liveTensors() - before]).toEqual([name, 1]);
    e.free(result);
  }
});
