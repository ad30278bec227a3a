import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Archive, armRuns, type Claim, deriveText, differing, recordPath, writeDerived } from "./index.js";
import { copiedRecords, folder, smallStudy, writeRecord } from "./testing/records.js";

const readme = "# Kit\n\n<!-- tables -->\nold\n<!-- /tables -->\n\nMore.\n";

describe("derive", () => {
  it("writes what differs, once, and names it", () => {
    const [root, project] = [copiedRecords(), folder()];
    writeFileSync(join(project, "README.md"), readme);
    const files = deriveText({ studies: [smallStudy], archive: new Archive(root) }, readme);
    const there = [...files].flatMap(([path, content]) => (content === undefined ? [] : [path]));
    expect(differing(files, project)).toEqual(there);
    expect(writeDerived(files, project)).toEqual(there);
    const again = deriveText(
      { studies: [smallStudy], archive: new Archive(root) },
      readFileSync(join(project, "README.md"), "utf8"),
    );
    expect(differing(again, project)).toEqual([]);
    appendFileSync(join(project, "results", "tables", "decay.csv"), " ");
    expect(writeDerived(again, project)).toEqual(["results/tables/decay.csv"]);
    expect(differing(again, project)).toEqual([]);
  });

  it("removes what no record gives any more", () => {
    const [root, project] = [copiedRecords(), folder()];
    const [run] = armRuns(smallStudy, "none");
    rmSync(recordPath(run, root));
    const byPosition = [{ from: 0, to: 64, tokens: 3, natsPerToken: 2 }];
    const path = writeRecord(run, root, { bitsPerByte: 2, byPosition });
    const now = () => deriveText({ studies: [smallStudy], archive: new Archive(root) }, readme);
    expect(writeDerived(now(), project)).toContain("results/tables/decay-by-position.csv");
    rmSync(path);
    expect(differing(now(), project)).toContain("results/tables/decay-by-position.csv");
    expect(writeDerived(now(), project)).toContain("results/tables/decay-by-position.csv");
    expect(existsSync(join(project, "results/tables/decay-by-position.csv"))).toBe(false);
    expect(differing(now(), project)).toEqual([]);
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
    expect(files(copiedRecords())).toBe(before + table(sentence, "9 of 9") + after);
    expect(files(folder())).toBe(before + table("—", "0 of 9") + after);
    expect(files(copiedRecords(), answers)).toBe(before + table("Nobody can tell.", "9 of 9") + after);
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
    expect(claims(copiedRecords(), [claim])).toContain(`${row} p 0.087, 3 seeds | not supported |\n`);
    expect(claims(folder(), [claim])).toContain(`${row} — | — |\n`);
    const wrong: Claim = { ...claim, judge: (evidence) => void evidence.arm("decay", "sum") };
    expect(() => claims(folder(), [wrong])).toThrow(/no arm "sum".*expected none, some, much/);
  });
});
