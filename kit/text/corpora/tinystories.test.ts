/** The committed list against the stories themselves. */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { projectRoot } from "../../source/index.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { corpus } from "../corpus.js";
import { readJsonl } from "../readTexts.js";
import { openCorpus } from "./corpora.js";
import { manifestText, readManifest } from "./manifest.js";

const file = "data/tinystories-13k.sha256";
const list = join(projectRoot(), file);
const mirror = process.env.KINTSUGI_MIRROR;

describe("tinystories-13k", () => {
  it("lists 12,901 stories", () => {
    const { name, keys, bytes } = readManifest(list);
    expect([name, keys.length, bytes]).toEqual(["tinystories-13k", 12_901, 10_589_691]);
  });
});

describe.runIf(mirror)("tinystories-13k from a mirror", () => {
  beforeEach(() => {
    const home = temporaryFolder();
    mkdirSync(join(home, "data"));
    copyFileSync(list, join(home, file));
    vi.stubEnv("KINTSUGI_HOME", home);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
  });
  afterEach(() => vi.unstubAllEnvs());
  const stories = (): Iterable<string> => readJsonl(join(mirror as string, "tinystories", "train.jsonl"));

  it("is listed exactly as the mirror has it", () => {
    expect(manifestText(corpus("tinystories-13k", stories()))).toBe(readFileSync(list, "utf8"));
  });

  it("opens well under a second once it is in the cache", async () => {
    const spec = { kind: "tinystories-13k" } as const;
    const first = await openCorpus(spec);
    expect([first.texts.length, first.bytes]).toEqual([12_901, 10_589_691]);
    vi.stubEnv("KINTSUGI_MIRROR", "");
    const start = performance.now();
    const again = await openCorpus(spec);
    // Measured: 0.2 s, the check of every hash included.
    expect(performance.now() - start).toBeLessThan(1000);
    expect(again.sha256).toBe(readManifest(list).sha256);
    expect(again.texts).toEqual(first.texts);
  });
});
