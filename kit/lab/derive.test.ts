import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Archive,
  armRuns,
  armTable,
  type Claim,
  deriveFigures,
  deriveText,
  differing,
  forestPlot,
  type LossByPosition,
  lossCurves,
  pilotRuns,
  recordPath,
  type Study,
  specHash,
  studyFigures,
  studyResult,
  writeDerived,
} from "./index.js";
import { armOf, smallSpec, smallStudy, writeRecord } from "./testing/records.js";

const folder = () => mkdtempSync(join(tmpdir(), "kintsugi-tables-"));
const readme = "# Kit\n\n<!-- tables -->\nold\n<!-- /tables -->\n\nMore.\n";
const unreachable = (message: string): void => expect.unreachable(message);

/** Bits per byte of the small study's runs, by arm and seed. */
const reached: Readonly<Record<string, readonly number[]>> = {
  none: [2.072, 2.066, 2.091],
  some: [2.031, 2.054, 2.047],
  much: [2.08, 2.061, 2.102],
};

const runsOf = (study: Study) => Object.keys(study.arms).flatMap((arm) => armRuns(study, arm));

/** Records of every run of the small study, written once and copied. */
const whole = folder();
for (const run of runsOf(smallStudy)) writeRecord(run, whole, { bitsPerByte: reached[run.arm][run.seed] });

function full(root: string = folder()): string {
  cpSync(whole, root, { recursive: true });
  return root;
}

const tableOf = (root: string, study = smallStudy, problem = unreachable) =>
  armTable(studyResult(study, new Archive(root, problem))).split("\n");

const filesOf = (root: string, studies: readonly Study[] = [smallStudy]) =>
  deriveText({ studies, archive: new Archive(root, () => undefined) }, readme);

const text = (files: ReturnType<typeof filesOf>, path: string) => String(files.get(path));

describe("a study's table", () => {
  it("has means, deviations, intervals and corrected p values", () => {
    // numpy, scipy 1.17.1, statsmodels 0.15.0: std(ddof=1), ttest_rel, its confidence_interval(0.95), multipletests.
    expect(tableOf(full())).toEqual([
      "| arm | parameters | tokens | learning rate | seeds | bits per byte | nats/token | difference | 95 % interval | detectable | p | seconds | note |",
      "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |",
      "| none | 7,228 | 2,560 | 0.01 | 3 | 2.0763 ± 0.0131 | 4.1527 | baseline | — | — | — | 13 |  |",
      "| 0.1 | 7,228 | 2,560 | 0.01 | 3 | **2.0440 ± 0.0118** | 4.0880 | −0.0323 | [−0.0762, +0.0116] | 0.0547 | 0.174 | 13 |  |",
      "| 1.0 | 7,228 | 2,560 | 0.01 | 3 | 2.0810 ± 0.0205 | 4.1620 | +0.0047 | [−0.0165, +0.0258] | 0.0263 | 0.442 | 13 |  |",
    ]);
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
    const root = full();
    const [run] = armRuns(smallStudy, "some");
    rmSync(join(root, "decay", "some"), { recursive: true });
    for (const { seed } of armRuns(smallStudy, "some"))
      writeRecord({ ...run, seed }, root, { bitsPerByte: seed === 1 ? null : reached.some[seed] });
    const row = tableOf(root)[3];
    expect(row).toContain("| 2 | 2.0390 ± 0.0113 | 4.0780 |");
    expect(row).toMatch(/\| 1 of 3 diverged \|$/);
  });
});

