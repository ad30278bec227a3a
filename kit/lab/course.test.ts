import { describe, expect, it } from "vitest";
import {
  armRuns,
  bitsPerByteAfter,
  budgetOf,
  gradientSpread,
  lossSpikes,
  millisecondsPerToken,
  type RunRecord,
  tokensToReach,
  trainingSeconds,
} from "./index.js";
import { smallStudy } from "./testing/records.js";

const [run] = armRuns(smallStudy, "none");

/** A record of so many steps of 128 tokens; the warm-up is the first two of them. */
function recordOf(steps: number, of: (step: number) => Partial<RunRecord["steps"][number]>): RunRecord {
  const header = { ...run, dataset: { name: "toy", sha256: "" }, parameters: 1, flopsPerToken: 1, backend: "graph" };
  const line = { lossNats: 3, learningRate: 0.01, gradNorm: 1, stepMs: 5 };
  return {
    path: "",
    header: { ...header, node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } },
    steps: Array.from({ length: steps }, (_, i) => ({ step: i + 1, tokens: 128 * (i + 1), ...line, ...of(i + 1) })),
    validations: [],
  };
}

describe("gradientSpread", () => {
  it("is that of logarithms from step to step, behind the warm-up", () => {
    // e and 1/e in turn: nine differences of ±2, whose squares less those of their mean sum to 320/9, over n − 1.
    const swinging = recordOf(12, (step) => ({ gradNorm: step < 3 ? 1e9 : Math.exp(step % 2 === 0 ? 1 : -1) }));
    expect(gradientSpread(swinging)).toBeCloseTo(Math.sqrt(20 / 9), 12);
    expect(gradientSpread(recordOf(12, () => ({ gradNorm: 7 })))).toBeCloseTo(0, 12);
    expect(gradientSpread(recordOf(4, () => ({})))).toBeUndefined();
  });

  it("does not take a course for a spread", () => {
    expect(gradientSpread(recordOf(12, (step) => ({ gradNorm: Math.exp(-step) })))).toBeCloseTo(0, 12);
  });
});

describe("lossSpikes", () => {
  const wave = (step: number): number => 3 + (step % 2) / 10;

  it("counts what stands out from the twenty before, and nothing else", () => {
    expect(lossSpikes(recordOf(60, (step) => ({ lossNats: wave(step) })))).toBe(0);
    // The first one is warm-up; the second stands out; so does the third, for the second has left the window.
    const spiky = recordOf(60, (step) => ({ lossNats: [2, 30, 55].includes(step) ? 5 : wave(step) }));
    expect(lossSpikes(spiky)).toBe(2);
    expect(lossSpikes(recordOf(22, () => ({})))).toBeUndefined();
  });
});

describe("millisecondsPerToken", () => {
  it("is the median step's, the first left out", () => {
    const times = [9000, 10, 12, 500, 14];
    expect(millisecondsPerToken(recordOf(5, (step) => ({ stepMs: times[step - 1] })))).toBeCloseTo(13 / 128, 12);
    expect(millisecondsPerToken(recordOf(4, (step) => ({ stepMs: times[step - 1] })))).toBeCloseTo(12 / 128, 12);
    expect(millisecondsPerToken(recordOf(1, () => ({})))).toBeUndefined();
    // Five steps of 128 tokens are of a run of so many more.
    const record = recordOf(5, (step) => ({ stepMs: times[step - 1] }));
    expect(trainingSeconds(record)).toBeCloseTo((13 / 128) * (budgetOf(run.spec) / 1000), 12);
    expect(trainingSeconds(recordOf(1, () => ({})))).toBeUndefined();
  });
});

describe("validations in the course of a run", () => {
  const at = (tokens: number, bitsPerByte: number) => ({ step: tokens / 128, tokens, nats: 1, bitsPerByte });
  const record: RunRecord = {
    ...recordOf(20, () => ({})),
    validations: [at(0, 4), at(1280, 3), at(2560, 2.2)],
    footer: { ending: "done", validationNats: 1, bitsPerByte: 2, wallSeconds: 1 },
  };

  it("tokensToReach lies on the line between two of them", () => {
    expect(tokensToReach(record, 3.25)).toBe(960);
    expect(tokensToReach(record, 2.5)).toBe(1920);
    expect(tokensToReach(record, 2)).toBe(2560);
    expect(tokensToReach(record, 4)).toBe(0);
    expect(tokensToReach(record, 1.9)).toBeUndefined();
    expect(tokensToReach({ ...record, validations: [] }, 3)).toBe(2560);
  });

  it("bitsPerByteAfter lies on the same line", () => {
    expect(bitsPerByteAfter(record, 0)).toBe(4);
    expect(bitsPerByteAfter(record, 960)).toBe(3.25);
    expect(bitsPerByteAfter(record, 1280)).toBe(3);
    expect(bitsPerByteAfter(record, 1920)).toBe(2.5);
    expect(bitsPerByteAfter(record, 2560)).toBe(2);
    expect(bitsPerByteAfter(record, 2561)).toBeUndefined();
    expect(bitsPerByteAfter({ ...record, validations: [] }, 1280)).toBeUndefined();
  });
});
