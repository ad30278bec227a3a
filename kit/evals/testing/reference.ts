/** What the harness measured, and the tasks it measured it on, from the mirror. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mirrorRoot } from "../../source/index.js";
import { readDocs } from "../data/documents.js";
import { localRows } from "../data/local.js";
import { wikitextResults, wikitextTarget } from "../shipped/functions.js";
import { selectTasks } from "../tasks/catalogue.js";
import type { Doc, Splits, TaskConfig } from "../tasks/config.js";
import type { NamedFunctions } from "../tasks/functions.js";

/** One task of a reference run. */
export type ReferenceTask = {
  readonly n: number;
  readonly task_hash: string;
  readonly metrics: { readonly [metric: string]: number | "N/A" };
  readonly ll_sum?: number;
  readonly greedy_count?: number;
  readonly samples: readonly {
    readonly doc_id: number;
    readonly prompt_hash: string;
    readonly ll?: readonly number[];
    readonly greedy?: readonly boolean[];
    readonly text?: string;
  }[];
};

const mirror = mirrorRoot() ?? "";

export const hasReference: boolean = existsSync(join(mirror, "lm_eval_reference"));

function json(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(mirror, ...path), "utf8"));
}

/** The reference run of `tinystories-656k`, by task. */
export function reference(): { readonly [task: string]: ReferenceTask } {
  return (json("lm_eval_reference", "tinystories-656k.json") as { tasks: { [task: string]: ReferenceTask } }).tasks;
}

/** The documents it was made on. */
export function referenceSamples(): { readonly [task: string]: readonly number[] } {
  return json("lm_eval_yaml", "samples.json") as { [task: string]: readonly number[] };
}

/** What the task files' Python functions do, in TypeScript. */
export const functions: NamedFunctions = {
  "local_utils.wikitext_detokenizer": wikitextTarget,
  "local_utils.wikitext_results": wikitextResults,
  "local_utils.wikitext_pages": (): Splits => ({
    test: async () =>
      (await localRows({ path: "EleutherAI/wikitext_document_level", name: "wikitext-2-raw-v1" }, "test"))!,
  }),
  "local_utils.blimp": ({ uid }: { readonly uid: string }): Splits => ({
    train: async () =>
      (await localRows({ path: "nyu-mll/blimp", name: uid }, "train"))!.map(
        ({ sentence_good, sentence_bad }): Doc => ({ sentence_good, sentence_bad }),
      ),
  }),
  "local_utils.story_prompts": (): Splits => ({
    test: async () =>
      (await readDocs(join(mirror, "tinystories", "valid_v1_221.jsonl"))).slice(0, 60).map(({ text }): Doc => {
        const words = String(text).trim().split(/\s+/);
        return { prompt: words.slice(0, 12).join(" "), target: words[12] };
      }),
  }),
};

/** The task files of the mirror. */
export async function localTasks(names: readonly string[]): Promise<readonly TaskConfig[]> {
  const { tasks } = await selectTasks(names, { include: [join(mirror, "lm_eval_yaml")], functions });
  return tasks;
}
