import { expect, it } from "vitest";
import {
  type Claim,
  Evidence,
  type MeasurementRecord,
  type Observations,
  type Study,
  type StudyResult,
} from "../../lab/index.js";
import { folder, resultOf, runsOf, writeRecord } from "../../lab/testing/records.js";
import { healStories, liquidModules } from "../healing.js";
import { differentialClaims } from "./differential.js";
import { liquidClaims } from "./liquid.js";

/** Some arms of a study at one learning rate, with what they reached: three seeds that differ by a hundredth. */
function reached({ pilot: _, ...study }: Study, ends: Readonly<Record<string, number>>): StudyResult {
  const root = folder();
  const some = { ...study, arms: Object.fromEntries(Object.keys(ends).map((arm) => [arm, study.arms[arm]])) };
  for (const run of runsOf(some)) {
    const { arm, seed } = run;
    writeRecord(run, root, { bitsPerByte: ends[arm] * (1 + seed / 1e5) + seed / 100 });
  }
  return resultOf(root, some);
}

/** Measurements of three seeds, by name. */
function observed(figures: Readonly<Record<string, MeasurementRecord["figures"]>>): Observations {
  const record = (of: MeasurementRecord["figures"], seed: number): MeasurementRecord => ({
    measurement: { subject: { kind: "trained", seed } } as MeasurementRecord["measurement"],
    figures: Object.fromEntries(
      Object.entries(of).map(([name, texts]) => [name, texts.map((value) => value! * (1 + seed / 1e4))]),
    ),
    wallSeconds: 1,
    circumstances: { node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } },
  });
  return new Map(Object.entries(figures).map(([name, of]) => [name, [0, 1, 2].map((seed) => record(of, seed))]));
}

const claim = (claims: readonly Claim[], part: string): Claim =>
  claims.find(({ sentence }) => sentence.includes(part))!;

it("together is more than the sum only where it is better than none of it too", () => {
  const { judge } = claim(differentialClaims, "When these components work together");
  // The split costs 0.06 with the modules and without: a whole that is 0.003 below their sum is far above the base.
  const parts = { control: 0.9, liquid: 0.899, "v1-within": 0.96 };
  const judged = (whole: number) => judge(new Evidence([reached(healStories, { ...parts, "liquid-v1": whole })]));
  expect(judged(0.956)).toEqual({
    figure: expect.stringMatching(/^−0\.0030 .* bits per byte, 3 seeds; \+0\.056. .* bits per byte, 3 seeds$/),
    verdict: "not supported",
  });
  expect(judged(0.89)?.verdict).toBe("supported");
  const modules = claim(liquidClaims, "When these components work together");
  const alone = { none: 0.9, "only-adaptiveRmsNorm": 0.91, "only-tokenMixing": 0.91, "only-squeezeExcite": 0.91 };
  expect(modules.judge(new Evidence([reached(liquidModules, { ...alone, all: 0.91 })]))?.verdict).toBe("not supported");
});

it("modules are judged beside the same split without them", () => {
  const { judge } = claim(differentialClaims, "provide local and channel-wise focus");
  const near = (nats: number) => ({ natsNear: [nats, nats + 0.1], natsFar: [nats, nats + 0.1] });
  const arms = { control: 2, "v1-within": 2.2, "liquid-v1": 2.1 };
  const figures = Object.entries(arms).map(([arm, nats]) => [`heal-stories/${arm}/recency`, near(nats)] as const);
  const evidence = new Evidence([], observed(Object.fromEntries(figures)));
  expect(judge(evidence)).toEqual({ figure: expect.stringMatching(/^−0\.1000 /), verdict: "supported" });
  const balance = claim(differentialClaims, "This balance");
  expect(balance.judge(evidence)?.verdict).toBe("supported");
});

it("token mixing has to gain more nearby than far away", () => {
  const { judge } = claim(liquidClaims, "intra-sequence awareness");
  const recency = (near: number, far: number) => ({ natsNear: [near, near], natsFar: [far, far] });
  const judged = (near: number, far: number) =>
    judge(
      new Evidence(
        [reached(liquidModules, { none: 0.9, "only-tokenMixing": 0.89 })],
        observed({
          "liquid-parts/only-tokenMixing/recency": recency(near, far),
          "liquid-parts/none/recency": recency(2, 3),
        }),
      ),
    );
  expect(judged(1.9, 2.99)?.verdict).toBe("supported");
  expect(judged(1.99, 2.9)).toEqual({
    figure: expect.stringMatching(/bits per byte, 3 seeds; \+0\.09.* nats per token, 3 seeds$/),
    verdict: "not supported",
  });
});

it("what adapts is told with how far it does", () => {
  const { judge } = claim(liquidClaims, "Performs adaptive channel-wise recalibration");
  const figures = { nats: [2, 2.1], natsFixed: [2.01, 2.12] };
  const adaptation = (more: object) =>
    new Evidence([], observed({ "liquid-parts/only-squeezeExcite/adaptation": { ...figures, ...more } }));
  expect(judge(adaptation({}))).toBeUndefined();
  expect(judge(adaptation({ spread: [0.001, 0.003] }))).toEqual({
    figure: expect.stringMatching(
      /^−0\.0150 .* nats per token, 3 seeds; gates differ between texts by 0\.2 % of their size$/,
    ),
    verdict: "supported",
  });
});
