/** Scores by way of a common beginning, of every kind of layer that remembers. */
import { describe, expect, it } from "vitest";
import { close } from "../../engine/testing/compare.js";
import type { MixerSpec } from "../../model/index.js";
import {
  besidesExamples,
  configOf,
  dense,
  linearExamples,
  lively,
  mixerExamples,
} from "../../model/testing/examples.js";
import { bundlesOf, copying } from "./bundles.js";
import type { TokenRequest } from "./encode.js";
import { Beginnings } from "./memory.js";
import { rowsOf } from "./plan.js";
import { scorer } from "./scorer.js";
import type { TokenScores } from "./tokenScores.js";

const { grouped } = mixerExamples.attention;
const { paper } = mixerExamples.gatedDeltaNet;

const configs = Object.fromEntries([
  ...Object.entries(mixerExamples).flatMap(([kind, specs]) =>
    Object.entries(specs).map(([name, spec]) => [`${kind}, ${name}`, configOf(spec as MixerSpec, dense)] as const),
  ),
  ...Object.entries(besidesExamples).map(
    ([name, besides]) => [name, configOf(grouped, dense, 2, 12, besides)] as const,
  ),
  ...Object.entries(linearExamples).flatMap(([name, linear]) =>
    [grouped, paper].map((mixer) => [`${mixer.kind}, ${name}`, configOf(mixer, linear)] as const),
  ),
]);

const plan = { batchTokens: 2048, leastTokens: 512, batchRows: 100, longest: 256 };

const ids = (count: number, shift: number): number[] =>
  Array.from({ length: count }, (_, t) => (t * t * 5 + shift * (t + 1)) % 23);

/** Questions of two lengths, each with some answers; every answer is asked about, and the question's own tokens of one. */
function asked(from: number, to: number): readonly TokenRequest[] {
  return [90, 71].flatMap((length, question) => {
    const context = ids(length, question);
    return Array.from({ length: to - from }, (_, i): TokenRequest => {
      const continuation = Int32Array.from(ids(2 + ((from + i) % 4), 3 + 2 * (from + i)));
      return { context: Int32Array.from(context), continuation };
    });
  });
}

/** Every token behind the first is asked about, as a server is asked: what is remembered of a beginning are these. */
function wholly({ context, continuation }: TokenRequest): TokenRequest {
  return { context: context.subarray(0, 1), continuation: Int32Array.from([...context.subarray(1), ...continuation]) };
}

function alike(found: readonly TokenScores[], right: readonly TokenScores[]): void {
  for (const [i, { best, logLikelihoods, bestLogLikelihoods }] of right.entries()) {
    close(found[i].logLikelihoods, logLikelihoods, 1e-5);
    close(found[i].bestLogLikelihoods, bestLogLikelihoods, 1e-5);
    expect(found[i].best).toEqual(best);
  }
}

describe.each(Object.entries(configs))("%s", (_, config) => {
  const model = lively({ ...config, context: 256 });
  const score = scorer(model);

  async function alone(requests: readonly TokenRequest[]): Promise<readonly TokenScores[]> {
    const scores: TokenScores[] = [];
    for (const request of requests) scores.push(...(await score([request])));
    return scores;
  }

  it("answers behind a question that is read once are as likely as each by itself", async () => {
    const requests = asked(0, 4);
    const { alone: apart, bundles } = bundlesOf(rowsOf(requests), copying(plan));
    expect([apart.length, bundles.map(({ rows }) => rows.length)]).toEqual([0, [4, 4]]);
    const right = await alone(requests);
    alike(await score(requests), right);
    // The question counts: behind the other one the same answers are not as likely.
    expect(Math.abs(right[0].logLikelihoods[1] - right[4].logLikelihoods[1])).toBeGreaterThan(1e-3);
  });

  it("so are those behind a question that is remembered", async () => {
    const beginnings = new Beginnings(1e8);
    const remembering = scorer(model, { beginnings });
    const [first, later] = [asked(0, 3), asked(3, 6)].map((requests) => requests.map(wholly));
    alike(await remembering(first), await alone(first));
    expect(beginnings.divide(rowsOf(later), plan).known.map(({ rows }) => rows.length)).toEqual([3, 3]);
    alike(await remembering(later), await alone(later));
  });
});
