import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Checkpointed, type RecordHeader, RecordWriter, readRecord } from "./index.js";
import { folder, smallSpec, unreachable } from "./testing/records.js";

const header: RecordHeader = {
  study: "test",
  arm: "one",
  seed: 0,
  spec: smallSpec,
  dataset: { name: "stories", sha256: "a".repeat(64) },
  source: { name: "base", sha256: "b".repeat(64) },
  parameters: 1,
  flopsPerToken: 1,
  backend: "graph",
};
const step = (at: number) => ({ step: at, tokens: at, lossNats: 1, learningRate: 1, gradNorm: 1, stepMs: 1 });

/** A record of four steps, after the third of which there was a checkpoint. */
function interrupted(first: RecordHeader = header) {
  const path = join(folder(), "seed-0.jsonl");
  const writer = RecordWriter.begin(first, path);
  for (const at of [1, 2, 3]) writer.append(step(at));
  const from: Checkpointed = { file: "runs/one/step-3", step: 3, lines: writer.sync() };
  writer.append(step(4));
  return { path, partial: `${path}.part`, from };
}

describe("a record that goes on", () => {
  it("drops what was written after the checkpoint, and reports a line that was cut", () => {
    const { path, partial, from } = interrupted();
    writeFileSync(partial, readFileSync(partial, "utf8").slice(0, -5));
    const said: string[] = [];
    const writer = RecordWriter.resume(header, from, path, (message) => void said.push(message));
    for (const at of [4, 5]) writer.append(step(at));
    expect(writer.sync()).toBe(6);
    writer.close({ ending: "done", validationNats: 1, bitsPerByte: 1, wallSeconds: 1 });
    expect(readRecord(path, unreachable).steps.map((line) => line.step)).toEqual([1, 2, 3, 4, 5]);
    expect(said).toEqual([`${partial}: line 5 is not whole; the 4 before it are used`]);
  });

  it.each<[string, (text: string) => string | undefined, RegExp]>([
    ["is cut before it", (text) => text.slice(0, text.indexOf('{"step":3') + 5), /expected 4 lines, of which 3 are/],
    ["has no header", (text) => text.slice(20), /expected 4 lines, of which 0 are/],
    ["is not there", () => undefined, /expected 4 lines, of which 0 are/],
  ])("refuses a checkpoint when it %s", (_, damage, message) => {
    const { path, partial, from } = interrupted();
    const left = damage(readFileSync(partial, "utf8"));
    rmSync(partial);
    if (left !== undefined) writeFileSync(partial, left);
    const resume = () => RecordWriter.resume(header, from, path);
    expect(resume).toThrow(/lacks steps before its checkpoint of step 3 .*\. Remove runs\/one to begin anew/);
    expect(resume).toThrow(message);
    expect(existsSync(partial)).toBe(left !== undefined);
  });

  it("refuses other data, other weights and another device than it began with", () => {
    const { path, from } = interrupted();
    const data = { ...header, dataset: { ...header.dataset, sha256: "c".repeat(64) } };
    expect(() => RecordWriter.resume(data, from, path)).toThrow(/has something else .*: dataset\.sha256 is "ccc/);
    const weights = { ...header, source: { name: "base", sha256: "c".repeat(64) } };
    expect(() => RecordWriter.resume(weights, from, path)).toThrow(
      /source\.sha256 is "ccc.*, not "bbb.* to begin anew/,
    );
    const device = { ...header, backend: "graph on a GPU" };
    expect(() => RecordWriter.resume(device, from, path)).toThrow(/backend is "graph on a GPU", not "graph"/);
  });

  it("takes one of old, which named no weights and counted neither rows nor lines", () => {
    const { source, ...old } = header;
    const { path, from } = interrupted(old);
    const { lines, ...before } = from;
    const now = { ...header, dataset: { ...header.dataset, skipped: 3 } };
    expect(RecordWriter.resume(now, before, path).sync()).toBe(4);
  });
});

it.skipIf(!existsSync("/dev/full"))("names a full disk", () => {
  const { path, partial, from } = interrupted();
  const writer = RecordWriter.resume(header, from, path);
  rmSync(partial);
  symlinkSync("/dev/full", partial);
  const full = /Cannot write .*seed-0\.jsonl\.part: no space left on the disk\. Free some space/;
  expect(() => writer.append(step(4))).toThrow(full);
  expect(() => RecordWriter.begin(header, path)).toThrow(full);
});
