import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { writeSmall } from "../weights/testing/llama.js";
import { evalCommand } from "./eval.js";
import { runCommand } from "./testing/run.js";

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(evalCommand(), args)).out;
}

test("a model and a task: the harness's table, its files", async () => {
  const out = temporaryFolder();
  const text = await run("pico", "--tasks", "toy_pairs", "--limit", "20", "--batch-size", "8", "--out", out);
  expect(text).toMatch(/^\|toy_pairs\| +1\|none +\| +0\|acc +\|↑ {2}\| ?0\.\d+\|± {2}\|0\.\d{4}\|$/m);
  const path = text.split("\n").at(-1)!;
  expect(existsSync(path)).toBe(true);
  const samples = readdirSync(join(out, "pico")).find((name) => name.startsWith("samples_toy_pairs_"))!;
  expect(
    readFileSync(join(out, "pico", samples), "utf8")
      .trimEnd()
      .split("\n"),
  ).toHaveLength(20);
});

test("what was computed before a task that fails is printed and written", async () => {
  const [out, include] = [temporaryFolder(), temporaryFolder()];
  const fields = ["task: zz_gone", "dataset_path: json", "test_split: test", "output_type: multiple_choice"];
  writeFileSync(join(include, "gone.yaml"), `${fields.join("\n")}\n`);
  const options = ["pico", "--tasks", "toy_pairs,zz_gone", "--limit", "4", "--out", out, "--include", include];
  const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await expect(evalCommand().parseAsync(options, { from: "user" })).rejects.toThrow(/task zz_gone/);
  const text = printed.mock.calls.flat().join("\n");
  printed.mockRestore();
  expect(text).toMatch(/^\|toy_pairs\|.*\n.*results_.*\.json$/m);
  expect(readdirSync(join(out, "pico"))).toHaveLength(2);
});

/** A folder as --out makes it: documents of each task, by number. */
function results(tasks: Readonly<Record<string, readonly number[]>>): string {
  const folder = temporaryFolder();
  for (const [task, ids] of Object.entries(tasks)) {
    const lines = ids.map((id) => {
      const hashes = { doc_hash: `d${id}`, prompt_hash: `p${id}` };
      return `${JSON.stringify({ doc_id: id, filter: "none", metrics: ["acc"], ...hashes, acc: 1 })}\n`;
    });
    writeFileSync(join(folder, `samples_${task}_2026-01-02T03-04-05.000006.jsonl`), lines.join(""));
  }
  return folder;
}

test("--compare says of which tasks no document is common; of all of them that is an error", async () => {
  const [a, b] = [results({ s: [0, 1], t: [0, 1] }), results({ s: [1, 2], t: [2, 3] })];
  const text = await run("--compare", a, b);
  expect(text).toMatch(/^\| s \| acc ↑ \| 1 \|/m);
  expect(text).toMatch(/^t: no document in common, so that nothing is compared$/m);
  await expect(run("--compare", results({ t: [0] }), results({ t: [1] }))).rejects.toThrow(
    /have no document in common \(t\)\. .*--limit/,
  );
});

test("--list names tasks and groups", async () => {
  expect((await run("--list")).split("\n")).toEqual(expect.arrayContaining(["arc_easy", "blimp", "toy_pairs"]));
});

test.each<[string[], RegExp]>([
  [[], /no model to evaluate/],
  [["--compare", "/tmp"], /1 folder to compare.*two/s],
  [["--compare", "/none/such", "/tmp"], /there is no folder \/none\/such/],
  [["pico"], /no tasks to evaluate on.*--list/s],
  [["pico", "--tasks", ","], /no tasks to evaluate on/],
  [["pico", "--tasks", "arc_esy"], /Did you mean arc_easy/],
  [["/none/such", "--tasks", "toy_pairs"], /\/none\/such/],
  [["pico", "--tasks", "toy_pairs", "--limit", "0"], /number of documents, or a share/],
  [["pico", "--tasks", "toy_pairs", "--fewshot", "1.5"], /whole number from 0/],
])("%j is one clear error", async (options, message) => {
  await expect(run(...options)).rejects.toThrow(message);
});

test("a model without a tokenizer is one clear error", async () => {
  const folder = writeSmall(join(temporaryFolder(), "small"));
  await expect(run(folder, "--tasks", "toy_pairs")).rejects.toThrow(/has no tokenizer/);
});
