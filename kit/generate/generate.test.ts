import { expect, it } from "vitest";
import { init } from "../model/index.js";
import { load, requireTokenizer } from "../weights/index.js";
import { text } from "./index.js";

it("never chooses a row of the embedding that no token uses", async () => {
  const { model, tokenizer: found } = await load("pico");
  const tokenizer = requireTokenizer("pico", found);
  // Half of all rows are unused, and the weights random.
  const wide = init({ ...model.config, vocab: tokenizer.vocab + 1000, tied: false }, 0);
  const { ids } = await text({ model: wide, tokenizer }, "The little dog", { maxTokens: 24, backend: "graph" });
  expect(ids).toHaveLength(24);
  expect(Math.max(...ids)).toBeLessThan(tokenizer.vocab);
});
