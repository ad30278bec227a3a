import { describe, expect, it } from "vitest";
import { sampler } from "./index.js";

const scores = Float32Array.of(1, 3, 2, 0, -1, 2.5);

/** How often each token is drawn. */
function counts(options: Parameters<typeof sampler>[0], draws = 20_000): number[] {
  const choose = sampler(options);
  const found = new Array<number>(scores.length).fill(0);
  for (let i = 0; i < draws; i++) found[choose(scores, [])]++;
  return found.map((count) => count / draws);
}

function probabilities(kept: readonly number[], temperature: number): number[] {
  const weights = [...scores].map((score, id) => (kept.includes(id) ? Math.exp(score / temperature) : 0));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

/** Five standard deviations of a frequency over 20,000 draws: a right sampler fails once in a million. */
function agrees(found: readonly number[], expected: readonly number[]): void {
  for (const [id, p] of expected.entries()) {
    expect(Math.abs(found[id] - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / 20_000));
  }
}

describe("sampler", () => {
  it("takes the best token at temperature 0, the first at a tie", () => {
    expect(sampler()(scores, [])).toBe(1);
    expect(sampler()(Float32Array.of(1, 5, 5), [])).toBe(1);
  });

  it("draws in proportion to exp(score / temperature)", () => {
    agrees(counts({ temperature: 1 }), probabilities([0, 1, 2, 3, 4, 5], 1));
    agrees(counts({ temperature: 0.5, seed: 9 }), probabilities([0, 1, 2, 3, 4, 5], 0.5));
  });

  it("keeps only the k best", () => agrees(counts({ temperature: 1, topK: 2 }), probabilities([1, 5], 1)));

  it("keeps the fewest tokens that reach p, and always one", () => {
    // The three best hold 0.47 + 0.29 + 0.17 of the mass.
    agrees(counts({ temperature: 1, topP: 0.8 }), probabilities([1, 5, 2], 1));
    agrees(counts({ temperature: 1, topP: 0.01 }), probabilities([1], 1));
  });

  it("applies top-k before top-p", () => {
    agrees(counts({ temperature: 1, topK: 3, topP: 0.6 }), probabilities([1, 5], 1));
  });

  it("penalises what was seen: divides positive scores, multiplies negative ones", () => {
    expect(sampler({ repetitionPenalty: 1.3 })(scores, [1])).toBe(5);
    expect(sampler({ repetitionPenalty: 1.1 })(scores, [1])).toBe(1);
    expect(sampler({ repetitionPenalty: 2 })(Float32Array.of(-1, -1.5), [0])).toBe(1);
  });

  it("repeats itself for one seed and differs between seeds", () => {
    const draw = (seed: number): number[] => {
      const choose = sampler({ temperature: 1, seed });
      return Array.from({ length: 20 }, () => choose(scores, []));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it.each([
    [{ temperature: -1 }, /temperature is -1: expected 0 or more/],
    [{ topK: 0 }, /topK is 0/],
    [{ topP: 1.5 }, /topP is 1.5/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty is 0/],
  ])("refuses %j", (options, message) => expect(() => sampler(options)).toThrow(message));
});
