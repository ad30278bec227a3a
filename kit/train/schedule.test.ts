import { describe, expect, it } from "vitest";
import { cosine, type ScheduleSpec, schedules } from "./index.js";

const peaks = { learningRate: 2, weightDecay: 0.1, totalTokens: 110 };

describe("schedules", () => {
  const rows: [ScheduleSpec, [tokens: number, learningRate: number][]][] = [
    [
      { kind: "constant", warmupTokens: 10 },
      [
        [0, 0],
        [5, 1],
        [10, 2],
        [110, 2],
      ],
    ],
    [
      { kind: "cosine", warmupTokens: 10, floor: 0.1 },
      [
        [5, 1],
        [10, 2],
        [60, 1.1],
        [110, 0.2],
        [500, 0.2],
      ],
    ],
    [
      { kind: "linear", warmupTokens: 10, floor: 0 },
      [
        [5, 1],
        [10, 2],
        [60, 1],
        [110, 0],
        [500, 0],
      ],
    ],
    [
      { kind: "warmupStableDecay", warmupTokens: 10, decayTokens: 20, floor: 0.5 },
      [
        [10, 2],
        [90, 2],
        [100, 1.5],
        [110, 1],
      ],
    ],
    [
      { kind: "twoStage", warmupTokens: 15, switchAt: 0.5, firstEnd: 0.5, secondStart: 0.25, floor: 0 },
      [
        [15, 2],
        [35, 1.5],
        [54.999999, 1],
        [55, 0.5],
        [110, 0],
      ],
    ],
  ];
  it.each(rows)("%o", (spec, points) => {
    const { learningRate } = schedules(spec, peaks);
    for (const [tokens, rate] of points) expect(learningRate(tokens)).toBeCloseTo(rate, 6);
  });

  it("decays weights all the time, in two stages only in the first", () => {
    const at = (spec: ScheduleSpec) => [0, 54, 55, 110].map(schedules(spec, peaks).weightDecay);
    expect(at(rows[1][0])).toEqual([0.1, 0.1, 0.1, 0.1]);
    expect(at(rows[4][0])).toEqual([0.1, 0.1, 0, 0]);
  });

  it("refuses parts that do not fit", () => {
    expect(() => schedules({ kind: "constant", warmupTokens: 110 }, peaks)).toThrow(/110 of 110 tokens/);
    const long: ScheduleSpec = { kind: "warmupStableDecay", warmupTokens: 60, decayTokens: 60, floor: 0 };
    expect(() => schedules(long, peaks)).toThrow(/120 of 110 tokens/);
    expect(() => schedules({ kind: "linear", warmupTokens: 1, floor: -1 }, peaks)).toThrow(/floor is -1/);
  });
});

describe("cosine", () => {
  it("warms up, peaks and ends at the floor", () => {
    const rate = cosine({ peak: 1, floor: 0.1, warmupTokens: 10, totalTokens: 110 });
    for (const [tokens, expected] of [
      [0, 0],
      [5, 0.5],
      [10, 1],
      [60, 0.55],
      [110, 0.1],
      [500, 0.1],
    ]) {
      expect(rate(tokens)).toBeCloseTo(expected, 12);
    }
  });
});
