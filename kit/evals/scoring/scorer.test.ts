import { beforeAll, describe, expect, it } from "vitest";
import { add, random, type Tensor, tree } from "../../engine/index.js";
import type { Speaker } from "../../generate/index.js";
import { init, liquid, type ModelParams } from "../../model/index.js";
import type { AttentionSpec } from "../../nn/index.js";
import { toyStory } from "../../text/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { scoredRequest } from "../serve/answer.js";
import { bundlesOf, copying } from "./bundles.js";
import type { TokenRequest } from "./encode.js";
import { Beginnings } from "./memory.js";
import { rowsOf } from "./plan.js";
import { type ScorerOptions, scorer } from "./scorer.js";
import type { TokenScores } from "./tokenScores.js";

let speaker: Speaker;
let requests: readonly TokenRequest[];

beforeAll(async () => {
  const { model, tokenizer } = await load("pico");
  speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
  requests = stories(speaker, 40);
});

/** Stories cut somewhere, with their end or one token of another; every other one backwards, which is most unlikely. */
function stories({ model, tokenizer }: Speaker, count: number): readonly TokenRequest[] {
  return Array.from({ length: count }, (_, i) => {
    const ids = tokenizer.encode(toyStory(5, i >> 1).text).slice(0, model.config.context - 7 * (i % 5));
    if (i % 4 > 1) ids.reverse();
    const at = 1 + (((i >> 1) * 37) % (ids.length - 2));
    const continuation = i % 2 === 0 ? ids.subarray(at) : Int32Array.of(1 + i);
    return { context: ids.subarray(0, at), continuation };
  });
}

const sum = ({ logLikelihoods }: TokenScores): number => logLikelihoods.reduce((total, value) => total + value, 0);

async function sums(list: readonly TokenRequest[], options?: ScorerOptions): Promise<number[]> {
  return (await scorer(speaker.model, options)(list)).map(sum);
}

async function oneByOne(asked: readonly TokenRequest[]): Promise<TokenScores[]> {
  const score = scorer(speaker.model);
  const scores: TokenScores[] = [];
  for (const request of asked) scores.push(...(await score([request])));
  return scores;
}

function expectAlike(found: readonly TokenScores[], right: readonly TokenScores[]): void {
  for (const [i, { best, ...values }] of right.entries()) {
    expect(found[i].best).toEqual(best);
    for (const key of ["logLikelihoods", "bestLogLikelihoods"] as const) {
      for (const [at, value] of values[key].entries()) {
        expect(Math.abs(found[i][key][at] - value)).toBeLessThanOrEqual(1e-5 + 1e-6 * Math.abs(value));
      }
    }
  }
}

