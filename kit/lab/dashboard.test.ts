import { describe, expect, it } from "vitest";
import {
  afterEvent,
  armRuns,
  Dashboard,
  dashboardLines,
  logLine,
  nothingPlanned,
  type StudyEvent,
  secondsLeft,
} from "./index.js";
import { smallStudy } from "./testing/records.js";

// Two arms, three seeds each, 20 steps of 128 tokens a run.
const runs = ["none", "some"].flatMap((arm) => armRuns(smallStudy, arm));
const planned: StudyEvent = { kind: "planned", study: "decay", runs };
const step = (arm: string, seed: number, at: number, stepMs = 64): StudyEvent => {
  const line = { step: at, tokens: 128 * at, lossNats: 4.2, learningRate: 0.01, gradNorm: 1, stepMs };
  return { kind: "step", arm, seed, line };
};
const after = (...events: readonly StudyEvent[]) => events.reduce(afterEvent, afterEvent(nothingPlanned, planned));

describe("progress of a study", () => {
  it("counts runs, and takes no speed from the first step", () => {
    const first = after({ kind: "ended", arm: "none", seed: 0, ending: "done before" }, step("none", 1, 1, 9000));
    expect(secondsLeft(first)).toBeUndefined();
    expect(dashboardLines(first)).toEqual([
      "decay: 1 of 6 runs done",
      "none seed 1  █░░░░░░░░░░░░░░░░░░░  step 1 of 20  4.2000 nats",
    ]);
  });

  it("foretells the end from measured speed", () => {
    // 0.5 ms a token; 18 steps of this run and 5 whole ones are left.
    const second = after(step("none", 0, 1, 9000), step("none", 0, 2));
    expect(secondsLeft(second)).toBeCloseTo((128 * (18 + 5 * 20) * 0.5) / 1000, 9);
    expect(dashboardLines(second)).toEqual([
      "decay: 0 of 6 runs done · about 7.6 s left",
      "none seed 0  ██░░░░░░░░░░░░░░░░░░  step 2 of 20  4.2000 nats  2,000 tokens/s  1.2 s left",
    ]);
  });

  it("shares the rest between runs that go on at once, each at its own speed", () => {
    const two = after(step("none", 0, 1), step("some", 0, 1), step("none", 0, 2), step("some", 0, 2, 128));
    const [own, waiting] = [128 * 18, 128 * 20 * 4];
    expect(secondsLeft(two)).toBeCloseTo((own * 0.5 + own * 1 + waiting * 0.75) / 2000, 9);
    expect(dashboardLines(two)[1]).toMatch(/^none seed 0/);
  });

  it("keeps the speed of a mean of steps, and goes back with a run that is repeated", () => {
    const uneven = after(step("none", 0, 1), step("none", 0, 2), step("none", 0, 3, 192));
    expect(uneven.runs[0].msPerToken).toBeCloseTo(0.9 * 0.5 + 0.1 * 1.5, 9);
    const again = afterEvent(uneven, step("none", 0, 1, 9000));
    expect(again.runs[0].msPerToken).toBe(uneven.runs[0].msPerToken);
  });

  it("names what ended, and counts what was interrupted as open", () => {
    const ended = after(
      step("none", 0, 1),
      step("none", 0, 2),
      { kind: "ended", arm: "none", seed: 0, ending: "done" },
      { kind: "ended", arm: "some", seed: 2, ending: "diverged" },
      { kind: "ended", arm: "none", seed: 1, ending: "interrupted" },
    );
    expect(dashboardLines(ended)).toEqual([
      "decay: 2 of 6 runs done · 1 diverged · about 5.1 s left",
      "last: none seed 0 done · some seed 2 diverged · none seed 1 interrupted",
    ]);
    expect(logLine(ended)).toBe("decay: 2 of 6 runs done · 1 diverged · about 5.1 s left");
  });

  it("does not take up runs outside the plan", () => {
    expect(after(step("other", 0, 1))).toEqual(after());
  });
});

describe("Dashboard", () => {
  function drawn(isTTY: boolean, columns?: number) {
    const written: string[] = [];
    let now = 0;
    const stream = { isTTY, columns, write: (text: string) => written.push(text) };
    const dashboard = new Dashboard(stream, () => now);
    return { dashboard, written, wait: (ms: number) => (now += ms) };
  }

  it("redraws in place on a terminal, four times a second at most", () => {
    const { dashboard, written, wait } = drawn(true);
    dashboard.report(planned);
    for (let at = 1; at <= 20; at++) {
      wait(50);
      dashboard.report(step("none", 0, at));
    }
    expect(written.filter((text) => text.startsWith("decay"))).toHaveLength(5);
    // Each picture removes as many lines as the one before it had.
    expect(written.filter((text) => text.startsWith("\u001b"))).toEqual([
      "\u001b[1A\r\u001b[J",
      ...Array(3).fill("\u001b[2A\r\u001b[J"),
    ]);
    dashboard.say("goes on after step 20");
    expect(written.at(-2)).toBe("goes on after step 20\n");
    expect(written.at(-3)).toBe("\u001b[2A\r\u001b[J");
    dashboard.end();
    const lines = written.length;
    dashboard.say("over");
    expect(written.slice(lines, lines + 1)).toEqual(["over\n"]);
  });

  it("cuts lines that the terminal would break", () => {
    const { dashboard, written } = drawn(true, 20);
    dashboard.report(planned);
    dashboard.report(step("none", 0, 1));
    dashboard.end();
    expect(written.at(-1)).toBe("decay: 0 of 6 runs \nnone seed 0  █░░░░░\n");
  });

  it("writes a line of a log every half minute, and one for each run that ends", () => {
    const { dashboard, written, wait } = drawn(false);
    dashboard.report(planned);
    for (let at = 1; at <= 19; at++) {
      wait(2000);
      dashboard.report(step("none", 0, at));
    }
    dashboard.report({ kind: "ended", arm: "none", seed: 0, ending: "done" });
    dashboard.report({ kind: "ended", arm: "none", seed: 1, ending: "done before" });
    expect(written).toEqual([
      "decay: 0 of 6 runs done\n",
      expect.stringMatching(/^decay: 0 of 6 runs done · about .* · none seed 0: step 15 of 20 {2}4\.2000 nats .*\n$/),
      "decay: none seed 0 done\n",
    ]);
  });
});
