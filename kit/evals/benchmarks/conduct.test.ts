/** Benchmarks carried out with a real model. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.js";
import { weightsHash } from "../../lab/models.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { EvalArchive } from "./archive.js";
import { checkBenchmark, recordedName, type Subject } from "./benchmark.js";
import { conductBenchmark } from "./conduct.js";
import { benchmarkResult } from "./results.js";
import { named, record, small } from "./testing/records.js";

describe("a benchmark", () => {
  it("is carried out as far as its models are there, once", async () => {
    const root = temporaryFolder();
    const opened: string[] = [];
    const said: string[] = [];
    const options = {
      records: root,
      tasks: ["toy_pairs"],
      say: (message: string) => void said.push(message),
      open: async ({ label }: Subject) => {
        opened.push(label);
        if (label === "c") throw new UserError("there is no model c");
        const { model, tokenizer } = await load("pico");
        return { model, tokenizer: requireTokenizer("pico", tokenizer) };
      },
    };
    expect(await conductBenchmark(small, options)).toBe(false);
    expect(opened).toEqual(["a", "b", "c"]);
    expect(said.at(-1)).toBe("c is left out: there is no model c");
    expect(readdirSync(root)).toEqual(["a", "b"]);
    const [a, b] = (await benchmarkResult(small, new EvalArchive(root))).subjects;
    expect(a.scores[0]).toEqual(b.scores[0]);
    expect(b.comparisons[0]).toMatchObject({ n: 4, difference: 0, p: 1 });
    expect(await conductBenchmark(small, { ...options, only: ["a", "b"] })).toBe(true);
    expect(opened).toEqual(["a", "b", "c"]);
    await expect(conductBenchmark(small, { ...options, only: ["z"] })).rejects.toThrow(/no model "z".*a, b, c/);
    await expect(conductBenchmark(small, { ...options, tasks: ["wikitext"] })).rejects.toThrow(/no task "wikitext"/);
  }, 120_000);

  it("is carried out again where a record is of other weights, which is told of", async () => {
    const root = temporaryFolder();
    record(root, "a", "toy_pairs", [0, 0, 0, 0], { weights: "old" });
    const said: string[] = [];
    let opened = 0;
    const weights = weightsHash((await load("pico")).model);
    const options = {
      ...{ records: root, only: ["a"], tasks: ["toy_pairs"], weightsOf: () => weights },
      say: (message: string) => void said.push(message),
      open: async () => {
        opened++;
        const { model, tokenizer } = await load("pico");
        return { model, tokenizer: requireTokenizer("pico", tokenizer) };
      },
    };
    expect(await conductBenchmark(small, options)).toBe(true);
    expect(said[0]).toMatch(
      /toy_pairs\..*\.jsonl is of other weights or another configuration than a has now: delete it$/,
    );
    expect(readdirSync(join(root, "a"))).toHaveLength(2);
    const { subjects } = await benchmarkResult(small, new EvalArchive(root), () => weights);
    expect(subjects[0].scores[0]?.value).toBeGreaterThan(0);
    expect(await conductBenchmark(small, options)).toBe(true);
    expect(opened).toBe(1);
    // What is kept of a run may be another run's.
    expect(await conductBenchmark(small, { ...options, weightsOf: () => "others" })).toBe(false);
    expect(said.at(-1)).toMatch(/^a is left out: its weights are not those/);
  }, 120_000);

  it("names its models in records apart", () => {
    const of = { study: "s", arm: "x" };
    expect(
      [
        { kind: "converted", ...of, seed: 0, start: "1a" } as const,
        { kind: "trained", ...of, seed: 1 } as const,
        { kind: "packed", ...of, seed: 2, spec: "2b" } as const,
      ].map(recordedName),
    ).toEqual(["s/x/converted-0.1a", "s/x/trained-1", "s/x/packed-2.2b"]);
    expect(() => checkBenchmark({ ...small, subjects: [named("a"), named("a")] })).toThrow(
      /model a stands there twice/,
    );
    expect(() => checkBenchmark({ ...small, tasks: [] })).toThrow(/no task \(benchmark evals-small\)/);
  });
});
