/** Where rows come from: a folder that was given is the only place, else the mirror is looked through. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { startHub } from "../../source/testing/hub.js";
import { evaluatedSplit } from "../evaluate.js";
import { shippedTasks } from "../shipped/tasks.js";
import type { Doc, TaskConfig } from "../tasks/config.js";
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

describe("rows of the hub", () => {
  beforeEach(() => {
    vi.stubEnv("KINTSUGI_MIRROR", temporaryFolder());
    vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
    vi.stubEnv("HF_HUB_OFFLINE", "");
  });
  afterEach(() => void vi.unstubAllEnvs());

  const parquet = (...texts: readonly string[]): Uint8Array =>
    new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "text", data: [...texts], type: "STRING" }] }));
  const jsonl = (...texts: readonly string[]): string => texts.map((text) => `${JSON.stringify({ text })}\n`).join("");

  async function textsOf(config: Partial<TaskConfig>, split = "test"): Promise<readonly unknown[]> {
    const rows = await openDataset({ task: "own", dataset_path: "org/set", ...config })(split);
    return rows.map(({ text }) => text);
  }

  it("are what it has converted, of the named data set and the split alone, in order", async () => {
    const converted = {
      "one/test/0000.parquet": parquet("a"),
      "one/test/0001.parquet": parquet("b"),
      "one/test-more/0000.parquet": parquet("wrong"),
      "one/train/0000.parquet": parquet("wrong"),
      "two/test/0000.parquet": parquet("other"),
      "default/test/0000.parquet": parquet("unnamed"),
    };
    const own = { "one/test.jsonl": jsonl("own") };
    const hub = await startHub({ "org/set@refs/convert/parquet": converted, "org/set": own });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    expect(await textsOf({ dataset_name: "one" })).toEqual(["a", "b"]);
    expect(await textsOf({ dataset_name: "two" })).toEqual(["other"]);
    expect(await textsOf({})).toEqual(["unnamed"]);
    expect(hub.requests.some(({ path }) => path.includes("/revision/main"))).toBe(false);
    // A revision that the task names is one of its own files.
    expect(await textsOf({ dataset_name: "one", dataset_kwargs: { revision: "v1" } })).toEqual(["own"]);
    expect(hub.requests.some(({ path }) => path.includes("/revision/v1"))).toBe(true);
  });

  it("are the repository's own files where nothing was converted, or not this split", async () => {
    const files = { "data/test-00000-of-00001.jsonl": jsonl("a", "b"), "data/train.jsonl": jsonl("c") };
    const hub = await startHub({
      "org/set@refs/convert/parquet": { "default/train/0.parquet": parquet("x") },
      "org/set": files,
    });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    expect(await textsOf({})).toEqual(["a", "b"]);
    await expect(textsOf({}, "validation")).rejects.toThrow(
      /there is no split "validation" of org\/set: no file is named after it.*\(task own\)/,
    );
    const plain = await startHub({ "org/set@main": files });
    vi.stubEnv("HF_ENDPOINT", plain.url);
    vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
    expect(await textsOf({}, "train")).toEqual(["c"]);
  });

  it("are all stories of a task of one's own, of which the kit's takes the first", async () => {
    const stories = Array.from({ length: 230 }, (_, i) => `Story ${i}.`);
    const hub = await startHub({
      "roneneldan/TinyStories": {
        "default/validation/0000.parquet": parquet(...stories),
        "TinyStories-valid.txt": stories.join("\n<|endoftext|>\n"),
      },
    });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    vi.stubEnv("KINTSUGI_MIRROR", folder({ "tinystories/valid_v1_221.jsonl": jsonl(...stories.slice(0, 221)) }));
    const own = { dataset_path: "roneneldan/TinyStories" };
    expect(await textsOf(own, "validation")).toEqual(stories);
    // A file may say that its task is another than the kit's.
    expect(
      await textsOf({ ...own, task: "tinystories", metadata: { config_source: "own.yaml" } }, "validation"),
    ).toEqual(stories);
    expect((await rowsOf("tinystories")).map(({ text }) => text)).toEqual(stories.slice(0, 220));
  });
});
