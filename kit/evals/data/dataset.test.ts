/** Where rows come from: a folder that was given is the only place, else the mirror is looked through. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { evaluatedSplit } from "../evaluate.js";
import { shippedTasks } from "../shipped/tasks.js";
import type { Doc } from "../tasks/config.js";
import { openDataset } from "./dataset.js";

const phenomenon = "causative";

/** What a folder or a mirror may hold, with a word that tells them apart. */
const contents = (word: string): Readonly<Record<string, string | Uint8Array>> => ({
  "lm_eval_tasks/piqa_val.jsonl": `${JSON.stringify({ goal: word, sol1: "a", sol2: "b", label: 0 })}\n`,
  "wikitext2/wiki.test.raw": ` = A page = \n\n ${word} \n`,
  "blimp/blimp.jsonl.gz": gzipSync(`${JSON.stringify({ uid: phenomenon, good: `${word}.`, bad: "." })}\n`),
  "tinystories/valid_v1_221.jsonl": `${JSON.stringify({ text: `${word} slept.` })}\n`,
  "tinystories/TinyStories-valid.txt": "",
});

function folder(files: Readonly<Record<string, string | Uint8Array>>, flat = false): string {
  const root = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    const [inner, name] = path.split("/");
    if (!flat) mkdirSync(join(root, inner), { recursive: true });
    writeFileSync(flat ? join(root, name) : join(root, inner, name), content);
  }
  return root;
}

async function rowsOf(task: string, data?: string): Promise<readonly Doc[]> {
  const config = shippedTasks.find((each) => each.task === task)!;
  return await openDataset(config, { data })(evaluatedSplit(config));
}

const tasks = ["piqa", "wikitext", `blimp_${phenomenon}`, "tinystories"];

describe("rows of a shipped task", () => {
  beforeEach(() => void vi.stubEnv("KINTSUGI_MIRROR", folder(contents("mirrored"))));
  afterEach(() => void vi.unstubAllEnvs());

  it.each(tasks)("of %s are the folder's where one is given, laid out as the mirror or not at all", async (task) => {
    for (const data of [folder(contents("given")), folder(contents("given"), true)]) {
      expect(JSON.stringify(await rowsOf(task, data))).toMatch(/given/);
    }
    expect(JSON.stringify(await rowsOf(task))).toMatch(/mirrored/);
  });

  it.each(tasks)("of %s that a given folder lacks are one clear error, not the mirror's", async (task) => {
    const empty = temporaryFolder();
    await expect(rowsOf(task, empty)).rejects.toThrow(`the folder ${empty} does not have it (task ${task})`);
    await expect(rowsOf(task, join(empty, "gone"))).rejects.toThrow(/there is no folder .*gone/);
  });
});
