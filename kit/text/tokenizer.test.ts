import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../errors.js";
import { tokenizerFilesFromGguf, tokenizerFromGguf } from "./gguf.js";
import { tokenizerFromJson } from "./json.js";
import { tokenizerFromLlama2c } from "./llama2c.js";
import { tokenizerFromSentencePiece } from "./sentencepiece.js";
import { mirrored, realTokenizers, smallPieceTokenizer, smallTokenizer } from "./testing/tokenizers.js";
import { assertFits, type Tokenizer } from "./tokenizer.js";
import { trainBpe } from "./trainBpe.js";

const small = smallTokenizer();
/** SmolLM2's vocabulary lacks 6 control characters and bytes F1 and F2; like the reference, we leave them out. */
const LOST_BY_SMOLLM = new RegExp(`[${"\u0004\u0006\u0013\u0014\u0016\u001d"}\\u{40000}-\\u{bffff}]`, "u");

describe("a tokenizer", () => {
  it("merges by rank, and adds its template only when asked", () => {
    expect([...small.encode("hello")]).toEqual([258, 112]);
    expect([...small.encode("hello", { addSpecial: true })]).toEqual([259, 258, 112, 0]);
    expect(small.decode([259, 258, 112, 0])).toBe("<|start|>hello<|end|>");
    expect(small.decode([259, 258, 112, 0], { skipSpecial: true })).toBe("hello");
    expect(small.special).toEqual({ bos: 259 });
  });

  it("reads markers in a text as their ids unless told otherwise", () => {
    expect([...small.encode("<|end|>hell")]).toEqual([0, 258]);
    expect([...small.encode("<|end|>", { parseSpecial: false })]).not.toContain(0);
  });

  it("of the SentencePiece kind reads them only where asked to, and begins a text behind each", () => {
    const pieces = smallPieceTokenizer();
    const spelt = (parseSpecial?: boolean): string[] =>
      [...pieces.encode("ab</s>\n<s>ab", { parseSpecial })].map(pieces.tokenOf);
    expect(spelt(true)).toEqual(["▁", "ab", "</s>", "▁", "<0x0A>", "<s>", "▁", "ab"]);
    expect(spelt()).toEqual(spelt(false));
    expect(spelt()).not.toContain("</s>");
    expect(pieces.decode(pieces.encode("</s>\n"))).toBe("</s>\n");
  });

  const stories = realTokenizers().get("stories260k");
  it.runIf(stories)("of llama2.c reads markers only where asked to", () => {
    expect([...stories!.encode("a\n</s>\nb", { parseSpecial: true })]).toEqual([
      ...stories!.encode("a"),
      2,
      ...stories!.encode("b"),
    ]);
    expect(stories!.encode("a\n</s>\nb")).not.toContain(2);
  });

  it("names tokens both ways", () => {
    expect(small.tokenOf(258)).toBe("hell");
    expect(small.idOf("hell")).toBe(258);
    expect(small.idOf("nothing")).toBeUndefined();
    expect(small.isSpecial(0) && !small.isSpecial(1)).toBe(true);
  });

  it("refuses lone surrogates and ids it does not have", () => {
    for (const text of ["\ud800", "a\udc00b", "🙂\ud83d"])
      expect(() => small.encode(text)).toThrow(/lone surrogate U\+D/);
    for (const id of [-1, 261, 1.5, Number.NaN]) {
      expect(() => small.decode([id])).toThrow(/there is no token .* expected an integer from 0 to 260/);
      expect(() => small.tokenOf(id)).toThrow(UserError);
    }
  });

  it("fits a model with as many rows, or with some to spare", () => {
    assertFits(small, 261);
    assertFits(small, 512);
    expect(() => assertFits(small, 260, "model")).toThrow(/261 tokens, the model's embedding has 260 rows \(model\)/);
    expect(() => assertFits(small, 32_000)).toThrow(UserError);
  });

  it("gives any text back", () => {
    const all = [["small", small] as const, ...realTokenizers()].filter(([name]) => name !== "tinystories-656k");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        // SentencePiece writes spaces as ▁ and cannot tell the two apart afterwards.
        if (text.includes("▁")) return;
        for (const [name, tokenizer] of all) {
          if (name === "smollm2-135m" && LOST_BY_SMOLLM.test(text)) continue;
          expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a damaged file", () => {
  const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
  const file = { added_tokens: [], decoder: { type: "ByteLevel" }, model };
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["no object", [], /tokenizer\.json.*expected an object/],
    ["no model", {}, /\(model\): expected an object/],
    ["another model", { ...file, model: { type: "Unigram", vocab: [] } }, /Unigram is not supported/],
    ["a merge outside the vocabulary", { ...file, model: { ...model, merges: ["b a"] } }, /"ba" is merged/],
    ["a merge that is none", { ...file, model: { ...model, merges: ["b"] } }, /merges\[0\].*two tokens/],
    ["a negative id", { ...file, model: { ...model, vocab: { a: -1 } } }, /an id/],
    ["an absurd id", { ...file, model: { ...model, vocab: { a: 2 ** 30 } } }, /absurd/],
    ["another decoder", { ...file, decoder: { type: "WordPiece" } }, /WordPiece is not supported/],
    ["a decoder that looks back", { ...file, decoder: { type: "Strip", content: " ", start: 1, stop: 0 } }, /Strip/],
    [
      "a compiled normaliser",
      { ...file, normalizer: { type: "Precompiled", precompiled_charsmap: "" } },
      /precompiled/,
    ],
    ["an unknown normaliser", { ...file, normalizer: { type: "Magic" } }, /Magic/],
    ["an unknown template", { ...file, post_processor: { type: "Magic" } }, /Magic/],
    ["dropout", { ...file, model: { ...model, dropout: 0.1 } }, /at random/],
    ["a suffix", { ...file, model: { ...model, end_of_word_suffix: "</w>" } }, /end_of_word_suffix/],
  ];

  it.each(cases)("with %s is one clear error", (_, json, message) => {
    expect(() => tokenizerFromJson(json)).toThrow(UserError);
    expect(() => tokenizerFromJson(json)).toThrow(message);
  });

  it("of a GGUF vocabulary is one clear error", () => {
    const tokens = ["a", "b"];
    expect(() => tokenizerFromGguf({ model: "gpt2", tokens: [] })).toThrow(/empty/);
    expect(() => tokenizerFromGguf({ model: "bert", tokens })).toThrow(/expected gpt2 or llama/);
    expect(() => tokenizerFromGguf({ model: "gpt2", pre: "toString", tokens })).toThrow(/expected gpt-2, smollm/);
    expect(() => tokenizerFromGguf({ model: "gpt2", tokens, eos: 2 })).toThrow(/id 2 is outside/);
    expect(() => tokenizerFromGguf({ model: "gpt2", tokens, types: [1] })).toThrow(/2 tokens have 1 types/);
    expect(() => tokenizerFromGguf({ model: "llama", tokens })).toThrow(/no scores/);
  });

  it("never crashes a binary reader", () => {
    const files = ["llama2-tokenizer/tokenizer.model", "stories260k/tok512.bin"].map((path) =>
      mirrored(path)?.slice(0, 5000),
    );
    for (const seed of files) {
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(4999), fc.nat(255)), { maxLength: 8 }), fc.nat(5000), (edits, length) => {
          const bytes = Uint8Array.from(seed ?? new Uint8Array(5000)).slice(0, length);
          for (const [at, byte] of edits) if (at < length) bytes[at] = byte;
          for (const read of [tokenizerFromSentencePiece, tokenizerFromLlama2c]) {
            try {
              read(bytes);
            } catch (error) {
              expect(error).toBeInstanceOf(UserError);
            }
          }
        }),
        { numRuns: 500 },
      );
    }
  });
});

