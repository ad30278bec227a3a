import { expect, it, vi } from "vitest";
import { healing } from "../lab/index.js";
import { pico } from "../model/index.js";
import { runCommand, stepLine } from "./run.js";
import { studyCommand } from "./study.js";
import { runCommand as running } from "./testing/run.js";

it("a line of a run tells its speed", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const corpus = { kind: "toy-stories", seed: 0, count: 40 } as const;
  const line = stepLine(healing(pico, { source: "pico", corpus, tokens: 25_600, length: 64, batchTokens: 256 }));
  for (const step of [1, 2]) {
    line({ step, tokens: 256 * step, lossNats: 4, learningRate: 0.01, gradNorm: 1, stepMs: step === 1 ? 9000 : 128 });
  }
  expect(log.mock.calls.flat()).toEqual([
    "step 1 of 100  256 tokens  4.0000 nats  rate 0.010",
    "step 2 of 100  512 tokens  4.0000 nats  rate 0.010  128 ms a step  2,000 tokens/s  13 s left",
  ]);
  log.mockRestore();
});

it("refuses what is no time, and a seed that a study does not have", async () => {
  await expect(running(runCommand(), ["run.json", "--checkpoint-seconds", "abc"])).rejects.toThrow(
    /checkpoint-seconds.*Expected a number from 0 on/,
  );
  await expect(running(studyCommand(), ["precision", "--smoke", "--seed", "99"])).rejects.toThrow(
    "the study smoke-precision has no seed 99: expected 0, 1",
  );
});
