import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { TensorRef } from "./ref.js";
import { entries, leaves, map } from "./tree.js";

class Leaf {
  constructor(readonly value: number) {}
}

const ref: TensorRef = { file: "/f", offset: 8, bytes: 4, dtype: "F32", shape: [1] };

describe("tree", () => {
  const tree = { embed: new Leaf(1), layers: [{ q: new Leaf(2) }, { q: new Leaf(3), none: undefined }], norm: [] };

  it("lists leaves depth first with their paths", () => {
    expect(entries<Leaf>(tree).map(([path, { value }]) => [path, value])).toEqual([
      ["embed", 1],
      ["layers.0.q", 2],
      ["layers.1.q", 3],
    ]);
    expect(leaves<Leaf>(tree).map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(entries(ref)).toEqual([["", ref]]);
  });

  it("maps leaves with their paths and keeps the nesting", () => {
    const mapped = map<Leaf, string, typeof tree>(tree, ({ value }, path) => `${path}=${value}`);
    expect(mapped).toEqual({
      embed: "embed=1",
      layers: [{ q: "layers.0.q=2" }, { q: "layers.1.q=3", none: undefined }],
      norm: [],
    });
    expect(map<Leaf, Leaf, typeof tree>(tree, (leaf) => leaf)).not.toBe(tree);
  });

  it("takes instances of classes, functions, numbers and null for leaves", () => {
    const odd = [new Leaf(1), new Map(), () => 0, 3, "s", null, new Float32Array(2)];
    expect(leaves(odd)).toEqual(odd);
  });

  it("takes a TensorRef for a leaf, though it is a plain object", () => {
    expect(entries({ layers: [{ q: ref }] })).toEqual([["layers.0.q", ref]]);
  });

  it("walks objects of another realm, such as a notebook's, and those without a prototype", () => {
    const foreign = runInNewContext("({ a: [1, { b: 2 }], c: Object.assign(Object.create(null), { d: 3 }) })");
    expect(entries(foreign)).toEqual([
      ["a.0", 1],
      ["a.1.b", 2],
      ["c.d", 3],
    ]);
  });

  it("treats a key named __proto__ as any other", () => {
    const hostile = JSON.parse('{ "__proto__": { "x": 1 } }');
    expect(entries(hostile)).toEqual([["__proto__.x", 1]]);
    const mapped = map<number, number, object>(hostile, (n) => n + 1);
    expect([Object.keys(mapped), ({} as { x?: number }).x]).toEqual([["__proto__"], undefined]);
  });
});
