/** A server that listens, with more clients than it has room for, or with some that leave. */
import { expect, it, vi } from "vitest";
import type { Speaker } from "../../generate/index.js";
import type { Tokenizer } from "../../text/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { Beginnings } from "../scoring/memory.js";
import { app } from "./app.js";
import { serve } from "./serve.js";

async function speakerOf(change: (tokenizer: Tokenizer) => Partial<Tokenizer> = () => ({})): Promise<Speaker> {
  const { model, tokenizer } = await load("pico");
  const own = requireTokenizer("pico", tokenizer);
  return { model, tokenizer: { ...own, ...change(own) } };
}

/** Eight texts are continued together; without an end marker each has as many tokens as are asked for. */
const long = { prompt: Array(8).fill("Once upon a time"), max_tokens: 200, temperature: 1, seed: 5 };
const endless = ({ special: { bos } }: Tokenizer): Partial<Tokenizer> => ({ special: { bos } });

it("answers 429, and when to come again, to those it has no room for", async () => {
  const serving = await serve(await speakerOf(endless), { port: 0, waiting: 1, decoding: "graph" });
  const ask = () => fetch(`${serving.url}/v1/completions`, { method: "POST", body: JSON.stringify(long) });
  const answers = await Promise.all(Array.from({ length: 6 }, ask));
  const statuses = answers.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  const [full] = answers.filter(({ status }) => status === 429);
  expect(full.headers.get("Retry-After")).toBe("1");
  expect(await full.json()).toMatchObject({ error: { message: "too many requests are waiting" } });
  // Whoever comes again is answered.
  expect((await ask()).status).toBe(200);
  await serving.close();
});

it("gives up what it writes when its client leaves", async () => {
  let written = 0;
  const speaker = await speakerOf((tokenizer) => ({
    ...endless(tokenizer),
    bytes: (id) => {
      written++;
      return tokenizer.bytes(id);
    },
  }));
  const serving = await serve(speaker, { port: 0, decoding: "graph" });
  const client = new AbortController();
  const asked = fetch(`${serving.url}/v1/completions`, {
    method: "POST",
    body: JSON.stringify(long),
    signal: client.signal,
  });
  const left = expect(asked).rejects.toThrow("gone");
  await expect.poll(() => written, { interval: 1, timeout: 20_000 }).toBeGreaterThan(8);
  client.abort(new Error("gone"));
  await left;
  // It answers all that it has taken on before it ends.
  await serving.close();
  expect(written).toBeLessThan(8 * long.max_tokens);
});

it("remembers a beginning from request to request, with the same answers", async () => {
  const speaker = await speakerOf();
  const ids = [...speaker.tokenizer.encode("The little dog ran to the big tree and sat down. ".repeat(20))].slice(
    0,
    120,
  );
  const about = (...ends: readonly number[]) => ends.map((end) => [...ids, end, end + 1, end + 2]);
  const scored = async (answers: ReturnType<typeof app>, prompt: readonly number[][]): Promise<readonly number[]> => {
    const body = JSON.stringify({ prompt, max_tokens: 1, temperature: 0, logprobs: 1, echo: true });
    const answer = await answers.fetch(new Request("http://x/v1/completions", { method: "POST", body }));
    const { choices } = (await answer.json()) as { choices: { logprobs: { token_logprobs: (number | null)[] } }[] };
    return choices.flatMap(({ logprobs }) => logprobs.token_logprobs.map((each) => each ?? 0));
  };
  const divide = vi.spyOn(Beginnings.prototype, "divide");
  const remembering = app(speaker);
  await scored(remembering, about(5, 9, 13));
  const again = await scored(remembering, about(17, 21));
  const known = divide.mock.results.map(
    ({ value }) => value.known.flatMap(({ rows }: { rows: unknown[] }) => rows).length,
  );
  divide.mockRestore();
  expect(known).toEqual([0, 2]);
  const right = await scored(app(speaker, { prefixBytes: 0 }), about(17, 21));
  expect(again).toHaveLength(right.length);
  for (const [i, value] of right.entries())
    expect(Math.abs(again[i] - value)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(value)));
});
