import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Speaker } from "../../generate/index.js";
import { init, liquid } from "../../model/index.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { encoder } from "../scoring/encode.js";
import { selectTasks } from "../tasks/catalogue.js";
import { writeHarnessFolder } from "./documents.js";
import { runHarness } from "./run.js";
import { lacksTokens, readSamples, tiedTasks } from "./samples.js";

let speaker: Speaker;
beforeAll(async () => {
  const { model, tokenizer } = await load("pico");
  speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
});
afterEach(() => void vi.unstubAllEnvs());

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

/** A folder with a task of one's own and its rows, a group of it and of one of the kit's, and a task with a function. */
function ownTasksFolder(): string {
  const folder = temporaryFolder();
  const write = (file: string, value: object): void => writeFileSync(join(folder, file), JSON.stringify(value));
  write("rows.jsonl", { thing: "dog" });
  const data = { dataset_path: "json", dataset_kwargs: { data_files: { test: "rows.jsonl" } }, test_split: "test" };
  const words = { ...data, output_type: "loglikelihood", doc_to_text: "The", doc_to_target: "{{thing}}" };
  write("words.yaml", { task: "words", ...words });
  const described = { task: "toy_pairs", description: "Look: " };
  const aggregate_metric_list = [{ metric: "acc" }];
  write("both.yaml", { group: "both", task: ["words", described], aggregate_metric_list, metadata: { version: 2 } });
  writeFileSync(join(folder, "code.mjs"), "export const text = () => 'The';\n");
  writeFileSync(join(folder, "code.yaml"), "task: code\ndataset_path: json\ndoc_to_text: !function code.text\n");
  return folder;
}

it("writes tasks and groups of files, and refuses functions", async () => {
  const include = [ownTasksFolder()];
  const { data, tasks } = await writeHarnessFolder(await selectTasks(["both"], { include }), temporaryFolder());
  expect(readdirSync(tasks).sort()).toEqual(["both.yaml", "toy_pairs.yaml", "words.yaml"]);
  // Its rows are its own, whatever else is called "json".
  const words = json(tasks, "words.yaml");
  expect(words).toMatchObject({ task: "words", dataset_path: "kintsugi/words", doc_to_target: "{{thing}}" });
  expect(words).not.toHaveProperty("dataset_kwargs");
  expect(json(data, json(data, "datasets.json")["kintsugi/words"].test)).toEqual({ thing: "dog" });
  expect(json(tasks, "toy_pairs.yaml")).toMatchObject({ description: "Look: " });
  const group = { group: "both", task: ["words", "toy_pairs"], metadata: { version: 2 } };
  expect(json(tasks, "both.yaml")).toMatchObject(group);
  expect(json(data, "names.json")).toEqual(["both", "words", "toy_pairs"]);
  const code = await selectTasks(["code"], { include });
  const message = /doc_to_text is a function, which the harness would need in Python \(task code\)/;
  await expect(writeHarnessFolder(code, temporaryFolder())).rejects.toThrow(message);
});

it("reads what the harness wrote, and tells tasks whose choices all tie", () => {
  const folder = temporaryFolder();
  const results = join(folder, "results_2026-01-02T03-04-05.678901.json");
  const choices = { output_type: "multiple_choice" };
  const pages = { output_type: "loglikelihood_rolling" };
  const stories = { output_type: "generate_until" };
  writeFileSync(results, JSON.stringify({ configs: { tied: choices, scored: choices, pages, stories } }));
  const hashes = { doc_hash: "d", prompt_hash: "p", target_hash: "t" };
  const line = (id: number, ...scores: number[]): string =>
    JSON.stringify({
      ...{ doc_id: id, ...hashes },
      arguments: Object.fromEntries(scores.map((_, i) => [`gen_args_${i}`, { arg_0: "a", arg_1: ` ${i}` }])),
      resps: scores.map((score) => [[String(score), score > -2 ? "True" : "False"]]),
    });
  const samples = (task: string, ...lines: string[]): void =>
    writeFileSync(join(folder, `samples_${task}_2026-01-02T03-04-05.678901.jsonl`), lines.join("\n"));
  samples("tied", line(0, -3, -3), line(1, -1, -1));
  samples("scored", line(0, -3, -3), line(1, -1, -2.5));
  const asked = { arg_0: "Once", arg_1: { until: ["."] } };
  samples(
    "pages",
    JSON.stringify({ doc_id: 0, ...hashes, arguments: { gen_args_0: { arg_0: "a" } }, resps: [["-3.5"]] }),
  );
  samples("stories", JSON.stringify({ doc_id: 0, ...hashes, arguments: { gen_args_0: asked }, resps: [[" upon"]] }));
  expect(tiedTasks(results)).toEqual(["tied"]);
  const read = readSamples(results);
  const same = { doc: "d", prompt: "p", target: "t" };
  expect(read.get("scored")![1]).toEqual({
    ...{ id: 1, ...same },
    scores: [
      { logLikelihood: -1, greedy: true },
      { logLikelihood: -2.5, greedy: false },
    ],
    pairs: [" 0", " 1"].map((continuation) => ({ context: "a", continuation })),
    texts: [],
  });
  expect(read.get("pages")).toEqual([{ id: 0, ...same, scores: [{ logLikelihood: -3.5 }], pairs: [], texts: [] }]);
  expect(read.get("stories")).toEqual([{ id: 0, ...same, scores: [], pairs: [], texts: [" upon"] }]);
});

