import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { corpus, corpusHash, splitCorpus, textHash } from "./corpus.js";
import { readDocuments, readJsonl } from "./readTexts.js";
import { toyStories } from "./toyStories.js";

const folder = mkdtempSync(join(tmpdir(), "kintsugi-text-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe("reading texts", () => {
  const texts = ["one\ntwo", "日本 🙂", " three ", "x".repeat(3_000_000), "last"];

  it("reads JSON lines, long ones and characters across chunks included", () => {
    const lines = texts.map((text) => JSON.stringify({ text, n: 1 }));
    expect([...readJsonl(file("a.jsonl", lines.join("\n")))]).toEqual(texts);
    expect([...readJsonl(file("b.jsonl", `\ufeff${lines.join("\r\n\r\n")}\r\n`))]).toEqual(texts);
    const shifted = ["é".repeat(700_000), "日".repeat(700_001), "🙂".repeat(500_000)];
    const shiftedLines = shifted.map((body) => JSON.stringify({ body })).join("\n");
    expect([...readJsonl(file("c.jsonl", shiftedLines), "body")]).toEqual(shifted);
  });

  it("reads documents between boundaries", () => {
    const path = file("d.txt", `${texts.join("\n<|endoftext|>\n")}\n<|endoftext|>\n`);
    expect([...readDocuments(path)]).toEqual(texts.map((text) => text.trim()));
    const blank = file("e.txt", "a\n\nb\nc\n\n\n\nd");
    expect([...readDocuments(blank, { boundary: "\n\n" })]).toEqual(["a", "b\nc", "d"]);
    expect([...readDocuments(file("f.txt", " a - b "), { boundary: "-", trim: false })]).toEqual([" a ", " b "]);
    // A boundary cut in two by the end of a chunk.
    const cut = file("g.txt", `${"y".repeat((1 << 20) - 5)}<|endoftext|>z`);
    expect([...readDocuments(cut)].map((text) => text.length)).toEqual([(1 << 20) - 5, 1]);
  });

  it("says where a file is wrong", () => {
    expect(() => [...readJsonl(join(folder, "absent"))]).toThrow(/cannot be read.*absent/);
    expect(() => [...readJsonl(file("h.jsonl", '{"text":"a"}\n{"text":'))]).toThrow(/no JSON .*h\.jsonl:2/);
    expect(() => [...readJsonl(file("i.jsonl", '{"texts":"a"}'))]).toThrow(/no text in "text" .*i\.jsonl:1/);
    expect(() => [...readDocuments(file("j.txt", Uint8Array.of(97, 0xff)))]).toThrow(/no UTF-8/);
    expect(() => [...readDocuments(file("k.txt", Uint8Array.of(97, 0xe2, 0x82)))]).toThrow(/no UTF-8/);
  });
});

describe("a corpus", () => {
  it("counts bytes exactly and is named by its texts in their order", () => {
    const { bytes, sha256 } = corpus("c", ["aé", "🙂"]);
    expect(bytes).toBe(7);
    expect(textHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha256).toBe(corpusHash(["aé", "🙂"]));
    expect(corpusHash(["🙂", "aé"])).not.toBe(sha256);
    expect(() => corpus("empty", [])).toThrow(/"empty" has no texts/);
  });

  it("is split without overlap, each text by itself", () => {
    const stories = toyStories({ seed: 1, count: 2000 });
    const { train, validation } = splitCorpus(corpus("toy", [...stories, ...stories.slice(0, 50)]), 0.1);
    expect(train.texts.length + validation.texts.length).toBe(2050);
    expect(train.texts.filter((text) => new Set(validation.texts).has(text))).toEqual([]);
    expect(validation.texts.length / 2050).toBeGreaterThan(0.08);
    expect(validation.texts.length / 2050).toBeLessThan(0.12);
    const fewer = splitCorpus(corpus("toy", stories.slice(1000)), 0.1);
    expect(fewer.validation.texts.every((text) => validation.texts.includes(text))).toBe(true);
    expect(train.name).toBe("toy/train");
    expect(() => splitCorpus(corpus("one", ["a"]), 0.5)).toThrow(/has no texts/);
    expect(() => splitCorpus(train, 1)).toThrow(/share/);
  });
});
