/**
 * `npm run check:lm-eval`: the real lm-evaluation-harness asks our server, and the kit evaluates the same documents natively: the
 * same requests, the same scores, the same metrics.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSpeaker } from "../cli/speaker.js";
import * as evals from "../evals/index.js";
import { mirrorRoot } from "../source/index.js";
import { check, inScratch, type Verdict } from "./harness/check.js";
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

async function main(verdict: Verdict): Promise<void> {
  const mirror = mirrorRoot();
  const hasTasks = mirror !== undefined && existsSync(join(mirror, "lm_eval_tasks"));
  await inScratch("lm-eval", async (folder) => {
    for (const each of [...own, ...(hasTasks ? mirrored : [])]) await compare(each, folder, verdict);
  });
}

async function compare({ model: name, tasks, limit }: Case, folder: string, verdict: Verdict): Promise<void> {
  const speaker = await loadSpeaker(name);
  const mine = await evals.run(speaker, tasks, { name, limit });
  const theirs = await harnessOn(speaker, { name, tasks, limit, out: folder });
  const { results } = JSON.parse(readFileSync(theirs.results, "utf8"));
  const samples = evals.readSamples(theirs.results);
  for (const task of mine.tasks) {
    const { task: title } = task.config;
    const found = differences(task, results[title] ?? {}, samples.get(title) ?? []);
    const scores = task.samples.reduce((count, { answers }) => count + answers.length, 0);
    verdict(`${name}, ${title}: ${scores} scores`, found);
  }
}

await check("check:lm-eval", main);