it("finds continuations that have no token of their own, which the harness takes for right", () => {
  const encode = encoder(speaker.tokenizer, 32);
  const sample = (continuation: string, logLikelihood: number) => ({
    ...{ id: 0, doc: "d", prompt: "p", target: "t", texts: [] },
    scores: [{ logLikelihood, greedy: true }],
    pairs: [{ context: "Once", continuation }],
  });
  expect(lacksTokens(sample("", 0), encode)).toBe(true);
  // A model may be certain of a token.
  expect(lacksTokens(sample(" upon", 0), encode)).toBe(false);
  expect(lacksTokens(sample(" upon", -1), encode)).toBe(false);
});

/** What a program in place of Python is called with: its arguments and two variables of its environment. */
async function called(options: { readonly speaker: Speaker }): Promise<{ args: string; upper: string; lower: string }> {
  const python = join(temporaryFolder(), "python");
  writeFileSync(python, `#!/bin/sh\necho "$* | $NO_PROXY | $no_proxy" >&2\nexit 1\n`, { mode: 0o755 });
  const out = join(temporaryFolder(), "out");
  const error = await runHarness(["toy_pairs"], {
    ...{ url: "http://127.0.0.1:1", name: "m", maxLength: 8, out, python },
    ...options,
  }).catch((error: Error) => error.message);
  const [args, upper, lower] = String(error).split(" | ");
  return { args, upper, lower: lower.split(" ")[0] };
}

it("reaches the server without a proxy, and what the user wants to reach so as well", async () => {
  vi.stubEnv("no_proxy", "a.example");
  vi.stubEnv("NO_PROXY", "b.example");
  const { upper, lower } = await called({ speaker });
  expect([upper, lower]).toEqual(Array(2).fill("a.example,b.example,127.0.0.1,localhost"));
});

it("tells the harness which token begins a text, and that a model sees the future", async () => {
  const leaking = { ...speaker, model: init(liquid(speaker.model.config, { pool: { kind: "sequence" } }), 0) };
  expect((await called({ speaker: leaking })).args).toContain('"allow_leak":true');
  const { args } = await called({ speaker });
  expect(args).not.toContain("allow_leak");
  expect(args).toContain('"custom_prefix_token_id":0,');
});

it("says in one line why the harness failed, and leaves nothing behind", async () => {
  const out = join(temporaryFolder(), "out");
  const options = { url: "http://127.0.0.1:1", speaker, name: "m", maxLength: 8, out };
  await expect(runHarness(["toy_pairs"], { ...options, python: "false" })).rejects.toThrow(
    /lm-evaluation-harness ended with exit code 1: it gave no reason/,
  );
  await expect(runHarness(["toy_pair"], { ...options, python: "false" })).rejects.toThrow(/Did you mean toy_pairs/);
  expect(existsSync(join(out, "m"))).toBe(false);
});

it("prints no table of a task whose choices all tie, which would show chance", async () => {
  // In place of Python: it writes what the harness writes, of a server that scores nothing.
  const program = (score: number): string => {
    const python = join(temporaryFolder(), "python");
    const lines = [
      `#!${process.execPath}`,
      'const { mkdirSync, writeFileSync } = require("node:fs");',
      'const folder = process.argv[process.argv.indexOf("--output_path") + 1] + "/m/";',
      "mkdirSync(folder, { recursive: true });",
      "const now = new Date();",
      "const local = new Date(now.getTime() - 60_000 * now.getTimezoneOffset()).toISOString();",
      'const date = local.replace("Z", "999").replaceAll(":", "-");',
      `const resps = [-3, ${score}].map((value) => [[String(value), "False"]]);`,
      'const gen_args = { gen_args_0: { arg_0: "a", arg_1: " b" }, gen_args_1: { arg_0: "a", arg_1: " c" } };',
      'const sample = { doc_id: 0, doc_hash: "d", prompt_hash: "p", target_hash: "t", arguments: gen_args, resps };',
      'writeFileSync(folder + "samples_toy_pairs_" + date + ".jsonl", JSON.stringify(sample));',
      'const configs = { toy_pairs: { output_type: "multiple_choice" } };',
      'writeFileSync(folder + "results_" + date + ".json", JSON.stringify({ configs }));',
      'console.log("settings\\n|Tasks|\\n|-----|\\n|toy_pairs|");',
    ];
    writeFileSync(python, lines.join("\n"), { mode: 0o755 });
    return python;
  };
  const running = (score: number) => {
    const out = join(temporaryFolder(), "out");
    const options = { url: "http://127.0.0.1:1", speaker, name: "m", maxLength: 64, out };
    return runHarness(["toy_pairs"], { ...options, python: program(score) });
  };
  await expect(running(-3)).rejects.toThrow(
    /all choices have the same score in every document of toy_pairs \(.*results_.*\): expected scores of a model/,
  );
  expect((await running(-4)).table).toBe("|Tasks|\n|-----|\n|toy_pairs|");
});
