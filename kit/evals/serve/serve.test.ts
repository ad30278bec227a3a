/** Over loopback, as the harness asks. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Speaker } from "../../generate/index.js";
import { init, liquid } from "../../model/index.js";
import { mirrorRoot } from "../../source/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { selfTest } from "../harness/selfTest.js";
import { scorer } from "../scoring/scorer.js";
import { app } from "./app.js";
import { type Serving, serve } from "./serve.js";

async function speakerOf(name: string): Promise<Speaker> {
  const { model, tokenizer } = await load(name);
  return { model, tokenizer: requireTokenizer(name, tokenizer) };
}

/** What the harness reads of a choice, and a little more. */
type Answer = {
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly finish_reason: string;
    readonly logprobs: {
      readonly tokens: readonly string[];
      readonly token_logprobs: readonly (number | null)[];
      readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
      readonly text_offset: readonly number[];
    };
  }[];
  readonly usage: Readonly<Record<string, number>>;
};

function asking(url: () => string, headers: Readonly<Record<string, string>> = {}) {
  const send = (path: string, body: unknown): Promise<Response> =>
    fetch(url() + path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  return {
    send,
    post: async <Out>(path: string, body: unknown): Promise<Out> => (await send(path, body)).json() as Promise<Out>,
  };
}

/** The fields of a request for log-likelihoods, as recorded. */
const scoring = { model: "m", temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true };

describe("a server", () => {
  let speaker: Speaker;
  let serving: Serving;
  const { send, post } = asking(() => serving.url);
  beforeAll(async () => {
    speaker = await speakerOf("pico");
    serving = await serve(speaker, { port: 0, name: "pico", maxBatch: 8, maxBytes: 100_000, decoding: "graph" });
  });
  afterAll(async () => await serving.close());

  it("says what the tokenizer is, and what a text's ids are, there and back", async () => {
    const info = await (await fetch(`${serving.url}/tokenizer_info`)).json();
    const { bos, eos } = speaker.tokenizer.special;
    expect(info).toMatchObject({ eos_token: speaker.tokenizer.tokenOf(eos!), chat_template: null });
    const text = "The little dog found a ball.";
    const { tokens } = await post<{ tokens: number[] }>("/tokenize", { prompt: text, add_special_tokens: false });
    expect(tokens).toEqual([...speaker.tokenizer.encode(text)]);
    expect(await post("/detokenize", { tokens })).toEqual({ prompt: text });
    // The harness takes the id of the begin marker from its text.
    const marker = speaker.tokenizer.tokenOf((bos ?? eos)!);
    expect(await post("/tokenize", { prompt: marker, add_special_tokens: false })).toEqual({ tokens: [bos ?? eos] });
  });

  it("scores prompts of any lengths in their order: one entry more than ids, the best to the last bit", async () => {
    const prompts = ["The dog", "Once upon a time there was a little girl", "A"].map((text) => [
      ...speaker.tokenizer.encode(text),
    ]);
    const { choices, usage } = await post<Answer>("/v1/completions", { ...scoring, prompt: prompts });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    const right = await scorer(speaker.model)(
      prompts.map((ids) => ({ context: Int32Array.of(ids[0]), continuation: Int32Array.from(ids.slice(1)) })),
    );
    let greedy = 0;
    for (const [i, { logprobs }] of choices.entries()) {
      const { token_logprobs: own, top_logprobs: top, tokens, text_offset } = logprobs;
      for (const list of [own, top, tokens, text_offset]) expect(list).toHaveLength(prompts[i].length + 1);
      expect([own[0], top[0]]).toEqual([null, null]);
      for (const [at, value] of right[i].logLikelihoods.entries()) {
        expect(Math.abs(own[at + 1]! - value)).toBeLessThanOrEqual(1e-5);
        const best = Math.max(...Object.values(top[at + 1]!));
        expect(own[at + 1] === best).toBe(right[i].best[at] === prompts[i][at + 1]);
        greedy += Number(own[at + 1] === best);
      }
      // The token that was generated is the best.
      expect(own.at(-1)).toBe(Object.values(top.at(-1)!)[0]);
      expect(Object.keys(top.at(-1)!)).toEqual([tokens.at(-1)]);
    }
    expect(greedy).toBeGreaterThan(0);
    const sent = prompts.flat().length;
    expect(usage).toEqual({ prompt_tokens: sent, completion_tokens: 3, total_tokens: sent + 3 });
  });

  it("gives the same for text and ids, alone and beside others", async () => {
    const text = "The little dog ran home.";
    const ids = [...speaker.tokenizer.encode(text)];
    const ask = async (prompt: unknown) => (await post<Answer>("/v1/completions", { ...scoring, prompt })).choices;
    const [[own], [listed], both] = [await ask(text), await ask(ids), await ask([text, "The end"])];
    expect(listed).toEqual(own);
    expect(own.text.startsWith(text)).toBe(true);
    for (const [i, value] of both[0].logprobs.token_logprobs.entries()) {
      expect(Math.abs((value ?? 0) - (own.logprobs.token_logprobs[i] ?? 0))).toBeLessThanOrEqual(1e-5);
    }
    const many = await Promise.all(Array.from({ length: 12 }, () => ask([ids])));
    for (const [one] of many) expect(one.logprobs.token_logprobs).toEqual(many[0][0].logprobs.token_logprobs);
  });

  it("writes on, until a stop that is not part of the text, or its end marker, or the number of tokens", async () => {
    const ids = [...speaker.tokenizer.encode("Once upon a time")];
    const ask = async (more: object) =>
      (await post<Answer>("/v1/completions", { prompt: [ids], temperature: 0, seed: 1234, ...more })).choices[0];
    const long = await ask({ max_tokens: 12 });
    expect(long).toMatchObject({ finish_reason: "length", logprobs: null, index: 0 });
    const word = long.text.trim().split(/\s+/)[2];
    const short = await ask({ max_tokens: 12, stop: [word] });
    expect(short.finish_reason).toBe("stop");
    expect(short.text).toBe(long.text.slice(0, long.text.indexOf(word)));
    const drawn = await Promise.all([1, 1, 2].map((seed) => ask({ max_tokens: 12, temperature: 1.5, seed })));
    expect(drawn[0].text).toBe(drawn[1].text);
    expect(drawn[0].text).not.toBe(drawn[2].text);
    // The best of one token is the best token, whatever the temperature.
    expect((await ask({ max_tokens: 12, temperature: 1.5, top_k: 1, n: 1, stream: false })).text).toBe(long.text);
  });

  it("draws other texts each time unless a seed is given", async () => {
    const prompt = Array(2).fill([...speaker.tokenizer.encode("Once upon a time")]);
    const ask = async () =>
      (await post<Answer>("/v1/completions", { prompt, max_tokens: 24, temperature: 1.5 })).choices;
    const texts = [...(await ask()), ...(await ask())].map(({ text }) => text);
    expect(new Set(texts).size).toBe(4);
  });

  it("spells rows of the embedding that no token uses by their numbers, and never writes them", async () => {
    const { model, tokenizer } = speaker;
    const vocab = tokenizer.vocab + 1000;
    const wide = { tokenizer, model: init({ ...model.config, vocab, tied: false }, 0) };
    const { fetch: ask } = app(wide, { decoding: "graph" });
    const post = async (body: object): Promise<Answer> => {
      const answer = await ask(new Request("http://x/v1/completions", { method: "POST", body: JSON.stringify(body) }));
      expect(answer.status).toBe(200);
      return (await answer.json()) as Answer;
    };
    const [{ logprobs }] = (await post({ ...scoring, prompt: "The little dog found a ball." })).choices;
    const best = logprobs.top_logprobs.flatMap((each) => Object.keys(each ?? {}));
    // Half of all rows are unused.
    expect(best.filter((token) => /^<unused (1\d|20)\d\d>$/.test(token))).not.toEqual([]);
    const written = await post({ prompt: "The little dog", max_tokens: 24, temperature: 0 });
    expect(written.usage.completion_tokens).toBeGreaterThan(0);
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /the body is no JSON/],
    ["what cannot be read", { prompt: "a", top_p: 0 }, /top_p is 0/],
  ])("answers 400 to %s", async (_, body, message) => {
    const answer = await send("/v1/completions", body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
  });

  it("answers 404, 413 and health", async () => {
    expect((await fetch(`${serving.url}/v1/chat`)).status).toBe(404);
    expect((await send("/tokenize", { prompt: "a".repeat(200_000) })).status).toBe(413);
    expect(await (await fetch(`${serving.url}/health`)).json()).toEqual({ status: "ok" });
    expect(await (await fetch(`${serving.url}/v1/models`)).json()).toMatchObject({ data: [{ id: "pico" }] });
  });

  it("asks for its key", async () => {
    const { fetch: ask } = app(speaker, { apiKey: "secret" });
    const status = async (path: string, key?: string): Promise<number> => {
      const headers = key === undefined ? undefined : { Authorization: `Bearer ${key}` };
      return (await ask(new Request(`http://x${path}`, { headers }))).status;
    };
    expect(await status("/v1/models", "secret")).toBe(200);
    expect(await status("/v1/models", "secreT")).toBe(401);
    expect(await status("/v1/models")).toBe(401);
    expect(await status("/tokenizer_info")).toBe(401);
    expect(await status("/health")).toBe(200);
  });

  it("refuses a port in use, a host without a key, a model that sees the future", async () => {
    const port = Number(new URL(serving.url).port);
    await expect(serve(speaker, { port })).rejects.toThrow(/the port is in use.*--port/s);
    await expect(serve(speaker, { port: 70_000 })).rejects.toThrow(/70000 is no port/);
    await expect(serve(speaker, { port: 0, host: "0.0.0.0" })).rejects.toThrow(/other machines.*--api-key/s);
    const leaky = { ...speaker, model: init(liquid(speaker.model.config, { pool: { kind: "sequence" } }), 0) };
    await expect(serve(leaky, { port: 0 })).rejects.toThrow(/sees the future/);
  });

  it("answers what it has begun before it ends", async () => {
    const { tokenizer } = speaker;
    let arrived: () => void;
    const arrival = new Promise<void>((resume) => void (arrived = resume));
    const encode: typeof tokenizer.encode = (...text) => {
      arrived();
      return tokenizer.encode(...text);
    };
    const own = await serve({ ...speaker, tokenizer: { ...tokenizer, encode } }, { port: 0 });
    const { post } = asking(() => own.url);
    const asked = post<Answer>("/v1/completions", { ...scoring, prompt: ["The dog", "The cat"] });
    await arrival;
    await own.close();
    expect((await asked).choices).toHaveLength(2);
    await expect(fetch(`${own.url}/health`)).rejects.toThrow();
  });

  it("refuses what comes while it ends", async () => {
    const { fetch: ask, drain } = app(speaker);
    await drain();
    const { status, headers } = await ask(new Request("http://x/health"));
    expect([status, headers.get("Connection")]).toEqual([503, "close"]);
  });

  it("cuts off clients that send too slowly, and answers others", async () => {
    const own = await serve(speaker, { port: 0, maxSendSeconds: 0.2 });
    const slow = connect(Number(new URL(own.url).port), "127.0.0.1");
    slow.write("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    const said = await new Promise<string>((resolve) => {
      let text = "";
      slow.setEncoding("utf8").on("data", (part: string) => (text += part));
      slow.on("close", () => resolve(text));
    });
    expect(said).toMatch(/^HTTP\/1.1 408 /);
    expect((await fetch(`${own.url}/health`)).status).toBe(200);
    await own.close();
  });

  it("answers 503 to what takes too long, and nothing at all to who has left", async () => {
    const { fetch: ask } = app(speaker, { maxSeconds: 1e-3 });
    const body = JSON.stringify({ ...scoring, prompt: ["The dog"] });
    const request = (signal?: AbortSignal) => new Request("http://x/v1/completions", { method: "POST", body, signal });
    expect((await ask(request())).status).toBe(503);
    const bugs = vi.spyOn(console, "error");
    const left = new AbortController();
    const asked = app(speaker).fetch(request(left.signal));
    left.abort("gone");
    expect((await asked).status).toBe(408);
    expect(bugs).not.toHaveBeenCalled();
    bugs.mockRestore();
  });

  it("passes its self-test, which another model does not", async () => {
    await selfTest(serving.url, speaker);
    const other = { ...speaker, model: init(speaker.model.config, 1) };
    await expect(selfTest(serving.url, other)).rejects.toThrow(/self-test fails: token 1 has/);
    const short = await serve(speaker, { port: 0, maxContext: 8 });
    await selfTest(short.url, speaker, { maxLength: 8 });
    await short.close();
  });
});

