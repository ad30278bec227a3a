/** Two real small models against a forward pass in NumPy float64, and against llama2.c's own test. */
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { text } from "../../generate/index.js";
import { likelihood } from "../../measure/index.js";
import { batch, logits } from "../../model/index.js";
import { load } from "../../weights/index.js";
import { mirror } from "../../weights/testing/mirror.js";
import { reference } from "./reference.js";

type Golden = {
  readonly ids: number[];
  readonly token_logprobs: number[];
  readonly sum: number;
  readonly last_logits_first8: number[];
  readonly last_argmax: number;
};

type Goldens = {
  readonly text: string;
  readonly "tinystories-656k": Golden & { readonly greedy_prompt: string; readonly greedy_ids_40: number[] };
  readonly stories260k: Golden & { readonly greedy_from_bos_ids_199: number[] };
};

const golden = reference<Goldens>("golden.json");

/** `expected_stdout` of llama2.c's test_all.py: greedy, 200 steps. */
const llama2c = `Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, but I can't find it."
Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
Lily didn't want to help her mom, so she`;

describe.skipIf(golden === undefined)("real small models", () => {
  // Vitest collects the body of a skipped block too: without the reference there is nothing to iterate over.
  const names = golden === undefined ? [] : (["tinystories-656k", "stories260k"] as const);
  if (mirror !== undefined) process.env.KINTSUGI_MIRROR ??= mirror;

  describe.each(names)("%s", (name) => {
    const loaded = load(name);
    const expected = golden![name];

    it("reads the text as the reference's ids", async () => {
      const { tokenizer } = await loaded;
      expect([...tokenizer!.encode(golden!.text, { addSpecial: true })]).toEqual(expected.ids);
    });

    it("has the reference's logits and log-probabilities to 1e-4", async () => {
      const { model } = await loaded;
      const scores = e.scope(() => e.read(logits(model, batch([expected.ids]))));
      const last = [...scores.slice(-model.config.vocab)];
      const error = Math.max(...expected.last_logits_first8.map((x, i) => Math.abs(x - last[i])));
      expect(error).toBeLessThanOrEqual(1e-4);
      expect(last.indexOf(Math.max(...last))).toBe(expected.last_argmax);
      for (const backend of ["eager", "graph", "xla"] as const) {
        const { logLikelihoods } = likelihood(model, expected.ids, { backend });
        const worst = Math.max(...expected.token_logprobs.map((x, i) => Math.abs(x - logLikelihoods[i])));
        expect(worst).toBeLessThanOrEqual(1e-4);
        expect(Math.abs(logLikelihoods.reduce((a, b) => a + b) - expected.sum)).toBeLessThanOrEqual(1e-4);
      }
    });
  });

  it("tinystories-656k continues greedily as the reference", async () => {
    const { model, tokenizer } = await load("tinystories-656k");
    const { greedy_prompt, greedy_ids_40 } = golden!["tinystories-656k"];
    const prompt = tokenizer!.encode(greedy_prompt, { addSpecial: true });
    const { ids } = await text({ model, tokenizer: tokenizer! }, prompt, {
      maxTokens: greedy_ids_40.length - prompt.length,
      backend: "graph",
    });
    expect([...prompt, ...ids]).toEqual(greedy_ids_40);
  });

  it.each([
    ["graph", 200],
    ["xla", 70],
  ] as const)("stories260k tells llama2.c's story to the letter (%s, %i tokens)", async (backend, maxTokens) => {
    const { model, tokenizer } = await load("stories260k");
    const { ids, text: story } = await text({ model, tokenizer: tokenizer! }, "", { maxTokens, backend });
    const { greedy_from_bos_ids_199 } = golden!.stories260k;
    const found = [tokenizer!.special.bos, ...ids].slice(0, greedy_from_bos_ids_199.length);
    expect(found).toEqual(greedy_from_bos_ids_199.slice(0, maxTokens + 1));
    expect(story).toBe(maxTokens === 200 ? llama2c : llama2c.slice(0, story.length));
  });
});
