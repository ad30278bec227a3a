import { describe, expect, it } from "vitest";
import { splitTables } from "./find.js";

const find = (names: readonly string[], split: string, name?: string | null): readonly (readonly string[])[] =>
  splitTables(names, { split, name });

describe("the files of a split", () => {
  it("are the shards whose path names it, in their order", () => {
    const names = ["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet", "data/test-00000.parquet"];
    expect(find(names, "train")).toEqual([["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]]);
    expect(find(names, "test")).toEqual([["data/test-00000.parquet"]]);
    expect(find(names, "validation")).toEqual([]);
    expect(find(["Train.jsonl", "arc_easy_test.jsonl"], "test")).toEqual([["arc_easy_test.jsonl"]]);
    expect(find(["main/train_0001.json", "main/train_0002.json"], "train")).toEqual([
      ["main/train_0001.json", "main/train_0002.json"],
    ]);
  });

  it("are not those of a split with a longer name, unless there is but one", () => {
    const names = ["train_sft-0.jsonl", "train_gen-0.jsonl", "test_sft-0.jsonl"];
    expect(find(names, "train_sft")).toEqual([["train_sft-0.jsonl"]]);
    expect(find(names, "train")).toEqual([]);
    expect(find(names, "test")).toEqual([["test_sft-0.jsonl"]]);
    expect(find(["contest.jsonl", "testing.jsonl"], "test")).toEqual([]);
  });

  it("are all of a folder where no name tells a split", () => {
    expect(find(["b.jsonl", "a.jsonl"], "train")).toEqual([["a.jsonl"], ["b.jsonl"]]);
    expect(find(["b.jsonl", "a.jsonl"], "test")).toEqual([]);
    expect(find(["b.jsonl", "val.jsonl"], "train")).toEqual([["b.jsonl"]]);
  });

  it("are of the kind that is read best, and no descriptions", () => {
    const names = ["train.json", "train.jsonl.gz", "train.parquet", "README.train.txt", "dataset_info.json"];
    expect(find(names, "train")).toEqual([["train.parquet"]]);
    expect(find(names.slice(0, 2), "train")).toEqual([["train.jsonl.gz"]]);
    expect(find(names.slice(3), "train")).toEqual([]);
  });

  it("are those of the data set that is named", () => {
    const names = ["boolq/test.jsonl", "copa/test.jsonl"];
    expect(find(names, "test", "copa")).toEqual([["copa/test.jsonl"]]);
    expect(find(names, "test", "rte")).toEqual([]);
    expect(find(names, "test", null)).toEqual([["boolq/test.jsonl"], ["copa/test.jsonl"]]);
    expect(find(["x/test.jsonl"], "test", "default")).toEqual([["x/test.jsonl"]]);
  });

  it("are not those of a data set whose name has it in itself", () => {
    const folders = ["irregular_plural_1/test.jsonl", "regular_plural_1/test.jsonl", "plural_1/test.jsonl"];
    expect(find(folders, "test", "regular_plural_1")).toEqual([["regular_plural_1/test.jsonl"]]);
    expect(find(folders, "test", "plural_1")).toEqual([["plural_1/test.jsonl"]]);
    expect(find(folders.slice(0, 2), "test", "plural_1")).toEqual([]);
    const files = [
      "test-intransitive.jsonl",
      "test-transitive.jsonl",
      "gap_test.jsonl",
      "gap_long_test.jsonl",
      "a.b_test.jsonl",
    ];
    expect(find(files, "test", "transitive")).toEqual([["test-transitive.jsonl"]]);
    expect(find(files, "test", "gap")).toEqual([["gap_test.jsonl"]]);
    expect(find(files, "test", "a.b")).toEqual([["a.b_test.jsonl"]]);
    expect(find(files, "test", "a_b")).toEqual([]);
  });
});