describe.skipIf(mirrorRoot() === undefined)("the recorded exchange with tinystories-656k", () => {
  it("has the same numbers", async () => {
    const { fetch: ask } = app(await speakerOf("tinystories-656k"), { decoding: "graph" });
    const post = async (path: string, body: object): Promise<unknown> =>
      (await ask(new Request(`http://x${path}`, { method: "POST", body: JSON.stringify(body) }))).json();
    expect(await (await ask(new Request("http://x/tokenizer_info"))).json()).toEqual({
      bos_token: "<|start_story|>",
      eos_token: "<|end_story|>",
      pad_token: "<unk>",
      chat_template: null,
    });
    expect(await post("/tokenize", { prompt: "Once upon a time, there", add_special_tokens: false })).toEqual({
      tokens: [80, 147, 201, 282, 215, 249, 57],
    });
    expect(await post("/detokenize", { tokens: [80, 147, 201, 282, 57, 8, 57] })).toEqual({
      prompt: "Once upon a time,e",
    });
    const { choices, usage } = (await post("/v1/completions", {
      ...scoring,
      prompt: [[80, 147, 201, 282, 57, 8, 57]],
    })) as Answer;
    const [{ text, logprobs }] = choices;
    expect(text).toBe("Once upon a time,ee");
    const recorded = [
      -8.682991027832031, -2.160132884979248, -2.0945093631744385, -3.6358842849731445, -3.3027217388153076,
      -14.4484224319458, -0.2733021676540375,
    ];
    const best = [
      -2.0209624767303467, -1.081122875213623, -0.7071077227592468, -0.29980185627937317, -0.9932400584220886,
      -1.1220676898956299, -0.2733021676540375,
    ];
    for (const [i, value] of recorded.entries()) {
      expect(Math.abs(logprobs.token_logprobs[i + 1]! - value)).toBeLessThanOrEqual(1e-4);
      expect(Math.abs(Object.values(logprobs.top_logprobs[i + 1]!)[0] - best[i])).toBeLessThanOrEqual(1e-4);
    }
    expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 });
    const written = (await post("/v1/completions", {
      prompt: [[80, 147, 201, 282, 57]],
      max_tokens: 8,
      temperature: 0,
      stop: ["\n", "<|end_story|>"],
      seed: 1234,
    })) as Answer;
    expect(written.choices[0].text).toBe("ar one day, he saw something shiny in the ");
  });
});