describe("a byte-level vocabulary in a GGUF file", () => {
  it("begins a text as llama.cpp does where the file does not say", () => {
    const begins = (pre: string, addBos?: boolean): boolean => {
      const vocabulary = { model: "gpt2", pre, tokens: ["<s>", "a"], types: [3, 1], bos: 0, addBos };
      return tokenizerFromGguf(vocabulary).encode("a", { addSpecial: true })[0] === 0;
    };
    expect(["llama-bpe", "llama3", "smollm", "qwen2"].map((pre) => begins(pre))).toEqual([true, true, false, false]);
    expect([begins("llama-bpe", false), begins("smollm", true)]).toEqual([false, true]);
  });
});

describe("a SentencePiece vocabulary in a GGUF file", () => {
  it("encodes as the scores say", () => {
    const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
    const tokens = ["<unk>", "<s>", "</s>", ...bytes, "▁", "a", "b", "ab", "▁a"];
    const scores = tokens.map((token) => ({ ab: -1, "▁a": -2 })[token] ?? 0);
    const types = tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1));
    const tokenizer = tokenizerFromGguf({ model: "llama", tokens, scores, types, bos: 1, eos: 2, unknown: 0 });
    expect([...tokenizer.encode("ab a", { addSpecial: true })].map(tokenizer.tokenOf)).toEqual([
      "<s>",
      "▁",
      "ab",
      "▁a",
    ]);
    expect(tokenizer.decode(tokenizer.encode("é\n"))).toBe("é\n");
    expect([...tokenizer.encode("\n")].map(tokenizer.tokenOf)).toEqual(["▁", "<0x0A>"]);
  });
});

