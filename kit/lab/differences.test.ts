import { expect, test } from "vitest";
import { llama } from "../model/index.js";
import { convertedConfig, liquidMetal } from "../surgery/index.js";
import { fieldDifferences } from "./index.js";

test("fields that differ, at whatever depth, and none that are equal", () => {
  const before = { rate: 1e-3, name: "a", part: { kind: "lora", rank: 2 }, old: true };
  const after = { rate: 2e-3, name: "a", part: { kind: "lora", rank: 8 }, fresh: { a: 1 } };
  expect(fieldDifferences(before, after)).toEqual([
    "rate is 0.001, not 0.002",
    "part.rank is 2, not 8",
    "old is true, not absent",
    'fresh is absent, not {"a":1}',
  ]);
  expect(fieldDifferences(before, { ...before, none: undefined })).toEqual([]);
});

test("layers that differ alike share a line, also where their values are their own", () => {
  const base = llama({ vocab: 32, width: 16, depth: 6, heads: 2, kvHeads: 2, hidden: 24, context: 16 });
  const [four, two] = [4, 2].map((rank) => convertedConfig(base, { ...liquidMetal, liquid: { rank } }));
  expect(fieldDifferences(four, two)).toEqual(["layers[0-5].norm.rank is 4, not 2"]);
  const some = { ...four, layers: four.layers.map((layer, i) => (i === 0 || i > 3 ? two.layers[i] : layer)) };
  expect(fieldDifferences(four, some)).toEqual(["layers[0,4-5].norm.rank is 4, not 2"]);
  const lists = [{ a: [{ b: [1, 2] }, { b: [1, 2] }] }, { a: [{ b: [1, 3] }, { b: [1, 4] }] }];
  expect(fieldDifferences(lists[0], lists[1])).toEqual(["a[0-1].b[1] is 2, not 3 (the first of 2)"]);
});

test("lists of other lengths are shown, or their lengths", () => {
  expect(fieldDifferences({ layers: [1] }, { layers: [1, 3] })).toEqual(["layers is [1], not [1,3]"]);
  const long = Array.from({ length: 40 }, (_, i) => i);
  expect(fieldDifferences({ layers: long }, { layers: [1] })).toEqual(["layers is a list of 40, not one of 1"]);
});

test("of long texts, where they begin to differ", () => {
  const slices = "slices:\n".padEnd(200, "- sources\n");
  expect(fieldDifferences({ merge: `${slices}0.5, and so on` }, { merge: `${slices}0.25` })).toEqual([
    String.raw`merge is …ces\n- sources\n- 0.5, and so on", not …ces\n- sources\n- 0.25"`,
  ]);
});
