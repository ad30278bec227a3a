/** The completions server as a function from requests to answers. */
import { randomInt, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ExecutionBackend } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { type LeakOptions, rounded } from "../../model/index.js";
import { assertFits } from "../../text/index.js";
import { type Generator, generator, type Prompt, TOGETHER } from "../scoring/generation.js";
import { Beginnings } from "../scoring/memory.js";
import { scorer } from "../scoring/scorer.js";
import { completion, scoredChoice, scoredRequest, writtenChoice } from "./answer.js";
import { ClientLeft, Queue, QueueFull, TooSlow, whileWaiting } from "./queue.js";
import { isIds, objectOf, readCompletion } from "./request.js";

export type ServeOptions = LeakOptions & {
  /** What the model is called; default `model`. */
  readonly name?: string;
  /** Asked of every client as `Authorization: Bearer …`; default none. */
  readonly apiKey?: string;
  /** Most sequences read at once, and in one request; default 64. */
  readonly maxBatch?: number;
  /** Tokens of a prompt and its continuation; default the model's context. */
  readonly maxContext?: number;
  /** What continuing texts runs on; default `xla`. */
  readonly decoding?: ExecutionBackend;
  /** Most requests that wait; default 256. */
  readonly waiting?: number;
  /** Most bytes of a request; default 4 MB. */
  readonly maxBytes?: number;
  /** Bytes of what is remembered of beginnings that prompts had in common, for those to come; default 256 MB. */
  readonly prefixBytes?: number;
  /** Most seconds from a request to its answer, waiting included; default 600. */
  readonly maxSeconds?: number;
};

/** A server's routes, and its end. */
export type App = {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Refuses what comes from now on, and resolves when all that came before is answered. */
  readonly drain: () => Promise<void>;
};

/**
 * What lm-evaluation-harness asks of a server, and nothing besides: `/v1/completions`, `/tokenizer_info`, `/tokenize`,
 * `/detokenize`; and for people `/v1/models` and `/health`.
 *
 * @throws UserError when model and tokenizer do not belong together, the model sees the future, or its context is shorter than
 * asked for
 */
export function app({ model, tokenizer }: Speaker, options: ServeOptions = {}): App {
  const {
    name = "model",
    apiKey,
    maxBatch = 64,
    waiting = 256,
    maxBytes = 4e6,
    maxSeconds = 600,
    prefixBytes = 256e6,
  } = options;
  const { context } = model.config;
  const { maxContext = context } = options;
  if (maxContext > context) {
    throw new UserError(`${maxContext} tokens are more than the model reads`, {
      where: name,
      expected: `at most ${context}`,
    });
  }
  const limits = { context: maxContext, prompts: maxBatch };
  assertFits(tokenizer, model.config.vocab);
  const ready = rounded(model);
  const beginnings = new Beginnings(prefixBytes);
  const score = scorer(ready, { batchSize: maxBatch, allowLeak: options.allowLeak, beginnings });
  let generate: Generator | undefined;
  const scoring = new Queue((prompts: readonly Int32Array[], signal) => score(prompts.map(scoredRequest), { signal }), {
    together: maxBatch,
    waiting,
  });
  // No more than are continued together: what waits behind them would be answered no sooner, and they later.
  const writing = new Queue(
    (prompts: readonly Prompt[], signal) => {
      generate ??= generator(ready, tokenizer, { backend: options.decoding });
      return generate(prompts, { signal });
    },
    { together: Math.min(TOGETHER, maxBatch), waiting },
  );
  let answered = 0;
  let draining = false;

  const routes = new Hono();
  routes.onError((error, { json }) => {
    if (error instanceof UserError) return json(problem(error.message), 400);
    if (error instanceof SyntaxError) return json(problem("the body is no JSON"), 400);
    if (error instanceof QueueFull) return json(problem("too many requests are waiting"), 429, { "Retry-After": "1" });
    if (error instanceof TooSlow) return json(problem(`it took more than ${maxSeconds} s`, "timeout"), 503);
    // Nobody reads this answer.
    if (error instanceof ClientLeft || (error as NodeJS.ErrnoException).code === "ECONNRESET")
      return json(problem("the client has left"), 408);
    console.error(error);
    return json(problem("this is a bug of the kit, please report it", "server_error"), 500);
  });
  routes.notFound(({ json }) => json(problem("there is no such address"), 404));
  routes.use(async ({ json }, next) => {
    if (!draining) return await next();
    return json(problem("the server is ending", "server_error"), 503, { Connection: "close" });
  });
  routes.get("/health", ({ json }) => json({ status: "ok" }));
  if (apiKey !== undefined) {
    routes.use(async ({ req, json }, next) => {
      if (same(req.header("Authorization") ?? "", `Bearer ${apiKey}`)) return await next();
      return json(problem("the key is missing or wrong", "authentication_error"), 401);
    });
  }
  routes.use(
    bodyLimit({
      maxSize: maxBytes,
      onError: ({ json }) => json(problem(`a request has at most ${maxBytes} bytes`), 413),
    }),
  );

  routes.get("/v1/models", ({ json }) =>
    json({ object: "list", data: [{ id: name, object: "model", owned_by: "kintsugi" }] }),
  );
  routes.get("/tokenizer_info", ({ json }) => {
    const spelt = (id: number | undefined): string | null => (id === undefined ? null : tokenizer.tokenOf(id));
    const { bos, eos, pad } = tokenizer.special;
    return json({ bos_token: spelt(bos), eos_token: spelt(eos), pad_token: spelt(pad), chat_template: null });
  });
  routes.post("/tokenize", async ({ req, json }) => {
    const { prompt, add_special_tokens } = objectOf(await req.json());
    if (typeof prompt !== "string") throw new UserError("the prompt is no text", { where: "prompt" });
    return json({ tokens: [...tokenizer.encode(prompt, { addSpecial: add_special_tokens === true })] });
  });
  routes.post("/detokenize", async ({ req, json }) => {
    const { tokens } = objectOf(await req.json());
    if (!isIds(tokens)) throw new UserError("tokens are no ids", { where: "tokens", expected: "a list of ids" });
    return json({ prompt: tokenizer.decode(tokens) });
  });
  routes.post("/v1/completions", async ({ req, json }) => {
    const asked = readCompletion(await req.json(), tokenizer, limits);
    const { prompts, tokens, stop, temperature, topK, topP, seed } = asked;
    const prompt = prompts.reduce((total, ids) => total + ids.length, 0);
    const patience = { client: req.raw.signal, seconds: maxSeconds };
    if (asked.wants === "scores") {
      const scores = await whileWaiting(patience, (signal) => scoring.add(prompts, signal));
      const choices = scores.map((each, i) => scoredChoice(tokenizer, prompts[i], each));
      return json(completion(++answered, name, choices, { prompt, written: prompts.length }));
    }
    const how = { until: stop, temperature, top_k: topK, top_p: topP };
    const asks = prompts.map((ids) => ({ ids, tokens, options: { ...how, seed: seed ?? randomInt(2 ** 32) } }));
    const made = await whileWaiting(patience, (signal) => writing.add(asks, signal));
    const written = made.reduce((total, each) => total + each.tokens, 0);
    return json(completion(++answered, name, made.map(writtenChoice), { prompt, written }));
  });
  return {
    fetch: (request) => routes.fetch(request),
    drain: async () => {
      draining = true;
      await Promise.all([scoring.idle(), writing.idle()]);
    },
  };
}

function problem(message: string, type = "invalid_request_error"): object {
  return { error: { message, type } };
}

/** Compares in a time that does not tell how much is right. */
function same(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
