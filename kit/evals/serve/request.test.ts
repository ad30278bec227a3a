import { beforeAll, expect, it } from "vitest";
import type { Tokenizer } from "../../text/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { readCompletion } from "./request.js";

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = requireTokenizer("pico", (await load("pico")).tokenizer);
});

const limits = { context: 256, prompts: 8 };

/** The fields of a request for log-likelihoods, as recorded. */
const scoring = { model: "m", temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true };

it("reads what the harness asks", () => {
  expect(readCompletion({ ...scoring, prompt: [[5, 6]] }, tokenizer, limits)).toMatchObject({
    ...{ prompts: [Int32Array.of(5, 6)], wants: "scores", tokens: 1 },
  });
  const written = { model: "m", prompt: [[5]], max_tokens: 8, temperature: 0, stop: ["."], seed: 1234, top_k: 3 };
  expect(readCompletion(written, tokenizer, limits)).toEqual({
    ...{ prompts: [Int32Array.of(5)], wants: "text", tokens: 8, stop: ["."], temperature: 0, topK: 3, seed: 1234 },
  });
});

it("takes fields that ask for nothing", () => {
  const nothing = {
    n: 1,
    best_of: null,
    stream: false,
    presence_penalty: 0,
    logprobs: null,
    echo: false,
    suffix: null,
  };
  expect(readCompletion({ prompt: "a", ...nothing }, tokenizer, limits)).toMatchObject({ wants: "text", tokens: 16 });
});

it("takes as many stops as there may be, and as long ones", () => {
  const stop = Array(64).fill(".".repeat(1000));
  expect(readCompletion({ prompt: "a", stop }, tokenizer, limits).stop).toEqual(stop);
});

it.each<[string, unknown, RegExp]>([
  ["no object", [], /no JSON object/],
  ["no prompt", { ...scoring }, /neither text nor ids/],
  ["a mixed prompt", { ...scoring, prompt: ["a", 1] }, /neither text nor ids/],
  ["an empty prompt", { ...scoring, prompt: "" }, /a prompt has 0 tokens/],
  ["an id that there is not", { ...scoring, prompt: [1024] }, /1024 is not a token id.*0 to 1023/s],
  ["a long prompt", { ...scoring, prompt: Array(256).fill(3) }, /has 256 tokens.*max_length to 256/s],
  ["too many prompts", { ...scoring, prompt: Array(9).fill([3]) }, /9 prompts.*at most 8/s],
  ["echo without logprobs", { prompt: "a", echo: true, max_tokens: 1 }, /echo and logprobs/],
  ["a bad number", { prompt: "a", max_tokens: -1 }, /max_tokens is -1/],
  ["nothing to draw from", { prompt: "a", top_p: 0 }, /top_p is 0.*above 0/s],
  ["no tokens to draw from", { prompt: "a", top_k: 0 }, /top_k is 0.*from 1/s],
  ["several best tokens", { ...scoring, prompt: "a", logprobs: 5 }, /logprobs is 5.*expected 1/s],
  ["several texts", { prompt: "a", n: 2 }, /n is 2, which is not done here.*expected 1/s],
  ["the best of several", { prompt: "a", best_of: 2 }, /best_of is 2/],
  ["a stream", { prompt: "a", stream: true }, /stream is true.*expected false/s],
  ["a field that there is not", { prompt: "a", max_token: 3 }, /max_token is 3.*max_tokens/s],
  ["a bad stop", { prompt: "a", stop: [1] }, /stop is neither/],
  ["too many stops", { prompt: "a", stop: Array(65).fill(".") }, /too many texts.*at most 64 texts of at most 1000/s],
  ["a stop that is too long", { prompt: "a", stop: ".".repeat(1001) }, /stop has .*too long/],
])("refuses %s", (_, body, message) => {
  expect(() => readCompletion(body, tokenizer, limits)).toThrow(message);
});
