import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { type Hub, startHub } from "../../source/testing/hub.js";
import { corpus } from "../corpus.js";
import { toyStories } from "../toyStories.js";
import { fetchCorpus, lookedText, openCorpus } from "./corpora.js";
import { manifestText } from "./manifest.js";
import type { RebuildOptions, Rebuilt } from "./rebuild.js";

const name = "tinystories-13k";
const stories = toyStories({ seed: 5, count: 24 });
const others = toyStories({ seed: 6, count: 5 });
const expected = corpus(name, stories);

let home: string;

beforeEach(() => {
  home = temporaryFolder();
  for (const [variable, value] of Object.entries({
    KINTSUGI_HOME: home,
    KINTSUGI_MIRROR: "",
    HF_ENDPOINT: "http://127.0.0.1:1",
    HF_TOKEN: "",
    HF_HUB_OFFLINE: "",
  })) {
    vi.stubEnv(variable, value);
  }
  write("data/tinystories-13k.sha256", manifestText(expected));
});
afterEach(() => vi.unstubAllEnvs());

/** Writes a file below the project's folder. */
function write(path: string, content: string): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const jsonl = (texts: readonly string[]): string =>
  texts.map((text) => `${JSON.stringify({ text, src: "x" })}\n`).join("");
const published = (texts: readonly string[]): string => texts.map((text) => `${text}\n<|endoftext|>\n`).join("");
const parquet = (texts: readonly string[]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "id", data: texts.map((_, i) => i), type: "INT32" },
        { name: "text", data: [...texts], type: "STRING" },
      ],
      rowGroupSize: 4,
    }),
  );

async function hubWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<Hub> {
  const hub = await startHub({ "roneneldan/TinyStories": files });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  return hub;
}

const run = (options: RebuildOptions = {}): Promise<Rebuilt> => fetchCorpus(name, { retryMs: 1, ...options });
const fetched = (hub: Hub): string[] =>
  hub.requests.flatMap(({ path }) => /\/resolve\/[^/]+\/(.*)$/.exec(path)?.[1] ?? []);

