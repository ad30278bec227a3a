import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { corpus } from "./corpus.js";
import { frequentTokens, tokenizerFromFrequent } from "./frequentTokens.js";
import { gpt2Tokenizer } from "./gpt2.js";
import { encodeDocuments } from "./packing.js";
import { readJsonl } from "./readTexts.js";
import { pieceTokenizer, TokenType } from "./sentencepiece.js";
import { toyStories } from "./toyStories.js";
import {
  documentBoundary,
  openTokenizer,
  type TokenizerSpec,
  trainedTokenizer,
  unknownTokens,
} from "./trainedTokenizer.js";

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");
const stories = toyStories({ seed: 2, count: 60 });

describe("GPT-2's tokenizer", () => {
  const gpt2 = gpt2Tokenizer();

  it("has OpenAI's ids", () => {
    expect(gpt2.vocab).toBe(50_257);
    expect([...gpt2.encode("Once upon a time")]).toEqual([7454, 2402, 257, 640]);
    expect([...gpt2.encode("Hello world<|endoftext|>")]).toEqual([15496, 995, 50256]);
    expect([...gpt2.encode("<|endoftext|>", { parseSpecial: false })]).toHaveLength(7);
  });

  it("gives every text back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(gpt2.decode(gpt2.encode(text))).toBe(text);
      }),
    );
  });
});

describe("its most frequent tokens", () => {
  it("are counted, equals in the order in which they come", () => {
    // " a" three times; then "b", " d", " c" once each, in the order of the text.
    const { ids } = frequentTokens(["b a a", " d a c"], 7);
    expect(ids.map((id) => gpt2Tokenizer().decode([id]))).toEqual([" a", "b", " d"]);
  });

  it("spell a text exactly where all are kept, behind four markers", () => {
    const tokenizer = tokenizerFromFrequent(frequentTokens(stories, 50_260));
    expect(tokenizer.special).toEqual({ pad: 0, unk: 1, bos: 2, eos: 3 });
    expect(tokenizer.idOf(documentBoundary)).toBe(3);
    const documents = encodeDocuments(tokenizer, stories);
    expect(unknownTokens(tokenizer, documents)).toEqual({ tokens: 0, bytes: 0 });
    expect(Math.min(...documents.ids)).toBe(4);
    for (const [i, story] of stories.entries()) {
      expect(tokenizer.decode(documents.ids.slice(documents.starts[i], documents.starts[i + 1]))).toBe(story);
    }
  });

  it("leave the rest unknown: so many tokens, so many bytes", () => {
    const tokenizer = tokenizerFromFrequent(frequentTokens(stories, 204));
    expect(tokenizer.vocab).toBe(204);
    const documents = encodeDocuments(tokenizer, stories);
    const gpt2 = gpt2Tokenizer();
    const kept = new Set(frequentTokens(stories, 204).ids);
    const lost = stories.flatMap((story) => [...gpt2.encode(story)]).filter((id) => !kept.has(id));
    expect(unknownTokens(tokenizer, documents)).toEqual({
      tokens: lost.length,
      bytes: lost.reduce((sum, id) => sum + gpt2.bytes(id).length, 0),
    });
    expect(documents.ids.filter((id) => id === 1)).toHaveLength(lost.length);
    const known = documents.ids.slice(0, documents.starts[1]).filter((id) => id !== 1);
    const spelt = [...gpt2.encode(stories[0])].filter((id) => kept.has(id));
    expect(tokenizer.decode(known)).toBe(gpt2.decode(spelt));
  });

  it("do not take the space in front of a document for one of its bytes", () => {
    const { unknown, normal } = TokenType;
    const tokenizer = pieceTokenizer({
      tokens: ["<unk>", "▁", "a"],
      scores: [0, 0, 0],
      types: [unknown, normal, normal],
      special: { unk: 0 },
      dummyPrefix: true,
      collapseSpaces: false,
      unkSurface: "?",
      before: [],
      after: [],
    });
    expect(unknownTokens(tokenizer, encodeDocuments(tokenizer, ["aéa", "", " a", "xy"]))).toEqual({
      tokens: 2,
      bytes: 4,
    });
  });

  it("read markers only where they are asked to", () => {
    const tokenizer = tokenizerFromFrequent(frequentTokens(["the end"], 10));
    expect([...tokenizer.encode("<|endoftext|>the<|pad|>")]).toEqual([3, 4, 0]);
    expect([...tokenizer.encode("<|endoftext|>", { parseSpecial: false })]).toEqual(Array(7).fill(1));
    expect(tokenizer.decode([3, 4, 1], { skipSpecial: true })).toBe("the");
  });

  it("refuse sizes and lists that cannot be", () => {
    expect(() => frequentTokens(stories, 4)).toThrow(/vocabulary size is 4.*from 5 to 50260/);
    expect(() => tokenizerFromFrequent({ kind: "gpt2-frequent", ids: [1, 2, 1] })).toThrow(/damaged at 2/);
    expect(() => tokenizerFromFrequent({ kind: "gpt2-frequent", ids: [50_256] })).toThrow(/damaged at 0/);
  });
});

