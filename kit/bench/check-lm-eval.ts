/**
 * `npm run check:lm-eval`: the real lm-evaluation-harness asks our server, and the kit evaluates the same documents natively: the
 * same requests, the same scores, the same metrics.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.js";
import * as evals from "../evals/index.js";
import { mirrorRoot, projectRoot } from "../source/index.js";
import * as weights from "../weights/index.js";
import { say } from "./harness/table.js";
import { differences } from "./lm-eval/compare.js";
import { harnessOn } from "./lm-eval/harness.js";

/** A model and what it is asked. */
type Case = { readonly model: string; readonly tasks: readonly string[]; readonly limit: number };

/** What needs no download: the kit's own model on its own pairs. */
const own: readonly Case[] = [{ model: "pico", tasks: ["toy_pairs"], limit: 40 }];

/** What the mirror has as well: choices, last words, whole pages, a group. */
const mirrored: readonly Case[] = [
  {
    model: "tinystories-656k",
    tasks: ["arc_easy", "piqa", "boolq", "lambada_openai", "tinystories", "blimp_anaphor_gender_agreement"],
    limit: 20,
  },
];

let [passed, failed] = [0, 0];

async function main(): Promise<void> {
  const bench = join(projectRoot(), ".cache", "bench");
  mkdirSync(bench, { recursive: true });
  const folder = mkdtempSync(join(bench, "lm-eval-"));
  try {
    const mirror = mirrorRoot();
    const hasTasks = mirror !== undefined && existsSync(join(mirror, "lm_eval_tasks"));
    for (const each of [...own, ...(hasTasks ? mirrored : [])]) await compared(each, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compared({ model: name, tasks, limit }: Case, folder: string): Promise<void> {
  const { model, tokenizer } = await weights.load(name);
  const speaker = { model, tokenizer: weights.requireTokenizer(name, tokenizer) };
  const mine = await evals.run(speaker, tasks, { name, limit });
  const theirs = await harnessOn(speaker, { name, tasks, limit, out: folder });
  const { results } = JSON.parse(readFileSync(theirs.results, "utf8"));
  const samples = evals.readSamples(theirs.results);
  for (const task of mine.tasks) {
    const { task: title } = task.config;
    const found = differences(task, results[title] ?? {}, samples.get(title) ?? []);
    const scores = task.samples.reduce((count, { answers }) => count + answers.length, 0);
    say(
      `${found.length === 0 ? "✓" : "✗"} ${[`${name}, ${title}: ${scores} scores`, ...found.slice(0, 5)].join("\n    ")}`,
    );
    if (found.length === 0) passed++;
    else failed++;
  }
}

try {
  await main();
} catch (error) {
  failed++;
  if (error instanceof UserError) console.error(`check:lm-eval: ${error.message}`);
  else console.error(error);
}
if (passed + failed > 0) say(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