describe("a corpus of a manifest", () => {
  it("is rebuilt from a mirror, in the order of the manifest; a second call touches nothing", async () => {
    const mirror = temporaryFolder();
    mkdirSync(join(mirror, "tinystories"));
    writeFileSync(join(mirror, "tinystories", "train.jsonl"), jsonl([...others, ...stories].reverse()));
    vi.stubEnv("KINTSUGI_MIRROR", mirror);
    const first = await run();
    expect(first.corpus).toEqual(expected);
    expect(first.looked).toEqual([{ where: join(mirror, "tinystories", "train.jsonl"), texts: 24, found: 24 }]);
    const before = statSync(first.path, { bigint: true });
    vi.stubEnv("KINTSUGI_MIRROR", "");
    expect(await run()).toEqual({ ...first, looked: [] });
    const after = statSync(first.path, { bigint: true });
    expect([after.mtimeNs, after.ino]).toEqual([before.mtimeNs, before.ino]);
    expect(await openCorpus({ kind: name })).toEqual(expected);
  });

  it("is rebuilt from the hub's Parquet and text files, whatever white space they keep, and no file more", async () => {
    const spaced = stories.slice(0, 10).map((text, i) => (i % 2 ? ` ${text}\n\n` : text.replaceAll("\n", "\n\n")));
    const crlf = stories.slice(10).map((text) => text.replaceAll("\n", "\r\n"));
    const hub = await hubWith({
      "README.md": "stories",
      "data/train-00000-of-00002-0f.parquet": parquet([...others, ...spaced]),
      "data/train-00001-of-00002-1f.parquet": parquet(others),
      "TinyStoriesV2-GPT4-train.txt": published(crlf),
      "TinyStories-train.txt": published(stories),
    });
    const { corpus, looked } = await run();
    expect(corpus).toEqual(expected);
    expect(looked.map(({ texts, found }) => [texts, found])).toEqual([
      [15, 10],
      [14, 14],
    ]);
    expect(fetched(hub)).toEqual(["data/train-00000-of-00002-0f.parquet", "TinyStoriesV2-GPT4-train.txt"]);
  });

  it("says which texts no place has, keeps the rest, and is completed from a copy of one's own", async () => {
    const absent = [3, 17];
    const hub = await hubWith({
      "TinyStoriesV2-GPT4-train.txt": published(stories.filter((_, i) => !absent.includes(i))),
    });
    const first = await run();
    expect(first.corpus).toBeUndefined();
    expect(first.count).toBe(24);
    expect(first.missing.map(({ text }) => text)).toEqual(absent);
    await expect(openCorpus({ kind: name })).rejects.toThrow(
      /2 of the 24 texts of tinystories-13k are missing .*npm run data/,
    );
    const asked = hub.requests.length;
    const own = write("own/more.jsonl", jsonl([stories[17], stories[3]]));
    const second = await run({ from: [dirname(own)] });
    expect(second.corpus).toEqual(expected);
    expect(second.looked).toEqual([{ where: own, texts: 2, found: 2 }]);
    expect(hub.requests).toHaveLength(asked);
  });

  it("never takes a text that differs by one character", async () => {
    await hubWith({ "TinyStories-train.txt": published([`${stories[0]}.`, ...stories.slice(1)]) });
    const { missing, looked } = await run();
    expect(missing.map(({ text }) => text)).toEqual([0]);
    expect(looked.map(lookedText)).toEqual([
      "the hub's roneneldan/TinyStories: TinyStories-train.txt: 23 found among 24",
    ]);
  });

  it("goes on where a connection dropped", async () => {
    const hub = await hubWith({ "TinyStories-train.txt": published(stories) });
    hub.mishaps.push({ breakAfter: 5000 }, { status: 503 }, { breakAfter: 700 });
    expect((await run()).corpus).toEqual(expected);
    expect(fetched(hub)).toEqual(Array(4).fill("TinyStories-train.txt"));
  });

  it("passes over a file that arrives damaged, and fetches it again the next time", async () => {
    const hub = await hubWith({
      "data/train-00000-of-00001.parquet": parquet(stories.slice(0, 20)),
      "TinyStories-train.txt": published(stories.slice(20)),
    });
    hub.mishaps.push({ corrupt: true });
    const first = await run();
    expect(first.looked[0].problem).toMatch(/is damaged: its sha256 checksum/);
    expect(first.missing).toHaveLength(20);
    const second = await run();
    expect(second.corpus).toEqual(expected);
    expect(fetched(hub).at(-1)).toBe("data/train-00000-of-00001.parquet");
  });

  it("tells why nothing could be fetched", async () => {
    const { looked, missing } = await run();
    expect(missing).toHaveLength(24);
    expect(looked.map(lookedText)).toEqual([expect.stringMatching(/the hub's roneneldan\/TinyStories: Cannot fetch/)]);
    expect(existsSync(join(home, "data", "cache", name))).toBe(false);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await expect(openCorpus({ kind: name })).rejects.toThrow(/HF_HUB_OFFLINE forbids/);
  });

  it("uses what the cache holds of the hub without asking it, and what is left of a damaged copy", async () => {
    const hub = await hubWith({ "TinyStories-train.txt": published(stories) });
    const { path } = await run();
    const asked = hub.requests.length;
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    const again = await run();
    expect(again.corpus).toEqual(expected);
    expect(again.looked).toEqual([
      expect.objectContaining({ where: expect.stringContaining("TinyStories-train.txt") }),
    ]);
    expect(hub.requests).toHaveLength(asked);
  });

  it("refuses places and manifests that are wrong", async () => {
    await expect(run({ from: [join(home, "absent")] })).rejects.toThrow(/There is no .*absent/);
    await expect(run({ from: [write("own/story.pdf", "")] })).rejects.toThrow(/holds no texts that are read here/);
    await expect(fetchCorpus("tinystories")).rejects.toThrow(/no corpus "tinystories".*tinystories-13k/);
    const bad = { kind: "toy" } as unknown as Parameters<typeof openCorpus>[0];
    await expect(openCorpus(bad)).rejects.toThrow(/no corpus "toy".*toy-stories/);
    const sound = manifestText(expected);
    for (const damaged of [sound.slice(0, -20), sound.replace("texts: 24", "texts: 25"), "", `${sound}0123\n`]) {
      write("data/tinystories-13k.sha256", damaged);
      await expect(run()).rejects.toThrow(/the manifest is damaged/);
    }
    write("data/tinystories-13k.sha256", manifestText({ ...expected, sha256: "0".repeat(64) }));
    await hubWith({ "TinyStories-train.txt": published(stories) });
    await expect(run()).rejects.toThrow(/do not have the hash of their manifest/);
  });
});

describe("toy stories", () => {
  it("are a corpus by seed and count", async () => {
    expect(await openCorpus({ kind: "toy-stories", seed: 5, count: 24 })).toEqual({ ...expected, name: "toy-stories" });
  });
});
