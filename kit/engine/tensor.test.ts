import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import * as e from "./index.js";

describe("tensor", () => {
  it("takes its type from the array and its shape from the count", () => {
    const kinds = [[1.5, 2], Int32Array.of(1), Uint8Array.of(1, 0), Float64Array.of(0.1)].map((x) => {
      const { dtype, shape } = e.tensor(x);
      return `${dtype}[${shape}]`;
    });
    expect(kinds).toEqual(["float32[2]", "int32[1]", "bool[2]", "float32[1]"]);
  });

  it("knows the typed arrays of another realm, such as a notebook's", () => {
    const { ints, bools } = runInNewContext("({ ints: Int32Array.of(3), bools: Uint8Array.of(1) })");
    expect([e.tensor(ints).dtype, e.tensor(bools).dtype]).toEqual(["int32", "bool"]);
  });

  it("comes back as it went in", () => {
    expect(e.read(e.tensor([0.1, -0, 3e38]))).toEqual(Float32Array.of(0.1, -0, 3e38));
    expect(e.read(e.tensor(Int32Array.of(-(2 ** 31), 2 ** 31 - 1)))).toEqual(Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect(e.read(e.tensor([0, 2, -1], [3], "bool"))).toEqual(Uint8Array.of(0, 1, 1));
    expect(e.read(e.tensor([], [0, 3]))).toEqual(new Float32Array());
    expect([e.item(e.scalar(2.5)), e.item(e.tensor([7], [1, 1]))]).toEqual([2.5, 7]);
  });

  it("refuses a shape that does not fit, and numbers that are not of its type", () => {
    expect(() => e.tensor([1, 2], [3])).toThrow("tensor: 2 values do not fill the shape [3]: expected 3 values");
    expect(() => e.tensor([1, 2, 3, 4], [-2, -2])).toThrow("4 values do not fill the shape [-2,-2]");
    for (const bad of [0.5, Number.NaN, 2 ** 31]) {
      expect(() => e.tensor([bad], [1], "int32")).toThrow(`tensor: ${bad} is not an int32`);
    }
    expect(() => e.add(e.range(0, 2), 0.5)).toThrow("tensor: 0.5 is not an int32");
  });

  it("item wants exactly one element", () => {
    expect(() => e.item(e.ones([2, 1]))).toThrow("item: the tensor has 2 elements (shape [2,1]): expected one");
  });

  it("tells tensors from everything else", () => {
    const others = [
      null,
      undefined,
      3,
      "x",
      {},
      { shape: [1], dtype: "F32", file: "x", offset: 0 },
      new Float32Array(1),
    ];
    expect([e.scalar(1), ...others].map(e.isTensor)).toEqual([true, ...others.map(() => false)]);
  });

  it("says which shapes an operation does not take", () => {
    expect(() => e.add(e.ones([2, 3]), e.ones([4]))).toThrow(
      "AddV2(float32[2, 3], float32[4]): Incompatible shapes: [2,3] vs. [4]",
    );
    expect(() => e.matmul(e.ones([2, 3]), e.ones([2, 3]))).toThrow(
      "matmul: [2,3] times [2,3]: expected equal inner sizes and at least two axes each",
    );
    expect(() => e.reshape(e.ones([2, 3]), [4, -1])).toThrow("reshape: [2,3] does not fit into [4,-1]");
    expect(() => e.split(e.ones([5]), [2, 2])).toThrow("split: the sizes 2 + 2 do not make 5 (shape [5])");
    expect(() => e.concat([])).toThrow("concat: there is nothing to join");
    expect(() => e.slice(e.ones([2]), [1], [3])).toThrow(
      /^Slice\(float32\[2\], 1, 3\): Expected size\[0\] in \[0, 1\], but got 3/,
    );
  });
});
