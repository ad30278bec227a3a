/** What records say of a benchmark: its pages, tables and figures. */
import { describe, expect, it } from "vitest";
import { complete } from "../../figure/index.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { taskSpec } from "../record.js";
import { selectTasks } from "../tasks/catalogue.js";
import { EvalArchive, type EvalQuery } from "./archive.js";
import { benchmarkFigures } from "./charts.js";
import { benchmarkText, deriveBenchmarks } from "./derive.js";
import { benchmarkCsv, benchmarkPage, differenceTable, scoreTable } from "./page.js";
import { benchmarkResult } from "./results.js";
import { configOf, record, records, small } from "./testing/records.js";

describe("a benchmark's records", () => {
  it("become scores, of a group over all its tasks, and differences paired by documents", async () => {
    const result = await benchmarkResult(small, new EvalArchive(await records()));
    const [a, b, c] = result.subjects;
    expect(a.scores.map((score) => [score?.value, score?.n])).toEqual([
      [0.75, 4],
      [1, 134],
    ]);
    expect(a.scores[0]?.stderr).toBeCloseTo(0.25, 12);
    expect(b.scores[1]?.value).toBeCloseTo(1 - 20 / 134, 12);
    expect([a.parameters, a.leaks, c.parameters]).toEqual([1000, false, undefined]);
    expect([...a.comparisons, ...c.comparisons, ...c.scores]).toEqual(Array(6).fill(undefined));
    const [pairs, blimp] = b.comparisons;
    expect(pairs).toMatchObject({ n: 4, difference: -0.25, discordant: { onlyA: 1, onlyB: 0 }, adjustedP: 1 });
    expect(blimp).toMatchObject({ n: 134, unpaired: 0, samePrompts: true, discordant: { onlyA: 20, onlyB: 0 } });
    expect(blimp?.difference).toBeCloseTo(-20 / 134, 12);
    // McNemar's 2 · 2⁻²⁰, and twice that for two tasks.
    expect(blimp?.adjustedP).toBeCloseTo(4 * 2 ** -20, 15);
  });

  it("may be of any number of documents", async () => {
    const root = temporaryFolder();
    const right = Array(100_000).fill(1);
    for (const model of ["a", "b"]) record(root, model, "toy_pairs", right);
    const benchmark = { ...small, tasks: [{ task: "toy_pairs", metric: "acc", limit: right.length }] };
    const [, b] = (await benchmarkResult(benchmark, new EvalArchive(root))).subjects;
    expect(b.comparisons).toMatchObject([{ n: right.length, difference: 0 }]);
  });

  it("become tables with errors, a mark for noise, and dashes for what is missing", async () => {
    const result = await benchmarkResult(small, new EvalArchive(await records()));
    expect(scoreTable(result).split("\n")).toEqual([
      "| model | what | parameters | toy_pairs acc ↑, n = 4 | blimp acc ↑, n = 134 |",
      "| --- | --- | --: | --: | --: |",
      "| a | base | 1,000 | 0.7500 ± 0.2500 | 1.0000 ± 0.0000 |",
      expect.stringMatching(/^\| b \| healed \| 1,000 \| 0\.5000 ± 0\.2887 \| 0\.8507 ± 0\.\d{4} \|$/),
      "| c | merged | — | — | — |",
      "| d | published | — | — | 0.5000 |",
    ]);
    const differences = differenceTable(result);
    expect(differences).toMatch(/\| toy_pairs acc \| b \| 4 \| −0\.2500 \| .* \| 1\.000 \| within noise \|/);
    expect(differences).toMatch(/\| blimp acc \| b \| 134 \| −0\.1493 \| .* \| < 0\.001 \| a is better \|/);
    expect(benchmarkCsv(result)).toContain("\nb,healed,toy_pairs,acc,4,0.5,0.288675,-0.25,");
    const page = benchmarkPage(result);
    const stories = { ...small, tasks: [{ task: "tinystories", metric: "bits_per_byte" }] };
    expect(benchmarkPage(await benchmarkResult(stories, new EvalArchive(temporaryFolder())))).toContain(
      "\ntinystories: the first 220 stories of the validation split, wherever they come from.\n",
    );
    for (const part of ["published: a book", "evals-small-scores.svg", "evals-small-differences.svg"]) {
      expect(page).toContain(part);
    }
  });

  it("give equal files whenever they are derived, and figures only of what there is", async () => {
    const root = await records();
    const [result, again] = await Promise.all([1, 2].map(() => benchmarkResult(small, new EvalArchive(root))));
    expect([...benchmarkText(again)]).toEqual([...benchmarkText(result)]);
    const [scores, differences] = benchmarkFigures(result).map(({ spec }) => complete(spec!).data);
    expect(scores.map(({ name, x, y }) => [name, x, y])).toEqual([
      ["toy_pairs acc", [0.75, 0.5], ["a", "b"]],
      ["blimp acc", [1, expect.closeTo(0.8507, 4)], ["a", "b"]],
    ]);
    expect(scores[0].error_x).toMatchObject({ array: [expect.closeTo(0.49, 6), expect.closeTo(0.5658, 4)] });
    expect(differences.map(({ name, x, y }) => [name, x, y])).toEqual([
      ["toy_pairs acc gained", [-0.25], ["b"]],
      ["blimp acc gained", [expect.closeTo(-0.1493, 4)], ["b"]],
    ]);
    const empty = await deriveBenchmarks([small], new EvalArchive(temporaryFolder()));
    expect([...empty.files].filter(([, content]) => content !== undefined).map(([path]) => path)).toEqual([
      "results/tables/evals-small.md",
      "results/tables/evals-small.csv",
    ]);
  });

  it("are compared as one family, whatever their metrics", async () => {
    const root = temporaryFolder();
    const tasks = [
      { task: "toy_pairs", metric: "acc", limit: 8 },
      { task: "piqa", metric: "acc_norm", limit: 8 },
    ];
    for (const { task, metric } of tasks) {
      record(root, "a", task, Array(8).fill(0), { metric });
      record(root, "b", task, Array(8).fill(1), { metric });
    }
    const { subjects } = await benchmarkResult({ ...small, tasks }, new EvalArchive(root));
    // McNemar's 2 · 2⁻⁸ of each.
    expect(subjects[1].comparisons.map((each) => each?.adjustedP)).toEqual(Array(2).fill(expect.closeTo(2 ** -6, 15)));
  });

  it("are paired by documents where a model has left some out, and refused where the data differ", async () => {
    const root = temporaryFolder();
    const members = (await selectTasks(["blimp"])).tasks;
    for (const { task } of members) {
      record(root, "a", task, [1, 0]);
      record(root, "b", task, [1], { limit: 2, ids: [0] });
    }
    const [, blimp] = (await benchmarkResult(small, new EvalArchive(root))).subjects[1].comparisons;
    expect(blimp).toMatchObject({ n: 67, unpaired: 67, difference: 0, samePrompts: true });
    record(root, "a", "toy_pairs", [1, 1, 0, 1]);
    record(root, "b", "toy_pairs", [1, 1, 0, 1], { original: 99 });
    await expect(benchmarkResult(small, new EvalArchive(root))).rejects.toThrow(
      /document 0 is another in each evaluation/,
    );
  });

  it("of a model that sees the future are marked in every table and figure", async () => {
    const root = temporaryFolder();
    record(root, "a", "toy_pairs", [1, 1, 0, 1]);
    record(root, "b", "toy_pairs", [1, 0, 0, 1], { leaks: true });
    const result = await benchmarkResult(small, new EvalArchive(root));
    for (const text of [scoreTable(result), differenceTable(result), benchmarkCsv(result)])
      expect(text).toContain("b (leaks)");
    const rows = benchmarkFigures(result).map(({ spec }) => spec?.data.map(({ y }) => y));
    expect(rows).toEqual([[["a", "b (leaks)"]], [["b (leaks)"]]]);
  });

  it("are those of the task and the model as they are now", async () => {
    const root = temporaryFolder();
    const config = configOf("toy_pairs");
    const query = { model: "a", config, limit: 3 };
    const find = (more: Partial<EvalQuery> = {}) => new EvalArchive(root).find({ ...query, ...more })?.documents.values;
    for (const other of [
      { maxLength: 128, context: 256 },
      { fewshotSeed: 1 },
      { resamples: 10 },
      { shots: 1, task: taskSpec({ config, shots: 1 }) },
      { task: taskSpec({ config: { ...config, description: "Before." }, shots: 0 }) },
      { documents: [0, 1, 2] },
    ]) {
      record(root, "a", "toy_pairs", [0, 0, 0], other);
      expect(find()).toBeUndefined();
    }
    record(root, "a", "toy_pairs", [1, 1, 1]);
    expect(find()).toEqual({ "acc,none": [1, 1, 1] });
    expect(find({ limit: undefined })).toBeUndefined();
    expect(find({ weights: "b" })).toBeUndefined();
    record(root, "a", "toy_pairs", [1, 0, 1], { weights: "b", context: 256 });
    expect(find({ weights: "b" })).toEqual({ "acc,none": [1, 0, 1] });
    expect(() => find()).toThrow(/2 records of a on toy_pairs.*weights or configurations are outdated/s);
  });

  it("are those of the model's configuration, as far as they say it", async () => {
    const root = temporaryFolder();
    const query = { model: "a", config: configOf("toy_pairs"), limit: 3 };
    const find = (more: Partial<EvalQuery> = {}) => new EvalArchive(root).find({ ...query, ...more })?.documents.values;
    record(root, "a", "toy_pairs", [1, 0, 0]);
    expect(find({ configuration: "new" })).toEqual({ "acc,none": [1, 0, 0] });
    record(root, "a", "toy_pairs", [1, 1, 1], { configuration: "new", weights: "b" });
    expect(find({ weights: "b", configuration: "new" })).toEqual({ "acc,none": [1, 1, 1] });
    expect(find({ weights: "b", configuration: "old" })).toBeUndefined();
    const other = new EvalArchive(root).outdated({ ...query, weights: "b", configuration: "old" });
    expect(other.map(({ header }) => header.spec.weights).sort()).toEqual(["a", "b"]);
    record(root, "a", "toy_pairs", [0, 1, 1], { configuration: "old", weights: "b" });
    expect(() => find({ weights: "b" })).toThrow(/2 records of a on toy_pairs/);
  });

  it("of other weights than the model has now are none, and two of one model are not mixed", async () => {
    const root = await records();
    const known = await benchmarkResult(small, new EvalArchive(root), ({ kind }) =>
      kind === "named" ? "a" : undefined,
    );
    expect(known.subjects.map(({ scores }) => scores[0]?.value)).toEqual([0.75, undefined, undefined]);
    record(root, "c", "toy_pairs", [1, 1, 1, 1]);
    for (const { task } of (await selectTasks(["blimp"])).tasks) record(root, "c", task, [1, 1], { weights: task });
    await expect(benchmarkResult(small, new EvalArchive(root))).rejects.toThrow(
      /records of c are of different weights/,
    );
  });

  it("of two configurations are not mixed", async () => {
    const root = temporaryFolder();
    record(root, "a", "toy_pairs", [1, 1, 1, 1], { configuration: "old" });
    for (const { task } of (await selectTasks(["blimp"])).tasks)
      record(root, "a", task, [1, 1], { configuration: "new" });
    await expect(benchmarkResult(small, new EvalArchive(root))).rejects.toThrow(
      /records of a are of different configurations/,
    );
  });
});
