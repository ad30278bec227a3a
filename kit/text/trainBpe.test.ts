import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { child } from "../test/child.js";
import { tokenizerFromJson } from "./json.js";
import { toyStories } from "./toyStories.js";
import { type TokenizerJson, trainBpe } from "./trainBpe.js";

const digest = (json: TokenizerJson): string =>
  createHash("sha256")
    .update(json.model.merges.map((merge) => merge.join(" ")).join("\n"))
    .digest("hex");

// Golden values: merges of Python tokenizers 0.23.3, BpeTrainer with ByteLevel(add_prefix_space=False), the whole byte
// alphabet, ["<|endoftext|>"] and min_frequency 0. 400 random small corpora were compared as well.
describe("trainBpe", () => {
  it("learns the merges of the reference, strings built in two ways and overlapping pairs included", () => {
    const texts = ["ababab abab aaaa aaaaaaa aaa abaaba banana bananas", "hahaha hahahah the them then thethe thehe"];
    const { merges } = trainBpe(texts, { vocab: 270 }).model;
    expect(merges.map((merge) => merge.join(" "))).toEqual([
      "a a",
      "h e",
      "a b",
      "h a",
      "t he",
      "Ġ the",
      "a n",
      "ha ha",
      "Ġ aa",
      "ab ab",
      "b an",
      "Ġ ban",
      "an a",
    ]);
  });

  it("learns the merges of the reference on toy stories", () => {
    const json = trainBpe(toyStories({ seed: 1, count: 2000 }), { vocab: 1024 });
    expect(Object.keys(json.model.vocab)).toHaveLength(1024);
    expect(digest(json)).toBe("e7424ffd9bfb2700da3b8bc2e4dcaf769c4f45def9993f7fcea39fe8db0e1e2c");
  });

  const mirror = process.env.KINTSUGI_MIRROR;
  const sources = [["toy stories"], ...(mirror ? [["TinyStories", join(mirror, "tinystories/train.jsonl")]] : [])];

  it.each(sources)("learns 10,000 tokens of 10 MB within a minute and a gigabyte: %s", async (_, ...file) => {
    type Cost = { bytes: number; seconds: number; peakMegabytes: number; merges: number; digest: string };
    const { result } = await child<Cost>("laws/programs/trainBpe.ts", file);
    expect(result.bytes).toBeGreaterThan(10e6);
    // Measured on TinyStories: 0.5 s, 150 MB.
    expect(result.seconds).toBeLessThan(60);
    expect(result.peakMegabytes).toBeLessThan(1000);
    if (file.length === 0) return;
    expect(result.merges).toBe(9743);
    expect(result.digest).toBe("ed3d6f7aa267be3e64ae41fb84bb8582b3d7243c0675e8fbf9fdc610fc75b86c");
  });

  it("makes a tokenizer that gives every text back", () => {
    const stories = toyStories({ seed: 1, count: 300 });
    const json = trainBpe(stories, { vocab: 600, special: ["<|endoftext|>", "<|pad|>"], begin: "<|endoftext|>" });
    const tokenizer = tokenizerFromJson(JSON.parse(JSON.stringify(json)));
    expect(tokenizer.vocab).toBe(600);
    expect(tokenizer.special).toEqual({ bos: 0, eos: 0 });
    expect(tokenizer.encode(stories[0], { addSpecial: true })[0]).toBe(0);
    expect(tokenizer.encode(stories[0]).length).toBeLessThan(stories[0].length / 2);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it("stops where the texts give no more, or where pairs are too rare", () => {
    expect(trainBpe(["ab"], { vocab: 1000 }).model.merges).toEqual([["a", "b"]]);
    expect(trainBpe(["ab ab c"], { vocab: 1000, minFrequency: 2 }).model.merges).toEqual([["a", "b"]]);
    expect(trainBpe([], { vocab: 1000 }).model.merges).toEqual([]);
  });

  it("splits as it is told", () => {
    const digits = [
      { type: "Digits", individual_digits: true },
      { type: "ByteLevel", add_prefix_space: false },
    ];
    const preTokenizer = { type: "Sequence", pretokenizers: digits };
    expect(trainBpe(["1212 1212"], { vocab: 1000, preTokenizer }).model.merges).toEqual([]);
  });

  it("refuses what cannot work", () => {
    expect(() => trainBpe([], { vocab: 256 })).toThrow(/expected an integer from 257/);
    expect(() => trainBpe([], { vocab: 300, begin: "<s>" })).toThrow(/"<s>" is no special token/);
    expect(() => trainBpe([], { vocab: 300, special: ["<s>", "<s>"] })).toThrow(/must differ/);
    expect(() => trainBpe([], { vocab: 300, preTokenizer: { type: "WhitespaceSplit" } })).toThrow(/end in ByteLevel/);
  });
});
