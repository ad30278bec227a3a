import { describe, expect, it } from "vitest";
import { realTokenizers, smallTokenizer } from "../../text/testing/tokenizers.js";
import { encoder, prefixOf, type TokenRequest } from "./encode.js";

/** Context and continuation as lists. */
const lists = ({ context, continuation }: TokenRequest): number[][] => [[...context], [...continuation]];

const real = realTokenizers().get("tinystories-656k");

describe.skipIf(real === undefined)("what the harness was recorded to send of tinystories-656k", () => {
  const tokenizer = real!;

  it("a context that is not the beginning of the whole, and what the whole has behind as many ids", () => {
    const { pair } = encoder(tokenizer, 512);
    expect(lists(pair("Once upon a time,", " there"))).toEqual([[80, 147, 201, 282, 57, 8], [57]]);
    // Spaces at the end of a context go to the continuation.
    expect(lists(pair("Once upon a time, ", "there"))).toEqual([[80, 147, 201, 282, 57, 8], [57]]);
  });

  it("the begin marker for no context, and nothing in front otherwise", () => {
    const { pair } = encoder(tokenizer, 512);
    expect(lists(pair("", " She was"))).toEqual([[1], [80, 80, 892, 197]]);
  });

  it("a long text in windows, the last filled up from the left", () => {
    const { rolling } = encoder(tokenizer, 12);
    const ids = [80, 147, 201, 282, 215, 286, 598, 1662, 436, 220, 10];
    const text = tokenizer.decode(ids);
    expect(rolling(text).map(lists)).toEqual([
      [[1], ids.slice(0, 10)],
      [ids.slice(0, 10), [10]],
    ]);
  });
});

describe("an encoder", () => {
  const tokenizer = smallTokenizer();
  const begin = prefixOf(tokenizer);
  const text = "abcdefghijklmnopqrst".toUpperCase();
  const ids = [...tokenizer.encode(text)];

  it("cuts what is too long at its beginning", () => {
    const { pair } = encoder(tokenizer, 12);
    const [context, continuation] = lists(pair(text.slice(0, 15), text.slice(15)));
    expect([...context, ...continuation]).toEqual(ids.slice(-11));
    expect(continuation).toEqual(ids.slice(15));
  });

  it("refuses a continuation that leaves no room for any context", () => {
    const { pair } = encoder(tokenizer, 6);
    expect(lists(pair("A", text.slice(1, 5)))[1]).toHaveLength(4);
    expect(() => pair("A", text.slice(1, 6))).toThrow(/a continuation has 5 tokens.*at most 4/s);
  });

  it("begins a text that begins with the marker only once", () => {
    const { pair } = encoder(tokenizer, 64);
    expect(lists(pair("", `${tokenizer.tokenOf(begin)}A`))).toEqual([[begin], [...tokenizer.encode("A")]]);
  });

  it("predicts every token of a long text once", () => {
    for (const length of [3, 4, 7, 20, 21, 22, 23, 40]) {
      const windows = encoder(tokenizer, length).rolling(text);
      expect(windows.flatMap(({ continuation }) => [...continuation])).toEqual(ids);
      for (const { context, continuation } of windows) {
        expect(context.length + continuation.length - 1).toBeLessThanOrEqual(length - 2);
        // What stands in front of a token is what stands in front of it in the text.
        const whole = [begin, ...ids];
        const joined = [...context, ...continuation].join();
        expect(`,${whole.join()},`).toContain(`,${joined},`);
      }
    }
  });

  it("takes a text of any length", () => {
    const ids = tokenizer.encode("A ".repeat(150_000));
    const windows = encoder(tokenizer, 1024).rolling("A ".repeat(150_000));
    expect(windows.reduce((sum, { continuation }) => sum + continuation.length, 0)).toBe(ids.length);
    expect([...windows[0].context]).toEqual([begin]);
  });

  it("keeps room for what is to be written", () => {
    const { prompt } = encoder(tokenizer, 12);
    expect([...prompt(text, 4)]).toEqual(ids.slice(-7));
    expect([...prompt("", 4)]).toEqual([begin]);
    expect(() => prompt(text, 11)).toThrow(/11 tokens are to be generated.*max_gen_toks/s);
  });

  it("needs a marker to begin with, and a length", () => {
    expect(() => prefixOf({ ...tokenizer, special: {} })).toThrow(/no marker to begin a text/);
    expect(() => encoder(tokenizer, 2)).toThrow(/the longest sequence is 2/);
  });
});
