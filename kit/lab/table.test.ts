import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PositionLoss } from "../measure/index.js";
import { Archive, armRuns, deriveText, pilotRuns, type Study } from "./index.js";
import {
  copiedRecords,
  folder,
  reached,
  runsOf,
  smallStudy,
  tableOf,
  unreachable,
  writeRecord,
} from "./testing/records.js";

const readme = "# Kit\n\n<!-- tables -->\nold\n<!-- /tables -->\n\nMore.\n";
const filesOf = (root: string, studies: readonly Study[] = [smallStudy]) =>
  deriveText({ studies, archive: new Archive(root, () => undefined) }, readme);

const text = (files: ReturnType<typeof filesOf>, path: string) => String(files.get(path));

describe("a study's table", () => {
  it("has means, deviations, intervals and corrected p values", () => {
    // numpy, scipy 1.17.1, statsmodels 0.15.0: std(ddof=1), ttest_rel, its confidence_interval(0.95), multipletests.
    expect(tableOf(copiedRecords())).toEqual([
      "| arm | parameters | tokens | learning rate | seeds | bits per byte | nats/token | difference | 95 % interval | detectable | p | seconds | note |",
      "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |",
      "| none | 7,228 | 2,560 | 0.01 | 3 | 2.0763 ± 0.0131 | 4.1527 | baseline | — | — | — | 13 |  |",
      "| 0.1 | 7,228 | 2,560 | 0.01 | 3 | **2.0440 ± 0.0118** | 4.0880 | −0.0323 | [−0.0762, +0.0116] | 0.0547 | 0.174 | 13 |  |",
      "| 1.0 | 7,228 | 2,560 | 0.01 | 3 | 2.0810 ± 0.0205 | 4.1620 | +0.0047 | [−0.0165, +0.0258] | 0.0263 | 0.442 | 13 |  |",
    ]);
  });

  it("has no 0 for what seeds that agree would show", () => {
    const root = folder();
    for (const run of runsOf(smallStudy))
      writeRecord(run, root, { bitsPerByte: { none: 2, some: 1.9, much: 1.9 + run.seed / 1e5 }[run.arm]! });
    const [, , , same, alike] = tableOf(root);
    expect(same).toContain("| −0.1000 | [−0.1000, −0.1000] | < 0.0001 | < 0.001 |");
    expect(alike).toContain("| −0.1000 | [−0.1000, −0.1000] | < 0.0001 | < 0.001 |");
  });

  it("has no figure where there is no record", () => {
    const rows = tableOf(folder());
    for (const row of rows.slice(2)) {
      expect(row).toMatch(
        /^\| [\w.]+ \| 7,228 \| 2,560 \| 0\.01 \| — \| — \| — \| (—|baseline) \| — \| — \| — \| — \| 0 of 3 runs \|$/,
      );
    }
  });

  it("sets nothing in bold below three seeds, and has no interval for one", () => {
    const root = folder();
    for (const run of runsOf(smallStudy).filter(({ seed, arm }) => seed === 0 || (seed === 1 && arm === "some")))
      writeRecord(run, root, { bitsPerByte: reached[run.arm][run.seed] });
    expect(tableOf(root)[3]).toBe(
      "| 0.1 | 7,228 | 2,560 | 0.01 | 2 | 2.0425 ± 0.0163 | 4.0850 | −0.0410 | — | — | — | 13 | 2 of 3 runs, compared over 1 |",
    );
  });

  it("counts what diverged, and does not average it", () => {
    const root = copiedRecords();
    const [run] = armRuns(smallStudy, "some");
    rmSync(join(root, "decay", "some"), { recursive: true });
    for (const { seed } of armRuns(smallStudy, "some"))
      writeRecord({ ...run, seed }, root, { bitsPerByte: seed === 1 ? null : reached.some[seed] });
    const row = tableOf(root)[3];
    expect(row).toContain("| 2 | 2.0390 ± 0.0113 | 4.0780 |");
    expect(row).toMatch(/\| 1 of 3 diverged \|$/);
  });
});

describe("a study with a pilot", () => {
  const study: Study = { ...smallStudy, pilot: { learningRates: [0.01, 0.02], tokens: 640, seed: 0 } };

  function withPilots(pilots: Readonly<Record<string, readonly (number | null)[]>>): string {
    const root = folder();
    for (const [arm, values] of Object.entries(pilots))
      for (const [i, run] of pilotRuns(study, arm).entries()) writeRecord(run, root, { bitsPerByte: values[i] });
    return root;
  }

  it("marks what was chosen, and says what is not known yet", () => {
    const root = withPilots({ none: [2.5, 2.4], some: [null, null] });
    for (const run of armRuns(study, "none", 0.02)) writeRecord(run, root, { bitsPerByte: reached.none[run.seed] });
    const page = text(filesOf(root, [study]), "results/tables/decay.md");
    expect(page).toContain("| none | 2.5000 | ✓ 2.4000 |\n| 0.1 | diverged | diverged |\n| 1.0 | — | — |");
    const rows = tableOf(root, study);
    expect(rows[2]).toContain("| 0.02 | 3 | **2.0763 ± 0.0131** |");
    expect(rows[3]).toMatch(/\| — \| — \| — \|.*\| every learning rate diverged, 0 of 3 runs \|$/);
    expect(rows[4]).toMatch(/pilot incomplete, 0 of 3 runs \|$/);
  });

  it("keeps its runs when a record of the pilot is lost", () => {
    const root = withPilots({ none: [2.5, 2.4] });
    for (const run of armRuns(study, "none", 0.02)) writeRecord(run, root, { bitsPerByte: reached.none[run.seed] });
    rmSync(join(root, "decay", "none.pilot-0.01"), { recursive: true });
    expect(tableOf(root, study)[2]).toMatch(/\| 0\.02 \| 3 \| \*\*2\.0763 ± 0\.0131\*\* .*\| pilot incomplete \|$/);
    expect(new Archive(root, unreachable).unclaimed([study])).toEqual([]);
  });
});

describe("losses by position", () => {
  it("are means over seeds, in ranges weighted by their tokens", () => {
    const root = folder();
    const positions = (nats: number): PositionLoss[] =>
      [0, 64, 128, 192].map((from, i) => ({ from, to: from + 64, tokens: i === 3 ? 10 : 30, natsPerToken: nats + i }));
    for (const [seed, run] of armRuns(smallStudy, "none").entries())
      writeRecord(run, root, { bitsPerByte: 2, byPosition: positions(3 + seed) });
    const files = filesOf(root);
    expect(text(files, "results/tables/decay.md")).toContain(
      "| 0–63 | 4.0000 | — | — |\n| 64–127 | 5.0000 | — | — |\n| 128–255 | 6.2500 | — | — |\n",
    );
    expect(text(files, "results/tables/decay-by-position.csv")).toBe(
      "from,to,none,some,much\n0,64,4,,\n64,128,5,,\n128,192,6,,\n192,256,7,,\n",
    );
  });
});
