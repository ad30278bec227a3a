import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { init, llama } from "../model/index.js";
import { besidesExamples, configOf, dense, leakyExamples, mixerExamples } from "../model/testing/examples.js";
import { likelihood, meanLoss, recency, tokenLosses } from "./index.js";

const model = init(llama({ vocab: 40, width: 32, depth: 2, heads: 4, hidden: 64, context: 32 }), 1);
const texts = [Int32Array.of(1, 5, 9, 5, 1), Int32Array.of(2, 3), Int32Array.of(1, 5, 9, 5, 2)];

describe("tokenLosses", () => {
  it("are what likelihood says of each text, and nothing stays behind", () => {
    const before = e.liveTensors();
    const losses = tokenLosses(model, texts);
    expect(e.liveTensors()).toBe(before);
    for (const [i, ids] of texts.entries()) {
      close(
        losses[i].nats,
        likelihood(model, ids).logLikelihoods.map((value) => -value),
        1e-6,
      );
    }
    expect(losses[0].nats.slice(0, 3)).toEqual(losses[2].nats.slice(0, 3));
    expect(losses[0].nats[3]).not.toBe(losses[2].nats[3]);
  });

  it("refuses texts of one token, texts beyond the context, and models that see the future", () => {
    expect(() => tokenLosses(model, [Int32Array.of(1)])).toThrow("a text has 1 tokens: expected 2 to 33");
    expect(() => tokenLosses(model, [new Int32Array(34)])).toThrow("a text has 34 tokens");
    const leaky = configOf(mixerExamples.attention.grouped, dense, 1, 12, {
      ...besidesExamples["token mixing"],
      ...leakyExamples["squeeze and excite"],
    });
    expect(() => tokenLosses(init(leaky, 1), texts)).toThrow(/Measuring losses is refused/);
  });
});

describe("meanLoss", () => {
  it("takes the chosen tokens alone", () => {
    const losses = { ids: Int32Array.of(1, 5, 9, 5), nats: Float32Array.of(1, 2, 4) };
    expect(meanLoss(losses, () => true)).toBeCloseTo(7 / 3, 6);
    expect(meanLoss(losses, (at) => at >= 2)).toBe(3);
    expect(meanLoss(losses, (_, id) => id === 5)).toBe(2.5);
    expect(meanLoss(losses, (at) => at === 0)).toBeNaN();
  });
});

it("recency is the distance to the last of its kind", () => {
  expect([...recency([7, 8, 7, 7, 8, 9])]).toEqual([0, 0, 2, 1, 3, 0]);
  expect([...recency([])]).toEqual([]);
});
