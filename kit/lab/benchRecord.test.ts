import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { type BenchRecord, benchMedian, readBenches, writeBench } from "./benchRecord.js";

const record: BenchRecord = {
  bench: "decode",
  machine: "one",
  rounds: 3,
  figures: [{ model: "attention", measure: "ms a token", at: 10, median: 2, min: 1, max: 3 }],
};

test("a record comes back, and its figures are found by model, measure and place", async () => {
  const folder = join(temporaryFolder(), "benches");
  expect(readBenches(folder)).toEqual([]);
  await writeBench({ ...record, rounds: 1 }, folder);
  const path = await writeBench(record, folder);
  expect(readdirSync(folder)).toEqual(["decode.json"]);
  expect(path).toBe(join(folder, "decode.json"));
  const [back] = readBenches(folder);
  expect(back).toEqual(record);
  expect(benchMedian(back, "attention", "ms a token", 10)).toBe(2);
  expect(benchMedian(back, "attention", "ms a token", 100)).toBeUndefined();
  expect(benchMedian(back, "attention", "ms a prompt", 10)).toBeUndefined();
});

test("a damaged record is one clear error", async () => {
  const folder = temporaryFolder();
  const path = await writeBench(record, folder);
  writeFileSync(path, "{");
  expect(() => readBenches(folder)).toThrow(/decode\.json is not JSON.*bench -- decode --record/s);
  writeFileSync(path, JSON.stringify({ ...record, rounds: 0 }));
  expect(() => readBenches(folder)).toThrow(/rounds is 0 .*decode\.json.*whole number from 1/s);
});
