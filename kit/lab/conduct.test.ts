import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { armRuns, conduct, type Run } from "./index.js";
import { folder, smallStudy, writeRecord } from "./testing/records.js";

it("asks once for a run whose record cannot be read", async () => {
  const records = folder();
  const damaged = armRuns(smallStudy, "some")[0];
  writeFileSync(writeRecord(damaged, records, { bitsPerByte: 2 }), "");
  const asked: Run[] = [];
  const execute = async (run: Run) => {
    asked.push(run);
    if (run.arm === "some") return "done before";
    writeRecord(run, records, { bitsPerByte: 2 });
    return "done";
  };
  const said: string[] = [];
  const conducted = conduct(smallStudy, { records, execute, say: (message) => void said.push(message) });
  await expect(conducted).rejects.toThrow(/the record of some, seed 0 cannot be read .*seed-0.*Delete it/);
  expect(asked.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual(["none 0", "some 0"]);
  expect(said.at(-1)).toMatch(/its first line is no header/);
});

it("carries out several runs at a time, each once, and waits for a pilot", async () => {
  const records = folder();
  const study = { ...smallStudy, seeds: [0, 1, 2], pilot: { learningRates: [1e-3, 2e-3], tokens: 64, seed: 0 } };
  let [atOnce, most] = [0, 0];
  const asked: string[] = [];
  const execute = async (run: Run) => {
    asked.push(`${run.arm} ${run.seed}`);
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    writeRecord(run, records, { bitsPerByte: run.spec.training.learningRate === 1e-3 ? 2 : 1 });
    atOnce--;
    return "done" as const;
  };
  expect(await conduct(study, { records, execute, jobs: 3, say: () => undefined })).toBe(true);
  expect(most).toBe(3);
  expect(new Set(asked).size).toBe(asked.length);
  const pilots = Object.keys(study.arms).length * 2;
  expect(asked).toHaveLength(pilots + Object.keys(study.arms).length * 3);
  expect(asked.slice(0, pilots).every((name) => name.includes(".pilot-"))).toBe(true);
});

it("interrupts the others when one fails", async () => {
  const records = folder();
  const endings: string[] = [];
  const execute = async (run: Run, { signal }: { readonly signal?: AbortSignal }) => {
    if (run.arm === "some") throw new Error("out of memory");
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    endings.push(run.arm);
    return "interrupted" as const;
  };
  const conducted = conduct(smallStudy, { records, execute, jobs: 2, say: () => undefined });
  await expect(conducted).rejects.toThrow("out of memory");
  expect(endings).toEqual(["none"]);
});

it("leaves out an arm whose pilot diverged at every rate, says so once, and goes on", async () => {
  const records = folder();
  const study = { ...smallStudy, pilot: { learningRates: [1e-3, 2e-3], tokens: 64, seed: 0 } };
  const asked: string[] = [];
  const said: string[] = [];
  const execute = async (run: Run) => {
    asked.push(run.arm);
    writeRecord(run, records, { bitsPerByte: run.arm.startsWith("some") ? null : 2 });
    return "done" as const;
  };
  expect(await conduct(study, { records, execute, say: (message) => void said.push(message) })).toBe(true);
  expect(asked.filter((arm) => arm === "none" || arm === "much")).toHaveLength(6);
  expect(asked).not.toContain("some");
  expect(said.filter((line) => line.includes("left out"))).toEqual([
    "some is left out: every learning rate of its pilot diverged. Try lower ones",
  ]);
  expect(said).toContain("some.pilot-0.001, seed 0: diverged");
});

it.each([
  [{ arms: ["sme"] }, 'the study decay has no arm "sme": expected none, some, much'],
  [{ seeds: [1, 99] }, "the study decay has no seed 99: expected 0, 1, 2"],
])("refuses what the study does not have (%o)", async (narrowing, message) => {
  const nothing = { records: folder(), execute: () => expect.unreachable() };
  await expect(conduct(smallStudy, { ...nothing, ...narrowing })).rejects.toThrow(message);
});
