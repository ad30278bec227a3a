import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { awkward } from "./testing/awkward.js";
import { mirroredJson, realTokenizers, smallTokenizer } from "./testing/tokenizers.js";

type Golden = {
  readonly samples: { readonly [text: string]: { readonly [name: string]: readonly number[] | null } };
  readonly tinystoriesDecoded: { readonly [text: string]: string };
};
const golden = JSON.parse(readFileSync(new URL("./testing/golden.json", import.meta.url), "utf8")) as Golden;
const tokenizers = new Map([...realTokenizers(), ["small", smallTokenizer()]]);
const present = [...tokenizers.keys()];
/** tinystories-656k has 78 characters and no bytes: what it cannot spell is `<unk>`. */
const lossless = present.filter((name) => name !== "tinystories-656k");

describe.each(present.filter((name) => name !== "small"))("%s", (name) => {
  const tokenizer = tokenizers.get(name)!;

  it.each(awkward)("encodes %j as the reference does", (text) => {
    const ids = golden.samples[text][name];
    if (ids !== null) expect([...tokenizer.encode(text)]).toEqual(ids);
  });
});

describe.each(lossless)("%s", (name) => {
  const tokenizer = tokenizers.get(name)!;

  it.each(awkward)("gives %j back exactly", (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(tokenizer.decode(tokenizer.encode(text, { parseSpecial: false }))).toBe(text);
  });

  it("gives a wrapped text back when markers are skipped", () => {
    for (const text of awkward.filter((text) => !text.includes("<"))) {
      const ids = tokenizer.encode(text, { addSpecial: true });
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(text);
    }
  });
});

describe.runIf(tokenizers.has("tinystories-656k"))("tinystories-656k", () => {
  const tokenizer = tokenizers.get("tinystories-656k")!;

  it("decodes to what the reference decodes to", () => {
    for (const text of awkward) {
      if (text === "") continue;
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(golden.tinystoriesDecoded[text]);
    }
  });

  it("knows its special tokens and gives the ids of golden.json", () => {
    const reference = mirroredJson("golden.json") as { text: string; [name: string]: unknown };
    const ids = (reference["tinystories-656k"] as { ids: number[] }).ids;
    expect([...tokenizer.encode(reference.text, { addSpecial: true })]).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(reference.text);
    expect(tokenizer.special).toEqual({ bos: 1, eos: 2, pad: 0, unk: 0 });
    expect([...tokenizer.encode("Once upon a time, there")].map((id) => tokenizer.tokenOf(id))).toEqual([
      "▁",
      "On",
      "ce▁",
      "upon▁a▁tim",
      "e,▁",
      "ther",
      "e",
    ]);
  });
});

describe.runIf(tokenizers.has("stories260k"))("stories260k", () => {
  it("reads the greedy text of golden.json", () => {
    const tokenizer = tokenizers.get("stories260k")!;
    const reference = mirroredJson("golden.json") as {
      text: string;
      stories260k: { ids: number[]; greedy_from_bos_ids_199: number[] };
    };
    expect([...tokenizer.encode(reference.text, { addSpecial: true })]).toEqual(reference.stories260k.ids);
    const text = tokenizer.decode(reference.stories260k.greedy_from_bos_ids_199, { skipSpecial: true });
    expect(text).toMatch(
      /^Once upon a time, there was a little girl named Lily\. She loved to play outside in the park\./,
    );
  });
});

describe.runIf(tokenizers.has("smollm2-135m") && tokenizers.size > 2)("smollm2-135m", () => {
  it("matches every sample of the reference", () => {
    const tokenizer = tokenizers.get("smollm2-135m")!;
    const reference = mirroredJson("reference/smollm2-135m.json") as {
      tokenizer: { samples: { text: string; ids: number[] }[] };
    };
    for (const { text, ids } of reference.tokenizer.samples) {
      expect([...tokenizer.encode(text)]).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect([...tokenizer.encode("hi", { addSpecial: true })]).toEqual([...tokenizer.encode("hi")]);
  });
});

describe("speed", () => {
  it.each(present)("%s encodes a word of 100,000 characters without trouble", (name) => {
    const tokenizer = tokenizers.get(name)!;
    for (const word of ["ab".repeat(50_000), "日本".repeat(50_000), " ".repeat(100_000), "\n ".repeat(50_000)]) {
      const start = performance.now();
      const ids = tokenizer.encode(word);
      // Measured: 3 to 50 ms. A quadratic encoder needs minutes.
      expect(performance.now() - start).toBeLessThan(3000);
      if (name !== "tinystories-656k") expect(tokenizer.decode(ids)).toBe(word);
    }
  });
});
