import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import type { MetricValue } from "../tasks/config.js";
import { compare } from "./compare.js";
import { mcNemar } from "./mcNemar.js";
import { readScores, type Scores } from "./scores.js";
import { comparisonTable, verdict } from "./table.js";

/** Scores of one metric by task. */
function scores(
  name: string,
  tasks: { readonly [task: string]: readonly MetricValue[] },
  metric = "acc",
  about: Pick<Scores, "leaks" | "directions"> = {},
): Scores {
  const documents = (values: readonly MetricValue[]) =>
    values.map((value, id) => ({ id, filter: "none", doc: `d${id}`, prompt: `p${id}`, metrics: { [metric]: value } }));
  return { name, ...about, tasks: new Map(Object.entries(tasks).map(([task, values]) => [task, documents(values)])) };
}

describe("McNemar's test", () => {
  it.each([
    [0, 0, 1],
    [1, 0, 1],
    [0, 5, 2 / 32],
    [2, 8, (2 * (1 + 10 + 45)) / 1024],
    [5, 5, 1],
    [6, 1, (2 * 8) / 128],
  ])("of %i and %i is exact", (onlyA, onlyB, p) => {
    expect(mcNemar(onlyA, onlyB)).toBeCloseTo(p, 14);
  });

  it("agrees with the normal distribution where there is much, and does not underflow", () => {
    // With continuity, z = (|1600 − 1400| − 1) / √3000 = 3.633, and p = 2.8e-4.
    expect(mcNemar(1400, 1600)).toBeGreaterThan(2.7e-4);
    expect(mcNemar(1400, 1600)).toBeLessThan(2.9e-4);
    expect(mcNemar(1500, 1500)).toBe(1);
  });
});

describe("a comparison", () => {
  it("of right and wrong counts what only one has right", () => {
    const a = [1, 1, 1, 0, 0, 0, 1, 1, 0, 1];
    const b = [1, 0, 1, 1, 1, 1, 1, 1, 1, 1];
    const [found] = compare(scores("a", { t: a }), scores("b", { t: b }));
    expect(found).toMatchObject({ n: 10, unpaired: 0, a: 0.6, b: 0.9, discordant: { onlyA: 1, onlyB: 4 } });
    expect(found.difference).toBeCloseTo(0.3, 12);
    expect(found.p).toBeCloseTo((2 * 6) / 32, 12);
    // Differences: four 1, one −1, five 0: s² = (5 − 10 · 0.09) / 9; t(0.975, 9) = 2.262157.
    const reach = 2.262157 * Math.sqrt((5 - 0.9) / 9 / 10);
    expect(found.interval?.low).toBeCloseTo(0.3 - reach, 5);
    expect(found.interval?.high).toBeCloseTo(0.3 + reach, 5);
  });

  it("of models that agree everywhere knows nothing of what could be detected", () => {
    const [found] = compare(scores("a", { t: [1, 0, 1] }), scores("b", { t: [1, 0, 1] }));
    expect(found).toMatchObject({ difference: 0, p: 1, interval: undefined, detectable: undefined });
  });

  it("of perplexities is one of log-likelihoods", () => {
    const [found] = compare(
      scores("a", { t: [-3, -2, -7, -4] }, "perplexity"),
      scores("b", { t: [-2.5, -1.9, -6, -3.8] }, "perplexity"),
    );
    expect(found).toMatchObject({ metric: "log-likelihood", higherIsBetter: true, a: -4, b: -3.55 });
    // Differences 0.5, 0.1, 1, 0.2: mean 0.45, s = 0.404145; t = 2.226922, with 3 degrees of freedom p = 0.1123174.
    expect(found.difference).toBeCloseTo(0.45, 12);
    expect(found.p).toBeCloseTo(0.1123174, 6);
  });

  it("of bits per byte weighs documents by their bytes", () => {
    const bytes = [100, 300, 200, 400];
    const weighted = (nats: readonly number[]): readonly MetricValue[] => bytes.map((b, i) => [-nats[i] * b, b]);
    const a = [1, 0.9, 1.1, 1];
    const [found] = compare(
      scores("a", { t: weighted(a) }, "bits_per_byte"),
      scores("b", { t: weighted(a.map((nats) => nats - 0.1)) }, "bits_per_byte"),
    );
    // Every byte is as much cheaper: there is a difference, and nothing varies.
    expect(found.difference).toBeCloseTo(-0.1 / Math.LN2, 12);
    expect(found.interval!.high - found.interval!.low).toBeLessThan(1e-9);
    expect(found.a).toBeCloseTo((100 + 270 + 220 + 400) / 1000 / Math.LN2, 12);
    expect(verdict({ ...found, adjustedP: found.p }, { a: "A", b: "B" })).toBe("B is better");
  });

  it("corrects for the number of tasks, metric by metric", () => {
    const right = (count: number): readonly number[] => Array.from({ length: 20 }, (_, i) => Number(i < count));
    const a = scores("a", { s: right(4), t: right(4), u: right(4) });
    const b = scores("b", { s: right(14), t: right(11), u: right(4) });
    const found = compare(a, b);
    const [s, t, u] = found.map(({ p }) => p!);
    expect([s, t, u]).toEqual([mcNemar(0, 10), mcNemar(0, 7), 1]);
    expect(found.map(({ adjustedP }) => adjustedP)).toEqual([3 * s, 2 * t, 1]);
    const lines = comparisonTable(found, { a: "base", b: "healed" }).split("\n");
    expect(lines[2]).toMatch(
      /^\| s \| acc ↑ \| 20 \| 0\.2000 \| 0\.7000 \| \+0\.5000 \|.*\| 0 : 10 \|.*healed is better \|$/,
    );
    expect(lines[4]).toMatch(/\| — \| — \| 0 : 0 \| 1\.000 \| 1\.000 \| within noise \|$/);
  });

  it("of what is better when there is less says so; of what nobody says the direction of, only which is higher", () => {
    const [a, b] = [
      [3, 3.1, 2.9, 3.2],
      [2, 2.2, 1.9, 2.1],
    ];
    const less = { directions: new Map([["t", { loss: false }]]) };
    const names = { a: "A", b: "B" };
    const [known] = compare(scores("a", { t: a }, "loss", less), scores("b", { t: b }, "loss", less));
    expect([known.higherIsBetter, verdict(known, names)]).toEqual([false, "B is better"]);
    expect(comparisonTable([known], names)).toContain("| loss ↓ |");
    const [unknown] = compare(scores("a", { t: a }, "loss"), scores("b", { t: b }, "loss"));
    expect([unknown.higherIsBetter, verdict(unknown, names)]).toEqual([undefined, "A is higher"]);
    expect(comparisonTable([unknown], names)).toContain("| loss |");
  });

  it("marks a model that sees the future, wherever it is named", () => {
    const right = Array(20).fill(1);
    const found = compare(scores("a", { t: Array(20).fill(0) }), scores("b", { t: right }, "acc", { leaks: true }));
    const text = comparisonTable(found, { a: "A", b: "B" });
    expect(text).toMatch(/^\| task .*\| A \| B \(leaks\) \|/);
    expect(text).toContain("| B (leaks) is better |");
  });

  it("pairs what both have, says what it left out, and refuses other documents", () => {
    const [found] = compare(scores("a", { t: [1, 0, 1] }), scores("b", { t: [1, 1] }));
    expect(found).toMatchObject({ n: 2, unpaired: 1 });
    const moved = { name: "b", tasks: new Map([["t", [{ ...scores("b", { t: [1] }).tasks.get("t")![0], doc: "x" }]]]) };
    expect(() => compare(scores("a", { t: [1] }), moved)).toThrow(/document 0 is another in each evaluation/);
    expect(() => compare(scores("a", { t: [1] }), scores("b", { s: [1] }))).toThrow(/no task in common/);
  });
});