// Golden values: ids of Python tokenizers 0.23.3 with OpenAI's files, and `most_common` of Python's Counter.
describe.runIf(process.env.KINTSUGI_MIRROR)("on TinyStories", () => {
  const texts = (): Iterable<string> =>
    readJsonl(join(process.env.KINTSUGI_MIRROR as string, "tinystories", "train.jsonl"));

  it("GPT-2's tokenizer has the ids of the reference", () => {
    const { ids } = encodeDocuments(gpt2Tokenizer(), texts());
    expect([ids.length, sha256(new Uint8Array(ids.buffer))]).toEqual([
      2_615_392,
      "6764a91ea12bdb022d4700c5545543ed83e2431357c713a22b2c3115df1148b8",
    ]);
  });

  it("the most frequent tokens are those of the reference, in its order", () => {
    const { ids } = frequentTokens(texts(), 5000);
    expect(sha256(ids.join(","))).toBe("ae1cc1dfcb76ef063e16d7c222d5c2d70194b398440e199c9ccc2e473ff04d94");
  });
});

describe("the tokenizer of a run", () => {
  let home: string;
  beforeEach(() => {
    home = temporaryFolder();
    vi.stubEnv("KINTSUGI_HOME", home);
  });
  afterEach(() => vi.unstubAllEnvs());
  const training = corpus("toy", stories);
  const cached = (): string[] => readdirSync(join(home, "data", "cache", "tokenizers")).sort();

  it.each<TokenizerSpec>([
    { kind: "bpe", vocab: 400 },
    { kind: "gpt2-frequent", vocab: 400 },
  ])("is trained once and then read: $kind", async (spec) => {
    const first = await trainedTokenizer(spec, training);
    const [name] = cached();
    expect(cached()).toEqual([expect.stringMatching(new RegExp(`^${spec.kind}-400-[0-9a-f]{16}\\.json$`))]);
    const file = join(home, "data", "cache", "tokenizers", name);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(first);
    const tokenizer = openTokenizer(first);
    expect(tokenizer.vocab).toBe(400);
    expect(tokenizer.idOf(documentBoundary)).toBeTypeOf("number");
    // That the file is read shows in what it says.
    const marked = { ...first, marked: true };
    writeFileSync(file, JSON.stringify(marked));
    expect(await trainedTokenizer(spec, training)).toEqual(marked);
    writeFileSync(file, "{ cut");
    expect(await trainedTokenizer(spec, training)).toEqual(first);
  });

  it("is another one for other texts, sizes and numbers of stories", async () => {
    await trainedTokenizer({ kind: "bpe", vocab: 300 }, training);
    await trainedTokenizer({ kind: "bpe", vocab: 300 }, corpus("renamed", stories));
    expect(cached()).toHaveLength(1);
    const fewer = await trainedTokenizer({ kind: "bpe", vocab: 300, stories: 2 }, training);
    const same = await trainedTokenizer({ kind: "bpe", vocab: 300 }, corpus("two", stories.slice(0, 2)));
    expect(fewer).toEqual(same);
    await trainedTokenizer({ kind: "bpe", vocab: 301 }, training);
    expect(cached()).toHaveLength(4);
  });

  it("refuses what is no specification", async () => {
    const bad = { kind: "wordpiece", vocab: 300 } as unknown as TokenizerSpec;
    await expect(trainedTokenizer(bad, training)).rejects.toThrow(/no tokenizer "wordpiece".*bpe or gpt2-frequent/);
    await expect(trainedTokenizer({ kind: "bpe", vocab: 300, stories: 0 }, training)).rejects.toThrow(/of 0 stories/);
    await expect(trainedTokenizer({ kind: "bpe", vocab: 3 }, training)).rejects.toThrow(/vocabulary size is 3/);
  });
});
