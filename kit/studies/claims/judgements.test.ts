import { describe, expect, it } from "vitest";
import {
  Evidence,
  type MeasurementRecord,
  type Observations,
  type RecordFooter,
  RecordWriter,
  recordPath,
  type Study,
  type Subject,
} from "../../lab/index.js";
import { folder, resultOf, runsOf, smallStudy } from "../../lab/testing/records.js";
import {
  backAtBase,
  contrast,
  judged,
  lightness,
  overTexts,
  sooner,
  stillGaining,
  synergy,
  together,
} from "./judgements.js";

type Told = {
  readonly validations: readonly (readonly [tokens: number, bitsPerByte: number])[];
  readonly end: number;
};

/** Evidence of the small study, whose runs take 2,560 tokens, from what each run is told to have reached. */
function evidenceOf(told: (arm: string, seed: number) => Told, study: Study = smallStudy): Evidence {
  const root = folder();
  for (const run of runsOf(study)) {
    const { validations, end } = told(run.arm, run.seed);
    const dataset = { name: "toy", sha256: "" };
    const record = RecordWriter.begin(
      { ...run, dataset, parameters: 1, flopsPerToken: 1, backend: "" },
      recordPath(run, root),
    );
    for (const [tokens, bitsPerByte] of validations)
      record.append({ validation: { step: tokens / 128, tokens, nats: 1, bitsPerByte } });
    for (let step = 1; step <= 20; step++)
      record.append({ step, tokens: step * 128, lossNats: 2, learningRate: 0.01, gradNorm: 1, stepMs: 5 });
    const footer: RecordFooter = { ending: "done", validationNats: 1, bitsPerByte: end, wallSeconds: 1 };
    record.close(footer);
  }
  return new Evidence([resultOf(root, study)]);
}

const pair = { study: "decay", arm: "some", against: "none" } as const;
const nothing = new Evidence([resultOf(folder())]);
const wobble = (seed: number): number => seed / 1000;

