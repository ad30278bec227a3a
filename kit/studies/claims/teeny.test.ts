import { expect, it } from "vitest";
import { type BenchFigure, Evidence } from "../../lab/index.js";
import { teenyClaims } from "./teeny.js";

const { judge } = teenyClaims.find(({ sentence }) => sentence.startsWith("Linear scaling"))!;

/** A bench in which Gated DeltaNet's prompts cost T^power and its state grows by so many bytes. */
function evidence(power: number, growth: number): Evidence {
  const figure = (model: string, measure: string, at: number, median: number): BenchFigure => {
    return { model, measure, at, median, min: median, max: median };
  };
  const figures = [2048, 8192].flatMap((T) => [
    figure("Gated DeltaNet", "ms a prompt", T, T ** power),
    figure("attention", "ms a prompt", T, T ** 2),
  ]);
  const states = [10, 10_000].flatMap((at) => [
    figure("Gated DeltaNet", "bytes of state", at, 290_000 + growth * at),
    figure("attention", "bytes of state", at, 15_000 * at),
  ]);
  return new Evidence([], new Map(), [
    { bench: "decode", machine: "one", rounds: 7, figures: [...figures, ...states] },
  ]);
}

it("time as a power of length and bytes of state judge whether a mixer is linear", () => {
  expect(judge(new Evidence([]))).toBeUndefined();
  expect(judge(evidence(1.05, 0))).toEqual({
    figure: "T^1.05, attention T^2.00, faster from 2,048 tokens on; state 0.29 → 0.29 MB, attention 0.15 → 150.00 MB",
    verdict: "supported",
  });
  expect(judge(evidence(1.5, 0))?.verdict).toBe("not supported");
  expect(judge(evidence(1, 8))?.verdict).toBe("not supported");
});