describe("log-likelihoods", () => {
  it("are the same in batches of 1, 7 and 32 and in any order", async () => {
    const one = await sums(requests, { batchSize: 1 });
    expect(Math.min(...one)).toBeLessThan(-500);
    const order = requests.map((_, i) => i).sort((a, b) => ((a * 17) % 40) - ((b * 17) % 40));
    for (const batchSize of [7, 32]) {
      const found = await sums(
        order.map((i) => requests[i]),
        { batchSize, batchTokens: 8192 },
      );
      for (const [place, i] of order.entries()) expect(Math.abs(found[place] - one[i])).toBeLessThanOrEqual(1e-4);
    }
  });

  it("do not depend on what else is asked, though equal beginnings are read once", async () => {
    const { context, continuation } = requests[0];
    const parts = [1, 2, 3].map((end) => ({ context, continuation: continuation.subarray(0, end) }));
    const [long, ...short] = await scorer(speaker.model)([requests[0], ...parts, requests[0]]);
    for (const [i, { logLikelihoods }] of short.slice(0, 3).entries()) {
      expect([...logLikelihoods]).toEqual([...long.logLikelihoods.subarray(0, i + 1)]);
    }
    expect(short[3]).toEqual(long);
  });

  it("of answers to one long question are those of each by itself, though the question is read once", async () => {
    const ids = stories(speaker, 4).flatMap(({ context, continuation }) => [...context, ...continuation]);
    const asked = [90, 61, 120].flatMap((length, question) =>
      [2, 1, 5, 3].map((end, i) => ({
        context: Int32Array.from(ids.slice(question, question + length)),
        continuation: Int32Array.from(ids.slice(200 + 7 * i, 200 + 7 * i + end)),
      })),
    );
    const plan = { batchTokens: 2048, leastTokens: 512, batchRows: 100, longest: 256 };
    const { alone, bundles } = bundlesOf(rowsOf(asked), copying(plan));
    expect([alone.length, bundles.map(({ rows }) => rows.length)]).toEqual([0, [3, 3, 3]]);
    expectAlike(await scorer(speaker.model)(asked), await oneByOne(asked));
  });

  it("of every token of prompts with one beginning are those of each by itself, in this call and in those to come", async () => {
    const ids = stories(speaker, 8).flatMap(({ context, continuation }) => [...context, ...continuation]);
    const prompts = [130, 90].flatMap((shots, which) =>
      [12, 30, 21, 9, 17, 40].map((end, i) => [
        ...ids.slice(which * 50, which * 50 + shots),
        ...ids.slice(300 + 50 * i, 300 + 50 * i + end),
      ]),
    );
    const asked = prompts.map((prompt) => scoredRequest(Int32Array.from(prompt)));
    // This one ends within the beginning of others, and is read with one of them: what it asks of its last place is not kept.
    asked.push(scoredRequest(Int32Array.from(prompts[0].slice(0, 80))));
    const right = await oneByOne(asked);
    const read: string[] = [];
    const beginnings = new Beginnings(1e8);
    const divide = beginnings.divide.bind(beginnings);
    beginnings.divide = (rows, plan) => {
      const divided = divide(rows, plan);
      read.push(`${divided.known.flatMap(({ rows }) => rows).length} of ${rows.length}`);
      return divided;
    };
    const score = scorer(speaker.model, { beginnings });
    for (const [from, to] of [
      [0, 3],
      [3, 6],
      [6, 9],
      [5, 13],
    ]) {
      expectAlike(await score(asked.slice(from, to)), right.slice(from, to));
    }
    expect(read).toEqual(["0 of 3", "3 of 3", "0 of 3", "6 of 7"]);
  });

  it("need no more memory than they may: the beginnings used last are kept", async () => {
    const ids = stories(speaker, 8).flatMap(({ context, continuation }) => [...context, ...continuation]);
    const about = (start: number) =>
      [1, 2].map((id) => scoredRequest(Int32Array.from([...ids.slice(start, start + 90), id, 5, 6])));
    const kept = async (bytes: number): Promise<number[]> => {
      const beginnings = new Beginnings(bytes);
      const score = scorer(speaker.model, { beginnings });
      for (const start of [0, 10, 0, 20]) await score(about(start));
      const plan = { batchTokens: 2048, leastTokens: 512, batchRows: 8, longest: 256 };
      return [0, 10, 20].map((start) => beginnings.divide(rowsOf(about(start)), plan).known.length);
    };
    const { layers } = speaker.model.config;
    const { kvHeads, headDim } = layers[0].mixer as AttentionSpec;
    // Keys and values of 96 tokens, and of one that is to come.
    const one = 4 * layers.length * 2 * kvHeads * headDim * 97;
    expect(await kept(3.5 * one)).toEqual([1, 1, 1]);
    expect(await kept(2.5 * one)).toEqual([1, 0, 1]);
    expect(await kept(0)).toEqual([0, 0, 0]);
  });

  it("of the best token and of the token itself are one number", async () => {
    for (const { best, bestLogLikelihoods, logLikelihoods } of await scorer(speaker.model)(requests)) {
      expect(best).toHaveLength(logLikelihoods.length);
      for (const [i, value] of logLikelihoods.entries()) expect(value).toBeLessThanOrEqual(bestLogLikelihoods[i]);
    }
    const { context } = requests[0];
    const [first] = await scorer(speaker.model)([{ context, continuation: Int32Array.of(3) }]);
    const [again] = await scorer(speaker.model)([{ context, continuation: first.best }]);
    expect(again.logLikelihoods).toEqual(again.bestLogLikelihoods);
  });

  it("of all tokens add up to a probability of 1", async () => {
    const { context } = requests[2];
    const { vocab } = speaker.model.config;
    const all = Array.from({ length: vocab }, (_, id) => ({ context, continuation: Int32Array.of(id) }));
    const found = await scorer(speaker.model)(all);
    const total = found.reduce((probability, scores) => probability + Math.exp(sum(scores)), 0);
    expect(Math.abs(total - 1)).toBeLessThan(1e-5);
    const likeliest = found.map(sum).indexOf(Math.max(...found.map(sum)));
    expect(new Set(found.map(({ best: [id] }) => id))).toEqual(new Set([likeliest]));
  });

  it("are nothing for an empty continuation", async () => {
    const [{ logLikelihoods }] = await scorer(speaker.model)([
      { context: Int32Array.of(1, 2), continuation: new Int32Array() },
    ]);
    expect(logLikelihoods).toHaveLength(0);
  });

  it("of a model that sees the future are refused, or each is read by itself", async () => {
    const config = liquid({ ...speaker.model.config, context: 64 }, { pool: { kind: "sequence" } });
    // As they begin, the parts that see the future do nothing.
    const params = tree.map(init(config, 3).params, (leaf: Tensor, path) =>
      add(leaf, random.normal(random.fold(random.key(7), path), leaf.shape, 0.2)),
    );
    const leaky = { config, params: params as ModelParams<Tensor> };
    expect(() => scorer(leaky)).toThrow(/Evaluating is refused: the model sees the future/);
    const ids = requests[0].continuation;
    const asked = [5, 8, 8, 13, 40].map((end, i) => {
      return { context: ids.subarray(0, 3 + (i % 2)), continuation: ids.subarray(3 + (i % 2), end) };
    });
    const together = await scorer(leaky, { allowLeak: true })(asked);
    const first = together.map(({ logLikelihoods: [value] }) => value);
    expect(Math.abs(first[0] - first[4])).toBeGreaterThan(1e-2);
    for (const [i, request] of asked.entries()) {
      const [alone] = await scorer(leaky, { allowLeak: true, batchSize: 1 })([request]);
      for (const [at, value] of alone.logLikelihoods.entries()) {
        expect(Math.abs(together[i].logLikelihoods[at] - value)).toBeLessThanOrEqual(1e-5);
      }
    }
  });

  it("stop when they are told to", async () => {
    const stop = new AbortController();
    const said: number[] = [];
    const progress = (scored: number): void => {
      said.push(scored);
      stop.abort(new Error("enough"));
    };
    const asked = scorer(speaker.model, { batchSize: 4 })(requests, { progress, signal: stop.signal });
    await expect(asked).rejects.toThrow("enough");
    expect(said).toHaveLength(1);
  });

  it("name what cannot be read", async () => {
    const score = scorer(speaker.model);
    const { vocab, context: most } = speaker.model.config;
    const ask = (context: Int32Array, continuation: Int32Array) => score([{ context, continuation }]);
    await expect(ask(new Int32Array(), Int32Array.of(1))).rejects.toThrow(/reads 0 tokens.*at least one of context/s);
    await expect(ask(new Int32Array(most + 1), Int32Array.of(1))).rejects.toThrow(/reads 257 tokens.*1 to 256/s);
    await expect(ask(Int32Array.of(1), Int32Array.of(vocab))).rejects.toThrow(/1024 is not a token id.*0 to 1023/s);
    expect(() => scorer(speaker.model, { batchSize: 0 })).toThrow(/batchSize is 0/);
  });
});