describe("a GGUF vocabulary as the files of a folder", () => {
  const texts = ["ab a", "é\n  b", "<s> a</s>b", "", " aab<|x|>b"];
  const same = (a: Tokenizer, b: Tokenizer): void => {
    expect([a.kind, a.vocab, a.special]).toEqual([b.kind, b.vocab, b.special]);
    for (const text of texts) {
      const ids = b.encode(text, { addSpecial: true });
      expect([...a.encode(text, { addSpecial: true })]).toEqual([...ids]);
      expect(a.decode(ids)).toBe(b.decode(ids));
    }
    for (let id = 0; id < b.vocab; id++)
      expect([...a.bytes(id), a.isSpecial(id)]).toEqual([...b.bytes(id), b.isSpecial(id)]);
  };

  it.each([{ addSpacePrefix: true }, { addSpacePrefix: false, padding: 2 }])(
    "SentencePiece's is a tokenizer.model: %j",
    (more) => {
      const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
      const tokens = ["<unk>", "<s>", "</s>", ...bytes, "▁", "a", "b", "ab", "▁a", "<|x|>"];
      const scores = tokens.map((token) => ({ ab: -1.5, "▁a": -2.25 })[token] ?? 0);
      const types = tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : id === 264 ? 4 : 1));
      const vocabulary = { model: "llama", tokens, scores, types, bos: 1, eos: 2, unknown: 0, ...more };
      const files = tokenizerFilesFromGguf(vocabulary);
      expect(Object.keys(files)).toEqual(["tokenizer.model"]);
      same(tokenizerFromSentencePiece(files["tokenizer.model"] as Uint8Array), tokenizerFromGguf(vocabulary));
    },
  );

  it.each([{}, { addBos: true, bos: 0 }, { addBos: true, addEos: true, bos: 0, eos: 1, padding: 1 }])(
    "byte-level BPE's is a tokenizer.json and its configuration: %j",
    (more) => {
      const { model } = trainBpe(["a ab aab"], { vocab: 262, special: ["<s>", "</s>", "<|x|>"] });
      const tokens = Object.keys(model.vocab);
      const types = tokens.map((_, id) => (id < 3 ? 3 : 1));
      const merges = model.merges.map((pair) => pair.join(" "));
      const vocabulary = { model: "gpt2", pre: "smollm", tokens, types, merges, ...more };
      const files = JSON.parse(JSON.stringify(tokenizerFilesFromGguf(vocabulary)));
      expect(Object.keys(files)).toEqual(["tokenizer.json", "tokenizer_config.json"]);
      same(tokenizerFromJson(files["tokenizer.json"], files["tokenizer_config.json"]), tokenizerFromGguf(vocabulary));
    },
  );
});
