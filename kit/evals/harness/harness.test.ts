import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { selectTasks } from "../tasks/catalogue.js";
import { writeHarnessFolder } from "./documents.js";
import { runHarness } from "./run.js";
import { readSamples, tiedTasks } from "./samples.js";

const json = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

it("writes the documents of our own task, a file for it, and what it is called", async () => {
  const { data, tasks } = await writeHarnessFolder(await selectTasks(["toy_pairs"]), temporaryFolder());
  const listed = json(data, "datasets.json");
  const [file] = Object.values(listed["kintsugi/toy_pairs"] as Record<string, string>);
  const rows = readFileSync(join(data, file), "utf8").trimEnd().split("\n");
  expect(rows).toHaveLength(400);
  expect(Object.keys(JSON.parse(rows[0]))).toEqual(["kind", "context", "good", "bad"]);
  expect(json(data, "names.json")).toEqual(["toy_pairs"]);
  const config = json(tasks, "toy_pairs.yaml");
  expect(config).toMatchObject({ task: "toy_pairs", dataset_path: "kintsugi/toy_pairs", test_split: "test" });
  expect(config).not.toHaveProperty("custom_dataset");
});

it("gives the rows that are asked about for examples that are not drawn, and others where they are", async () => {
  const folder = temporaryFolder();
  const row = { goal: "To fly", sol1: "jump", sol2: "sleep", label: 0 };
  for (const split of ["val", "train"]) {
    writeFileSync(join(folder, `piqa_${split}.jsonl`), `${JSON.stringify({ ...row, goal: split })}\n`);
  }
  const asked = async (fewshot?: number) => {
    const { data } = await writeHarnessFolder(await selectTasks(["piqa"]), temporaryFolder(), {
      data: folder,
      fewshot,
    });
    const splits = json(data, "datasets.json")["baber/piqa"];
    return [splits.validation, splits.train].map((file) => json(data, file).goal);
  };
  expect(await asked()).toEqual(["val", "val"]);
  expect(await asked(1)).toEqual(["val", "train"]);
});

it("reads what the harness wrote, and tells tasks whose choices all tie", () => {
  const folder = temporaryFolder();
  const results = join(folder, "results_2026-01-02T03-04-05.678901.json");
  const choices = { output_type: "multiple_choice" };
  writeFileSync(results, JSON.stringify({ configs: { tied: choices, scored: choices, pages: { output_type: "x" } } }));
  const line = (id: number, ...scores: number[]): string =>
    JSON.stringify({
      doc_id: id,
      doc_hash: "d",
      prompt_hash: "p",
      target_hash: "t",
      resps: scores.map((score) => [[String(score), score > -2 ? "True" : "False"]]),
    });
  const samples = (task: string, ...lines: string[]): void =>
    writeFileSync(join(folder, `samples_${task}_2026-01-02T03-04-05.678901.jsonl`), lines.join("\n"));
  samples("tied", line(0, -3, -3), line(1, -1, -1));
  samples("scored", line(0, -3, -3), line(1, -1, -2.5));
  samples("pages", line(0, -3));
  expect(tiedTasks(results)).toEqual(["tied"]);
  expect(readSamples(results).get("scored")![1]).toEqual({
    id: 1,
    doc: "d",
    prompt: "p",
    target: "t",
    scores: [
      { logLikelihood: -1, greedy: true },
      { logLikelihood: -2.5, greedy: false },
    ],
  });
});

it("says in one line why the harness failed, and leaves nothing behind", async () => {
  const out = join(temporaryFolder(), "out");
  const options = { url: "http://127.0.0.1:1", name: "m", maxLength: 8, out };
  await expect(runHarness(["toy_pairs"], { ...options, python: "false" })).rejects.toThrow(
    /lm-evaluation-harness ended with exit code 1: it gave no reason/,
  );
  await expect(runHarness(["toy_pair"], { ...options, python: "false" })).rejects.toThrow(/Did you mean toy_pairs/);
  expect(existsSync(join(out, "m"))).toBe(false);
});