describe("judgements of runs", () => {
  it("wait for records", () => {
    for (const judge of [sooner, stillGaining, lightness]) expect(judge(nothing, pair)).toBeUndefined();
    expect(synergy(nothing, pair, ["much"])).toBeUndefined();
    expect(backAtBase(nothing, pair, { steps: 100 })).toBeUndefined();
  });

  it("sooner: when an arm is where the other ends", () => {
    const course =
      (at: number, end: number) =>
      (arm: string): Told => ({
        validations: [
          [0, 4],
          [1280, arm === "some" ? at : 3],
        ],
        end: arm === "some" ? end : 2,
      });
    // From 2.4 at the half to 1.6 at the end, 2 is passed at three quarters.
    expect(sooner(evidenceOf(course(2.4, 1.6)), pair)).toEqual({
      figure: "after 75 % of the tokens, 3 seeds",
      verdict: "supported",
    });
    expect(sooner(evidenceOf(course(3, 2.1)), pair)).toEqual({
      figure: "not at all, 3 seeds",
      verdict: "not supported",
    });
  });

  it("stillGaining: what the difference gains in the second half", () => {
    const course =
      (half: number) =>
      (arm: string, seed: number): Told => ({
        validations: [[1280, arm === "some" ? half + wobble(seed) : 3]],
        end: arm === "some" ? 1.5 : 2,
      });
    // 1.5 − 2.9 against 2 − 3.
    expect(stillGaining(evidenceOf(course(2.9)), pair)).toMatchObject({
      verdict: "supported",
      figure: expect.stringMatching(/^−0\.4010/),
    });
    expect(stillGaining(evidenceOf(course(2.4)), pair)).toMatchObject({
      verdict: "not supported",
      figure: expect.stringMatching(/^\+0\.0990/),
    });
  });

  it("synergy: the whole beyond the sum of its members", () => {
    // Alone −0.1 and −0.2; together they would be 1.7.
    const ends =
      (whole: number) =>
      (arm: string, seed: number): Told => ({
        validations: [],
        end: { none: 2, some: 1.9, much: 1.8, all: whole + wobble(seed) }[arm]!,
      });
    const study: Study = {
      ...smallStudy,
      arms: {
        ...smallStudy.arms,
        all: { spec: { ...smallStudy.arms.none.spec, data: { ...smallStudy.arms.none.spec.data, validation: 0.3 } } },
      },
    };
    const all = { study: "decay", arm: "all", against: "none" };
    expect(synergy(evidenceOf(ends(1.6), study), all, ["some", "much"])).toMatchObject({
      verdict: "supported",
      figure: expect.stringMatching(/^−0\.099/),
    });
    expect(synergy(evidenceOf(ends(1.75), study), all, ["some", "much"])).toMatchObject({
      verdict: "not supported",
      figure: expect.stringMatching(/^\+0\.051/),
    });
    // Beside members that ran at another rate, a part of the gain may be that of the rate.
    const own = smallStudy.arms.none.spec;
    const faster = { ...study.arms.all.spec, training: { ...own.training, learningRate: 0.02 } };
    const uneven: Study = { ...study, arms: { ...study.arms, all: { spec: faster } } };
    expect(synergy(evidenceOf(ends(1.6), uneven), all, ["some", "much"])?.figure).toMatch(
      /3 seeds \(learning rate 0\.02, alone 0\.01 and 0\.01\)$/,
    );
  });

  it("lightness: the slower one is not light", () => {
    const timed = (min: number, median: number, max: number): Evidence => {
      const figure = { model: "some", measure: "times that without, 95 %", at: 2048, median, min, max };
      const bench = { bench: "modules", machine: "", rounds: 3, figures: [figure] };
      return new Evidence([resultOf(folder())], undefined, [bench]);
    };
    expect(lightness(timed(1, 1.02, 1.04), pair)).toEqual({
      figure: "FLOPs 0.0 %, time of a token +2.0 % [0.0 %, +4.0 %]",
      verdict: "supported",
    });
    expect(lightness(timed(1.04, 1.06, 1.08), pair)).toMatchObject({ verdict: "not testable here" });
    expect(lightness(timed(1.05, 1.06, 1.08), pair)).toMatchObject({ verdict: "not supported" });
  });

  it("backAtBase: within a hundredth of the base before, or too little training", () => {
    const ends =
      (end: number, control = 2) =>
      (arm: string, seed: number): Told => ({
        validations: [[0, 2]],
        end: arm === "some" ? end + wobble(seed) : control,
      });
    expect(backAtBase(evidenceOf(ends(2.0)), pair, { steps: 100 })?.verdict).toBe("supported");
    expect(backAtBase(evidenceOf(ends(2.1)), pair, { steps: 100 })).toMatchObject({
      verdict: "budget not reached",
      figure: expect.stringMatching(/20 steps of the card's 100$/),
    });
    expect(backAtBase(evidenceOf(ends(2.1)), pair, { steps: 10 })?.verdict).toBe("not supported");
    // New text made both better, the base more than the conversion: that is not back.
    expect(backAtBase(evidenceOf(ends(1.9, 1.8)), pair, { steps: 100 })?.verdict).toBe("budget not reached");
  });
});

describe("judgements of measurements", () => {
  const circumstances = { node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } };
  const known = { kind: "known", name: "" } as const;
  const record = (figures: MeasurementRecord["figures"], subject: Subject = known): MeasurementRecord => ({
    measurement: { subject } as MeasurementRecord["measurement"],
    figures,
    wallSeconds: 1,
    circumstances,
  });
  const ofSeeds = (...figures: readonly (readonly (number | null)[])[]): readonly MeasurementRecord[] =>
    figures.map((nats, seed) => record({ nats }, { kind: "trained", study: "", arm: "", seed, spec: "" }));
  const observed: Observations = new Map<string, readonly MeasurementRecord[]>([
    ["a", [record({ nats: [1, 1.1, 1.2], late: [3, 3, null] })]],
    ["b", [record({ nats: [2, 2.11, 2.19], late: [3, 3.1, 3] })]],
    ["arm", ofSeeds([1, 1.1, 1.2], [1.5, 1.6, 1.7], [1, 1.1, null])],
    ["baseline", ofSeeds([2, 2.1, 2.2], [2.4, 2.5, 2.6])],
  ]);
  const evidence = new Evidence([], observed);

  it("compare text by text", () => {
    expect(overTexts(evidence, { of: "a", against: "b", name: "nats", unit: "nats" }, "below")).toMatchObject({
      verdict: "supported",
      figure: expect.stringMatching(/^−1\.0000 \[.*\] nats, 3 texts$/),
    });
    expect(overTexts(evidence, { of: "b", against: "a", name: "nats", unit: "nats" }, "below")?.verdict).toBe(
      "not supported",
    );
    expect(overTexts(evidence, { of: "a", against: "c", name: "nats", unit: "nats" }, "below")).toBeUndefined();
    // (1 − 3) − (2 − 3) and (1.1 − 3) − (2.11 − 3.1); the third text lacks one.
    expect(contrast(evidence, { of: "a", against: "b", name: "nats", less: "late" }, "below")?.figure).toMatch(
      /^−0\.9550 .*2 texts$/,
    );
  });

  it("compare trained arms seed by seed: texts do not stand for seeds", () => {
    const figure = { of: "arm", against: "baseline", name: "nats", unit: "nats" };
    expect(overTexts(evidence, figure, "below")).toMatchObject({
      verdict: "supported",
      figure: expect.stringMatching(/^−0\.9500 \[−1\.5853, −0\.3147\] nats, 2 seeds$/),
    });
    // A model that was trained once says nothing of others.
    const once = new Evidence([], new Map([...observed].map(([name, records]) => [name, records.slice(0, 1)])));
    expect(overTexts(once, figure, "below")).toEqual({
      figure: "−1.0000 nats, one seed",
      verdict: "not testable here",
    });
    expect(overTexts(evidence, { ...figure, against: "a" }, "below")).toBeUndefined();
  });
});

it("together: what fails in one part is not supported, and nothing is said while one is missing", () => {
  const [good, bad] = ["supported", "not supported"].map(
    (verdict) => ({ figure: verdict, verdict }) as Parameters<typeof together>[0],
  );
  expect(together(good, good)).toEqual({ figure: "supported; supported", verdict: "supported" });
  expect(together(good, bad)?.verdict).toBe("not supported");
  expect(together(good, undefined)).toBeUndefined();
  expect(judged({ n: 1, difference: -1 }, "below")?.verdict).toBe("not testable here");
});
