/**
 * `npm run check:lm-eval`: the real lm-evaluation-harness asks our server, and the kit evaluates the same documents natively: the
 * same requests, the same scores, the same metrics.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSpeaker } from "../cli/speaker.js";
import * as evals from "../evals/index.js";
import { init, liquid } from "../model/index.js";
import { mirrorRoot } from "../source/index.js";
import { check, inScratch, type Verdict } from "./harness/check.js";
import { differences } from "./lm-eval/compare.js";
import { harnessOn } from "./lm-eval/harness.js";
import { writeSentences } from "./lm-eval/sentences.js";

/** A model and what it is asked. */
type Case = { readonly model: string; readonly tasks: readonly string[]; readonly limit: number };

/** What needs no download: the kit's own model on its own pairs, and on sentences to be finished. */
const own = (sentences: string): Case => ({ model: "pico", tasks: ["toy_pairs", sentences], limit: 40 });

/** What the mirror has as well: choices, last words, whole stories and pages, a tokenizer that does not read its own markers. */
const mirrored: readonly Case[] = [
  {
    model: "tinystories-656k",
    tasks: ["arc_easy", "piqa", "boolq", "lambada_openai", "tinystories", "blimp_anaphor_gender_agreement"],
    limit: 20,
  },
  { model: "tinystories-656k", tasks: ["wikitext"], limit: 4 },
  { model: "stories260k", tasks: ["tinystories", "blimp_anaphor_gender_agreement"], limit: 20 },
];

async function main(verdict: Verdict): Promise<void> {
  const mirror = mirrorRoot();
  const hasTasks = mirror !== undefined && existsSync(join(mirror, "lm_eval_tasks"));
  await inScratch("lm-eval", async (folder) => {
    for (const each of [own(writeSentences(folder)), ...(hasTasks ? mirrored : [])])
      await compare(each, folder, verdict);
    await marks(folder, verdict);
  });
}

/** Whoever reads the harness's table sees what it is about. */
async function marks(folder: string, verdict: Verdict): Promise<void> {
  const { model, tokenizer } = await loadSpeaker("pico");
  const leaking = init(liquid(model.config, { pool: { kind: "sequence" } }), 0);
  const options = { name: "leaking", tasks: ["toy_pairs"], limit: 20, out: folder, allowLeak: true } as const;
  const { table } = await harnessOn({ model: leaking, tokenizer }, options);
  verdict("a model that sees the future: its row is marked", table.includes("|toy_pairs (leaks)|") ? [] : [table]);
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
    const answers = task.samples.reduce((count, { answers }) => count + answers.length, 0);
    verdict(`${name}, ${title}: ${answers} answers`, found);
  }
}

await check("check:lm-eval", main);
