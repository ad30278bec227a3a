import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Archive, armRuns, deriveText, recordPath, type Study, specHash } from "./index.js";
import {
  allRecords,
  armOf,
  copiedRecords,
  folder,
  runsOf,
  smallSpec,
  smallStudy,
  tableOf,
  unreachable,
  writeRecord,
} from "./testing/records.js";

const readme = "# Kit\n\n<!-- tables -->\nold\n<!-- /tables -->\n\nMore.\n";
const filesOf = (root: string, studies: readonly Study[] = [smallStudy]) =>
  deriveText({ studies, archive: new Archive(root, () => undefined) }, readme);

describe("records", () => {
  it("give the same files in whatever order they were written", () => {
    const expected = filesOf(copiedRecords());
    const shuffled = fc.shuffledSubarray([...runsOf(smallStudy)], { minLength: 9 });
    fc.assert(
      fc.property(shuffled, (runs) => {
        const root = folder();
        for (const run of runs) cpSync(recordPath(run, allRecords()), recordPath(run, root), { recursive: true });
        expect(filesOf(root)).toEqual(expected);
        rmSync(root, { recursive: true });
      }),
      { numRuns: 20 },
    );
  });

  it("lose their cell and no other when they are cut or damaged, and are reported", () => {
    const names = ["seed-0", "seed-1", "seed-2"].flatMap((seed) => ["some", "much"].map((arm) => [arm, seed] as const));
    const before = tableOf(copiedRecords());
    const withoutP = (row: string) => row.split(" | ").toSpliced(10, 1).join(" | ");
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.boolean(),
        (which, at, cut) => {
          const root = copiedRecords();
          const [arm, seed] = which;
          const run = armRuns(smallStudy, arm)[Number(seed.slice(5))];
          const path = join(root, "decay", arm, `${seed}.${specHash(run.spec)}.jsonl`);
          const bytes = readFileSync(path);
          const place = Math.floor(bytes.length * at);
          // A byte that is in no text at all makes its line no JSON, wherever it stands.
          const damaged = Buffer.concat([bytes.subarray(0, place), Buffer.from("\u0000"), bytes.subarray(place + 1)]);
          writeFileSync(path, cut ? bytes.subarray(0, place) : damaged);
          const problems: string[] = [];
          const rows = tableOf(root, smallStudy, (message: string) => void problems.push(message));
          expect(problems.join("\n")).toContain(path);
          const row = arm === "some" ? 3 : 4;
          expect(rows[row]).toContain("2 of 3 runs");
          for (const other of [2, 3, 4].filter((i) => i !== row)) {
            expect(withoutP(rows[other].replaceAll("**", ""))).toBe(withoutP(before[other].replaceAll("**", "")));
          }
          rmSync(root, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
  });

  it("that say nothing, or are not what their name says, are reported and missing", () => {
    const root = copiedRecords();
    const path = (arm: string, seed: number) =>
      join(root, "decay", arm, `seed-${seed}.${specHash(armRuns(smallStudy, arm)[seed].spec)}.jsonl`);
    appendFileSync(path("none", 0), '{"footer":{"ending":"done","bitsPerByte":"low"}}\n');
    writeFileSync(path("none", 1), '{"header":null}\n');
    writeFileSync(path("none", 2), '5\n"text"\n');
    renameSync(path("some", 0), path("some", 2));
    const problems: string[] = [];
    const rows = tableOf(root, smallStudy, (message: string) => void problems.push(message));
    expect(problems).toEqual([
      expect.stringMatching(/^the record's last line does not say what was reached .*none/),
      expect.stringMatching(/^this is not a record: its first line is no header .*seed-1/),
      expect.stringMatching(/seed-2.*line 1 is not whole/),
      expect.stringMatching(/^this is not a record: its first line is no header .*seed-2/),
      expect.stringMatching(/^its seed is not the one its name says .*some.seed-2/),
    ]);
    expect(rows[2]).toMatch(/0 of 3 runs \|$/);
    expect(rows[3]).toMatch(/1 of 3 runs \|$/);
  });

  it("of another version are reported, and not read", () => {
    const root = copiedRecords();
    const [run] = armRuns(smallStudy, "none");
    const path = writeRecord({ ...run, spec: { ...run.spec, version: 2 } } as never, root, { bitsPerByte: 1 });
    const problems: string[] = [];
    const archive = new Archive(root, (message) => void problems.push(message));
    expect(archive.records()).toHaveLength(9);
    expect(archive.unclaimed([smallStudy])).toEqual([]);
    expect(problems).toEqual([`the record's specification is of version 2 (${path}): expected version 1`]);
  });

  it("that no study calls for are named", () => {
    const root = copiedRecords();
    const archive = new Archive(root, unreachable);
    expect(archive.unclaimed([smallStudy])).toEqual([]);
    const changed = { ...smallStudy, arms: { ...smallStudy.arms, some: armOf(0.2) } };
    const stale = archive.unclaimed([changed]);
    expect(stale.map((path) => dirname(path))).toEqual(Array(3).fill(join(root, "decay", "some")));
    // The record of a recipe that is not a run's specification, and one that moved to another study.
    const recipe = { study: "pico", arm: "pico", seed: 0, spec: { steps: 3 } };
    writeRecord({ ...recipe, spec: { ...smallSpec, version: undefined } } as never, root, { bitsPerByte: 1 });
    mkdirSync(join(root, "other"));
    renameSync(join(root, "decay", "much"), join(root, "other", "much"));
    expect(new Archive(root, unreachable).unclaimed([smallStudy])).toEqual([]);
  });
});