describe("samples files", () => {
  const date = "2026-01-02T03-04-05.000006";
  const line = (id: number, acc: number): string =>
    JSON.stringify({ doc_id: id, filter: "none", metrics: ["acc"], doc_hash: `d${id}`, prompt_hash: "p", acc });

  function folder(files: { readonly [name: string]: string }): string {
    const out = temporaryFolder();
    mkdirSync(join(out, "m"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(out, "m", name), text);
    return out;
  }

  it("are read from the folder of results, the newest of each task", () => {
    const out = folder({
      [`samples_a_b_${date}.jsonl`]: `${line(0, 0)}\n`,
      [`samples_a_b_${date.replace("2026", "2027")}.jsonl`]: `${line(0, 1)}\n${line(1, 0)}\n`,
      [`results_${date.replace("2026", "2027")}.json`]: JSON.stringify({
        higher_is_better: { a_b: { acc: false } },
        config: { model_args: { model: "m", allow_leak: true } },
      }),
    });
    const { name, leaks, directions, tasks } = readScores(out);
    expect([name, leaks, directions?.get("a_b")]).toEqual(["m", true, { acc: false }]);
    expect([...tasks.keys()]).toEqual(["a_b"]);
    expect(tasks.get("a_b")?.map(({ metrics }) => metrics)).toEqual([{ acc: 1 }, { acc: 0 }]);
    expect(readScores(join(out, "m")).tasks).toEqual(tasks);
  });

  it("that are not there, or cut, are one clear error", () => {
    expect(() => readScores("/none/such")).toThrow(/there is no folder \/none\/such.*--out/s);
    expect(() => readScores(folder({}))).toThrow(/there are no samples/);
    const cut = folder({ [`samples_t_${date}.jsonl`]: `${line(0, 1)}\n${line(1, 1).slice(0, 20)}` });
    expect(() => readScores(cut)).toThrow(/no sample.*t_.*jsonl:2/s);
    const torn = folder({ [`samples_t_${date}.jsonl`]: `${line(0, 1)}\n`, [`results_${date}.json`]: "{" });
    expect(() => readScores(torn)).toThrow(/these are no results.*results_/s);
  });
});
