import { describe, expect, it } from "vitest";
import * as e from "./index.js";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe("finite checks", () => {
  const tree = {
    good: e.tensor([1, -3e38]),
    ids: e.range(0, 2),
    layers: [e.tensor([1, nan]), { q: e.tensor([-inf]) }, e.tensor([inf, 1])],
  };

  it("list the leaves that hold NaN or an infinity", () => {
    expect(e.nonFinite(tree)).toEqual(["layers.0", "layers.1.q", "layers.2"]);
    expect(e.nonFinite({ a: tree.good, b: tree.ids })).toEqual([]);
  });

  it("throw with the first of them", () => {
    expect(() => e.assertFinite(tree, "the gradient")).toThrow(
      "the gradient holds NaN or an infinity (layers.0, layers.1.q, layers.2)",
    );
    const many = Array.from({ length: 7 }, () => e.scalar(nan));
    expect(() => e.assertFinite(many, "x")).toThrow("(0, 1, 2, 3, 4, …)");
    e.assertFinite(tree.good, "x");
  });

  it("leave nothing behind", () => {
    const before = e.liveTensors();
    e.nonFinite(tree);
    expect(e.liveTensors()).toBe(before);
  });
});
