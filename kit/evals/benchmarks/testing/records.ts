/** A small benchmark, and records of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { temporaryFolder } from "../../../source/testing/folder.js";
import { type EvalSpec, evalRecordPath, taskSpec } from "../../record.js";
import { shippedTasks } from "../../shipped/tasks.js";
import { selectTasks } from "../../tasks/catalogue.js";
import type { TaskConfig } from "../../tasks/config.js";
import type { Benchmark, Subject } from "../benchmark.js";

export const named = (name: string, role: Subject["role"] = "base"): Subject => ({
  label: name,
  role,
  source: { kind: "named", name },
});

export const small: Benchmark = {
  name: "evals-small",
  title: "Small",
  question: "Is b as good as a?",
  subjects: [named("a"), named("b", "healed"), named("c", "merged")],
  tasks: [
    { task: "toy_pairs", metric: "acc", limit: 4 },
    { task: "blimp", metric: "acc", limit: 2 },
  ],
  published: { rows: [{ label: "d", scores: { blimp: 0.5 } }], source: "a book" },
};

export function configOf(task: string): TaskConfig {
  return shippedTasks.find((config) => config.task === task)!;
}

/** What a record says beside its specification. */
type Extras = { context: number; leaks: true; metric: string; ids: readonly number[]; original: number };

/** A record as `recordEvaluation` writes it: right or wrong, document by document. */
export function record(
  root: string,
  model: string,
  task: string,
  right: readonly number[],
  own: Partial<EvalSpec> & Partial<Extras> = {},
): void {
  const limit = right.length;
  const { context, leaks, metric = "acc", ids = right.map((_, i) => i), original = 100, ...changed } = own;
  const spec: EvalSpec = {
    ...{ version: 1, weights: model, shots: 0, limit, fewshotSeed: 1234, resamples: 100_000, maxLength: 256 },
    task: taskSpec({ config: configOf(task), shots: 0 }),
    ...changed,
  };
  const value = right.reduce((sum, each) => sum + each, 0) / limit;
  const stderr = Math.sqrt((value * (1 - value)) / (limit - 1));
  const lines = [
    { header: { model, parameters: 1000, context, leaks, spec } },
    { documents: { ids, values: { [`${metric},none`]: right } } },
    {
      footer: {
        metrics: [{ metric, filter: "none", value, stderr, higherIsBetter: true }],
        documents: { original, effective: limit },
        ...{ leftOut: [], taskHash: task, seconds: 1 },
      },
    },
  ];
  const path = evalRecordPath(model, spec, root);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** Records of a and b; b has one phenomenon more wrong than right. */
export async function records(): Promise<string> {
  const root = temporaryFolder();
  record(root, "a", "toy_pairs", [1, 1, 0, 1]);
  record(root, "b", "toy_pairs", [1, 0, 0, 1]);
  for (const [i, { task }] of (await selectTasks(["blimp"])).tasks.entries()) {
    record(root, "a", task, [1, 1]);
    record(root, "b", task, i < 20 ? [0, 1] : [1, 1]);
  }
  return root;
}
