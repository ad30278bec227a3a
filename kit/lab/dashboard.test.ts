import { describe, expect, it } from "vitest";
import {
  armRuns,
  Dashboard,
  dashboardLines,
  logLine,
  type StudyProgress,
  secondsLeft,
  type Watched,
  watched,
} from "./index.js";
import { smallStudy } from "./testing/records.js";

// Six runs of 20 steps of 128 tokens.
const runs = ["none", "some"].flatMap((arm) => armRuns(smallStudy, arm));
const perRun = 20 * 128;

/** Step `at` of the run of a number, which took some milliseconds. */
function progress(number: number, at: number, stepMs = 64): StudyProgress {
  return {
    run: runs[number],
    step: { step: at, tokens: 128 * at, lossNats: 4.2, learningRate: 0.01, gradNorm: 1, stepMs },
    tokens: 6 * perRun,
    tokensDone: number * perRun + 128 * at,
    runs: 6,
    runsDone: number,
  };
}

/** After steps at their times. */
const after = (...steps: readonly (readonly [at: number, StudyProgress])[]): Watched =>
  steps.reduce<Watched | undefined>((before, [at, one]) => watched(before, one, at), undefined)!;

describe("what is known of a study", () => {
  it("has no speed after the first step, which compiles", () => {
    const first = after([9000, progress(0, 1, 9000)]);
    expect(secondsLeft(first)).toBeUndefined();
    expect(dashboardLines(first)).toEqual([
      "decay: run 1 of 6",
      "none seed 0  █░░░░░░░░░░░░░░░░░░░  step 1 of 20  4.2000 nats",
    ]);
  });

  it("foretells the end of the run from its steps, and that of the study from the clock", () => {
    // Steps take 64 ms, and 16 ms more pass between them: 0.625 ms a token.
    const third = after([9000, progress(0, 1, 9000)], [9080, progress(0, 2)], [9160, progress(0, 3)]);
    expect(secondsLeft(third)).toBeCloseTo((117 * 128 * 0.625) / 1000, 9);
    expect(dashboardLines(third)).toEqual([
      "decay: run 1 of 6 · about 9.4 s left",
      "none seed 0  ███░░░░░░░░░░░░░░░░░  step 3 of 20  4.2000 nats  2,000 tokens/s  1.1 s left",
    ]);
    expect(logLine(third)).toBe(
      "decay: run 1 of 6 · about 9.4 s left · none seed 0, step 3 of 20, 4.2000 nats, 2,000 tokens/s, 1.1 s left",
    );
  });

  it("measures each run's speed anew, as a mean of steps", () => {
    const steps = [progress(0, 1), progress(0, 2), progress(0, 3, 192)].map((one, i) => [80 * i, one] as const);
    const pace = ({ paces }: Watched, seed: number) => paces.get(`none seed ${seed}`)?.msPerToken;
    expect(pace(after(...steps), 0)).toBeCloseTo(0.9 * 0.5 + 0.1 * 1.5, 9);
    const next = after(...steps, [400, progress(1, 1, 9000)]);
    expect(pace(next, 1)).toBeUndefined();
    expect(pace(watched(next, progress(1, 2, 128), 500), 1)).toBe(1);
  });

  it("shows the speed of each of two runs that take turns", () => {
    const turns = [progress(0, 1), progress(1, 1), progress(0, 2, 64), progress(1, 2, 128)];
    const [first, second] = [turns.slice(0, 3), turns].map((steps) =>
      logLine(after(...steps.map((one, i) => [80 * i, one] as const))),
    );
    expect(first).toMatch(/none seed 0, .* 2,000 tokens\/s/);
    expect(second).toMatch(/none seed 1, .* 1,000 tokens\/s/);
  });
});

describe("Dashboard", () => {
  function drawn(isTTY: boolean, columns?: number) {
    const written: string[] = [];
    let now = 0;
    const stream = { isTTY, columns, write: (text: string) => written.push(text) };
    return { dashboard: new Dashboard(stream, () => now), written, wait: (ms: number) => (now += ms) };
  }

  it("redraws in place on a terminal, four times a second at most", () => {
    const { dashboard, written, wait } = drawn(true);
    for (let at = 1; at <= 20; at++) {
      dashboard.report(progress(0, at));
      wait(50);
    }
    const removed = "\u001b[2A\r\u001b[J";
    expect(written.filter((text) => text.startsWith("decay"))).toHaveLength(4);
    expect(written.filter((text) => !text.startsWith("decay"))).toEqual([removed, removed, removed]);
    written.length = 0;
    dashboard.say("none, seed 0: done");
    dashboard.say("none, seed 1: done");
    dashboard.end();
    expect(written).toEqual([removed, "none, seed 0: done\n", "none, seed 1: done\n"]);
  });

  it("cuts lines that the terminal would break", () => {
    const { dashboard, written } = drawn(true, 20);
    dashboard.report(progress(0, 10));
    expect(written).toEqual(["decay: run 1 of 6\nnone seed 0  ██████\n"]);
  });

  it("writes a line of a log every half minute", () => {
    const { dashboard, written, wait } = drawn(false);
    for (let at = 1; at <= 20; at++) {
      dashboard.report(progress(0, at));
      wait(2000);
    }
    dashboard.say("none, seed 0: done");
    dashboard.end();
    expect(written).toEqual([
      "decay: run 1 of 6 · none seed 0, step 1 of 20, 4.2000 nats\n",
      expect.stringMatching(/^decay: run 1 of 6 · about 3 min 28 s left · none seed 0, step 16 of 20, .*\n$/),
      "none, seed 0: done\n",
    ]);
  });
});
