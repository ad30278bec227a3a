import { expect, it } from "vitest";
import { bundleOf } from "../notebook/rendering.js";
import "../notebook/dataFrames.js";
import { Archive, describeFrame, endedWell, frame, stepsFrame } from "./index.js";
import { armOf, copiedRecords, folder, smallSpec, unreachable, writeRecord } from "./testing/records.js";

const recordsIn = (root: string) => new Archive(root, unreachable).records();

it("has a row for each record, in the order of their paths", async () => {
  const runs = await frame(recordsIn(copiedRecords()));
  expect(runs.shape).toEqual([9, 14]);
  expect(runs.column("arm").values).toEqual(["much", "none", "some"].flatMap((arm) => [arm, arm, arm]));
  expect(runs.column("bitsPerByte").values.slice(3, 6)).toEqual([2.072, 2.066, 2.091]);
  expect(runs.column("tokens").values).toEqual(Array(9).fill(2560));
  const means = runs.groupby(["arm"]).col(["bitsPerByte"]).mean();
  expect(means.columns).toEqual(["arm", "bitsPerByte_mean"]);
  expect(means.values).toEqual([
    ["much", expect.closeTo(2.081, 9)],
    ["none", expect.closeTo(2.076333333, 9)],
    ["some", expect.closeTo(2.044, 9)],
  ]);
});

it("keeps what is missing missing", async () => {
  const root = folder();
  const run = { study: "decay", arm: "none", seed: 0, spec: smallSpec };
  writeRecord(run, root, { bitsPerByte: 2, measures: { zeros: 0.4 } });
  writeRecord({ ...run, seed: 1 }, root, { bitsPerByte: null });
  writeRecord({ ...run, seed: 2 }, root, { bitsPerByte: 3 });
  const runs = await frame(recordsIn(root));
  expect(runs.column("bitsPerByte").values).toEqual([2, NaN, 3]);
  expect(runs.column("measures.zeros").values).toEqual([0.4, NaN, NaN]);
  expect(runs.column("ending").values).toEqual(["done", "diverged", "done"]);
  expect((await frame(recordsIn(root).filter(endedWell))).shape[0]).toBe(2);
  const rows = (await describeFrame(runs)).values as readonly (readonly unknown[])[];
  expect(rows.find(([column]) => column === "bitsPerByte")).toEqual(["bitsPerByte", 2, 2.5, Math.SQRT1_2, 2, 2.5, 3]);
  expect(rows.find(([column]) => column === "measures.zeros")).toEqual(["measures.zeros", 1, 0.4, NaN, 0.4, 0.4, 0.4]);
  expect(rows.map(([column]) => column)).not.toContain("ending");
});

it("has its columns without any record", async () => {
  expect((await frame([])).columns).toContain("bitsPerByte");
  expect((await stepsFrame([])).shape).toEqual([0, 10]);
});

it("has a row for each recorded step", async () => {
  const root = folder();
  const run = { study: "decay", arm: "some", seed: 1, spec: armOf(0.1).spec };
  writeRecord(run, root, { bitsPerByte: 2 });
  const steps = await stepsFrame(recordsIn(root));
  expect(steps.shape).toEqual([10, 10]);
  expect(steps.column("step").values).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  expect(steps.column("lossNats").values[9]).toBeCloseTo(4, 9);
});

it("computes with the engine's TensorFlow where danfojs needs tensors", async () => {
  const runs = await frame(recordsIn(copiedRecords()));
  const doubled = runs.loc({ columns: ["bitsPerByte", "seed"] }).mul(2);
  expect(doubled.values[3]).toEqual([expect.closeTo(2 * 2.072, 6), 0]);
});

it("tells the studies of a folder apart", async () => {
  const root = copiedRecords();
  writeRecord({ study: "other", arm: "a", seed: 0, spec: smallSpec }, root, { bitsPerByte: 1 });
  expect((await frame(recordsIn(root))).column("study").unique().values).toEqual(["decay", "other"]);
});

it("is shown by notebooks as a table", async () => {
  const runs = await frame(recordsIn(copiedRecords()));
  expect(String((await bundleOf(runs))?.["text/plain"])).toMatch(/^9 rows × 14 columns\nstudy +arm +seed /);
});