describe("records", () => {
  it("give the same files in whatever order they were written", () => {
    const expected = filesOf(full());
    const shuffled = fc.shuffledSubarray(runsOf(smallStudy), { minLength: 9 });
    fc.assert(
      fc.property(shuffled, (runs) => {
        const root = folder();
        for (const run of runs) cpSync(recordPath(run, whole), recordPath(run, root), { recursive: true });
        expect(filesOf(root)).toEqual(expected);
        rmSync(root, { recursive: true });
      }),
      { numRuns: 20 },
    );
  });

  it("lose their cell and no other when they are cut or damaged, and are reported", () => {
    const names = ["seed-0", "seed-1", "seed-2"].flatMap((seed) => ["some", "much"].map((arm) => [arm, seed] as const));
    const before = tableOf(full());
    const withoutP = (row: string) => row.split(" | ").toSpliced(10, 1).join(" | ");
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.boolean(),
        (which, at, cut) => {
          const root = full();
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
    const root = full();
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

  it("that no study calls for are named", () => {
    const root = full();
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
    const positions = (nats: number): LossByPosition[] =>
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

describe("derive", () => {
  it("writes what differs, once, and names it", () => {
    const [root, project] = [full(), folder()];
    writeFileSync(join(project, "README.md"), readme);
    const files = deriveText({ studies: [smallStudy], archive: new Archive(root) }, readme);
    expect(differing(files, project)).toEqual([...files.keys()]);
    expect(writeDerived(files, project)).toEqual([...files.keys()]);
    const again = deriveText(
      { studies: [smallStudy], archive: new Archive(root) },
      readFileSync(join(project, "README.md"), "utf8"),
    );
    expect(differing(again, project)).toEqual([]);
    appendFileSync(join(project, "results", "tables", "decay.csv"), " ");
    expect(writeDerived(again, project)).toEqual(["results/tables/decay.csv"]);
    expect(differing(again, project)).toEqual([]);
  });

  it("puts a line for each study between the marks of the README", () => {
    const answers = { decay: () => "Nobody can tell." };
    const files = (root: string, own = {}) =>
      String(deriveText({ studies: [smallStudy], archive: new Archive(root), answers: own }, readme).get("README.md"));
    const [before, after] = readme.split("\nold\n");
    const table = (answer: string, runs: string) =>
      [
        "\n\n| study | question | answer | runs |\n| --- | --- | --- | --: |",
        `\n| [Weight decay](results/tables/decay.md) | Does weight decay help? | ${answer} | ${runs} |\n\n`,
      ].join("");
    const sentence =
      "0.1 is lowest: 2.0440 bits per byte (2,560 tokens, 3 seeds), −0.0323 [−0.0762, +0.0116] to none, which the seeds do not tell apart.";
    expect(files(full())).toBe(before + table(sentence, "9 of 9") + after);
    expect(files(folder())).toBe(before + table("—", "0 of 9") + after);
    expect(files(full(), answers)).toBe(before + table("Nobody can tell.", "9 of 9") + after);
    expect(() => deriveText({ studies: [], archive: new Archive(folder()) }, "# Kit\n")).toThrow(
      /no place for the table/,
    );
  });

  it("judges claims by records, and leaves open what they do not reach", () => {
    const claim: Claim = {
      sentence: "Weight decay | helps.",
      author: "a card",
      measure: "bits per byte, 0.1 − none, below 0",
      judge: (evidence) => {
        const { spread, n } = evidence.compare("decay", "some", "none") ?? {};
        if (spread === undefined) return undefined;
        return {
          figure: `p ${spread.p.toFixed(3)}, ${n} seeds`,
          verdict: spread.p < 0.05 ? "supported" : "not supported",
        };
      },
    };
    const claims = (root: string, list: readonly Claim[]) =>
      String(
        deriveText({ studies: [smallStudy], archive: new Archive(root), claims: list }, readme).get(
          "results/claims.md",
        ),
      );
    const row = "| “Weight decay \\| helps.” (a card) | bits per byte, 0.1 − none, below 0 |";
    expect(claims(full(), [claim])).toContain(`${row} p 0.087, 3 seeds | not supported |\n`);
    expect(claims(folder(), [claim])).toContain(`${row} — | — |\n`);
    const wrong: Claim = { ...claim, judge: (evidence) => void evidence.arm("decay", "sum") };
    expect(() => claims(folder(), [wrong])).toThrow(/no arm "sum".*expected none, some, much/);
  });
});

describe("figures", () => {
  it("show what records suffice for", () => {
    const names = (root: string, study = smallStudy) =>
      studyFigures(studyResult(study, new Archive(root, unreachable))).map(({ name }) => name);
    expect(names(folder())).toEqual([]);
    expect(names(full())).toEqual(["decay-forest", "decay-loss"]);
    const page = text(filesOf(full()), "results/tables/decay.md");
    expect(page).toContain("![Weight decay: difference to the baseline](../figures/decay-forest.svg)");
  });

  it("draw differences with their intervals, hollow where there is none", () => {
    const root = full();
    rmSync(join(root, "decay", "much"), { recursive: true });
    cpSync(join(whole, "decay", "much"), join(root, "decay", "much"), {
      recursive: true,
      filter: (path) => !/seed-[12]/.test(path),
    });
    const { data, layout } = forestPlot(studyResult(smallStudy, new Archive(root, unreachable)))!;
    expect(data).toMatchObject([
      { x: [expect.closeTo(-0.032333, 6)], y: ["0.1"], error_x: { array: [expect.closeTo(0.043902, 6)] } },
      { x: [expect.closeTo(0.008, 6)], y: ["1.0"], marker: { symbol: "circle-open" } },
    ]);
    const { range } = layout?.xaxis as { range: readonly number[] };
    expect(range).toEqual([expect.closeTo(-0.0815, 4), expect.closeTo(0.0168, 4)]);
  });

  it("average training losses over seeds, between the lowest and the highest", () => {
    const { data } = lossCurves(studyResult(smallStudy, new Archive(full(), unreachable)))!;
    expect(data.map(({ name }) => name)).toEqual([
      undefined,
      undefined,
      "none",
      undefined,
      undefined,
      "0.1",
      undefined,
      undefined,
      "1.0",
    ]);
    // Ten recorded lines, the first before what is shown; the last is at 97.5 to 100 % of 2,560 tokens.
    const [low, high, middle] = data.map(({ y }) => y as readonly number[]);
    expect([low.length, data[2].x]).toEqual([9, expect.arrayContaining([expect.closeTo((2560 * 39.5) / 40 / 1e6, 9)])]);
    expect([low[8], high[8], middle[8]]).toEqual(
      [2.066 * 2, 2.091 * 2, ((2.072 + 2.066 + 2.091) * 2) / 3].map((y) => expect.closeTo(y, 9)),
    );
  });

  it("are drawn to the same bytes twice, as SVG and PNG", () => {
    const draw = () => deriveFigures({ studies: [smallStudy], archive: new Archive(full(), unreachable) });
    const [one, two] = [draw(), draw()];
    expect([...one.keys()]).toEqual(
      ["forest", "loss"].flatMap((kind) => ["svg", "png"].map((end) => `results/figures/decay-${kind}.${end}`)),
    );
    for (const [path, content] of one)
      expect(Buffer.from(content).equals(Buffer.from(two.get(path)!)), path).toBe(true);
    expect(String(one.get("results/figures/decay-forest.svg"))).toContain("difference to none (left is better)");
  });
});
