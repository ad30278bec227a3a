import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { readRef } from "./read.js";
import { readSafetensorsFolder } from "./safetensors.js";
import { type TensorValues, writeSafetensors } from "./safetensors-write.js";

describe("sharded", () => {
  async function shards(index: unknown): Promise<string> {
    const folder = temporaryFolder();
    const one = (value: number): TensorValues => ({ dtype: "F32", shape: [1], values: Float32Array.of(value) });
    await writeSafetensors(join(folder, "s1.safetensors"), [["a", one(1)]]);
    await writeSafetensors(join(folder, "s2.safetensors"), [
      ["b", one(2)],
      ["c", one(3)],
    ]);
    writeFileSync(
      join(folder, "model.safetensors.index.json"),
      typeof index === "string" ? index : JSON.stringify(index),
    );
    return folder;
  }
  const map = { a: "s1.safetensors", b: "s2.safetensors", c: "s2.safetensors" };

  test("reads every shard of the index", async () => {
    const { tensors, files } = await readSafetensorsFolder(
      await shards({ metadata: { total_size: 12 }, weight_map: map }),
    );
    expect([...tensors].map(([name, ref]) => [name, ...readRef(ref)])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
    expect(files).toHaveLength(2);
  });

  test.each([
    ["a missing shard", { weight_map: { ...map, d: "s3.safetensors" } }, /shard "s3.safetensors" is missing/],
    [
      "a tensor elsewhere",
      { weight_map: { ...map, bb: "s2.safetensors" } },
      /places "bb" in s2.safetensors.*nearest name there is "b"/,
    ],
    ["a tensor not listed", { weight_map: { a: map.a, b: map.b } }, /holds "c", which the index does not place/],
    ["a path out of the folder", { weight_map: { a: "../s1.safetensors" } }, /expected a file name/],
    ["no map", { weights: map }, /No weight_map/],
    ["no JSON", '{"weight_map": {', /not valid JSON/],
  ])("%s", async (_, index, message) => {
    await expect(readSafetensorsFolder(await shards(index))).rejects.toThrow(message);
  });
});
