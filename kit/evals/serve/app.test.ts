import { expect, it } from "vitest";
import { load, requireTokenizer } from "../../weights/index.js";
import { app } from "./app.js";

it("answers prompts that are continued first without waiting for those behind them", async () => {
  const { model, tokenizer } = await load("pico");
  const { fetch: ask } = app({ model, tokenizer: requireTokenizer("pico", tokenizer) }, { decoding: "graph" });
  // Eight are continued together.
  const prompt = Array(8).fill("Once upon a time");
  const post = async (max_tokens: number): Promise<number> => {
    const body = JSON.stringify({ prompt, max_tokens, temperature: 1, seed: 5 });
    return (await ask(new Request("http://x/v1/completions", { method: "POST", body }))).status;
  };
  let ended = false;
  const first = post(1);
  const second = post(30).finally(() => {
    ended = true;
  });
  expect(await first).toBe(200);
  await new Promise((resume) => setImmediate(resume));
  expect(ended).toBe(false);
  expect(await second).toBe(200);
});
