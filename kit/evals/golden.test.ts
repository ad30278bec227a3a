/** The harness itself, run once on small tasks of our own with answers at random: its prompts, numbers, files and tables. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { PythonRandom } from "./python/random.js";
import { resultsJson, writeResults } from "./results/files.js";
import { sampleLine, taskHash } from "./results/samples.js";
import { table } from "./results/table.js";
import { type Evaluation, evaluate } from "./run.js";
import type { LanguageModel } from "./scoring/languageModel.js";
import { selectTasks } from "./tasks/catalogue.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "testing", "golden");
const golden = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8"));

/** The harness's `dummy` model: minus a random number for every request, never greedy, always the same text. */
function dummy(): LanguageModel {
  const random = new PythonRandom(0);
  // Before its first question the harness has made up 19 names of eight letters, one number each; they are thrown away.
  for (let i = 0; i < 19 * 8; i++) random.random();
  return {
    logLikelihoods: async (pairs) => pairs.map(() => ({ logLikelihood: -random.random(), greedy: false })),
    rolling: async (texts) => texts.map(() => -random.random()),
    generate: async (prompts) => prompts.map(() => "lol"),
  };
}

let running: Promise<Evaluation> | undefined;

function evaluation(): Promise<Evaluation> {
  running ??= selectTasks(["golden_group", "golden_written", "golden_rolling"], { include: [folder] }).then((tasks) =>
    evaluate(dummy(), tasks, { limit: 9, fewshot: 3, about: { name: "a/b" } }),
  );
  return running;
}

describe("what the harness answers", () => {
  it("has the same prompts, examples drawn alike, and documents", async () => {
    const { tasks } = await evaluation();
    const hashes = Object.fromEntries(tasks.map(({ config, samples }) => [config.task, taskHash(samples)]));
    expect(hashes).toEqual(golden.task_hashes);
  });

  it("has the same numbers, standard errors included", async () => {
    const { results, groups, ...rest } = JSON.parse(JSON.stringify(resultsJson(await evaluation()), bare));
    expectNumbers({ results, groups }, { results: golden.results, groups: golden.groups });
    for (const key of ["group_subtasks", "versions", "n-shot", "higher_is_better", "n-samples"]) {
      expect(rest[key]).toEqual(golden[key]);
    }
  });

  it("is printed alike, to the character", async () => {
    expect(table(await evaluation())).toBe(`${golden.table}\n${golden.groupTable}`);
  });

  it("is written alike, to the character", async () => {
    for (const { config, samples } of (await evaluation()).tasks) {
      const lines: readonly string[] = golden.samples[config.task];
      for (const [i, line] of lines.entries()) expect(sampleLine(config, samples[i])).toBe(line);
    }
  });

  it("is found in the files the harness would write", async () => {
    const out = temporaryFolder();
    const written = await writeResults(await evaluation(), out);
    const names = readdirSync(join(out, "a__b")).map((name) =>
      name.replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}/, "DATE"),
    );
    expect(names).toContain("results_DATE.json");
    expect(names).toContain("samples_golden_choice_DATE.jsonl");
    expect(names).toHaveLength(6);
    const results = JSON.parse(readFileSync(written.results, "utf8"));
    expect(results.results.golden_choice["acc,none"]).toBe(golden.results.golden_choice["acc,none"]);
    expect(results.model_name_sanitized).toBe("a__b");
    expect(readFileSync(written.results, "utf8")).toContain('"acc,none": 0.0,');
  });
});

/** Equal throughout, and numbers to 14 digits: the exponential functions of Python and of V8 differ in the last bit. */
function expectNumbers(found: unknown, right: unknown): void {
  const [digits, numbers] = [[], []] as [number[], number[]];
  const collect = (into: number[]) => (_: string, value: unknown) =>
    typeof value === "number" ? `number ${into.push(value)}` : value;
  const sorted = (value: unknown): unknown =>
    typeof value !== "object" || value === null
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort()
            .map(([key, each]) => [key, sorted(each)]),
        );
  const texts = [JSON.stringify(sorted(found), collect(digits)), JSON.stringify(sorted(right), collect(numbers))];
  expect(texts[0]).toBe(texts[1]);
  for (const [i, value] of numbers.entries())
    expect(Math.abs(digits[i] - value)).toBeLessThanOrEqual(1e-14 * Math.abs(value));
}

/** Floats without the wrapper that tells them from integers. */
function bare(_: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && value.constructor.name === "PythonFloat"
    ? (value as { value: number }).value
    : value;
}
