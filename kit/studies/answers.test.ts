import { expect, it } from "vitest";
import type { RecordFooter, Run, Study, StudyResult } from "../lab/index.js";
import { RecordWriter, recordPath } from "../lab/index.js";
import { folder, resultOf, runsOf } from "../lab/testing/records.js";
import { answers, studies } from "./index.js";

/** What a run is told to have reached: bits per byte before and after, and on the first 64 tokens. */
type Told = { readonly start?: number; readonly half?: number; readonly end: number; readonly early?: number };

function write(run: Run, root: string, { start, half, end, early }: Told): void {
  const dataset = { name: "toy", sha256: "" };
  const record = RecordWriter.begin(
    { ...run, dataset, parameters: 1, flopsPerToken: 1, backend: "" },
    recordPath(run, root),
  );
  const { tokens } = run.spec.training.stages[0];
  for (const [at, bitsPerByte] of [
    [0, start],
    [tokens / 2, half],
  ] as const)
    if (bitsPerByte !== undefined) record.append({ validation: { step: at / 2048, tokens: at, nats: 1, bitsPerByte } });
  const footer: RecordFooter = { ending: "done", validationNats: 1, bitsPerByte: end, wallSeconds: 1 };
  record.close(
    early === undefined ? footer : { ...footer, byPosition: [{ from: 0, to: 64, tokens: 9, natsPerToken: early }] },
  );
}

/** The answer to a study's question at one learning rate, with some of its arms and two seeds at most. */
function answer(name: string, told: Readonly<Record<string, Told>>): string | undefined {
  const root = folder();
  const { pilot: _, ...study }: Study = studies.find((study) => study.name === name)!;
  const arms = Object.fromEntries(Object.keys(told).map((arm) => [arm, study.arms[arm]]));
  const some = { ...study, arms, seeds: study.seeds.slice(0, 2) };
  for (const run of runsOf(some)) {
    const own = told[run.arm];
    // Seeds differ, and a little in how arms differ.
    write(run, root, { ...own, end: own.end * (1 + run.seed / 1e6) + run.seed / 100 });
  }
  const result: StudyResult = resultOf(root, some);
  return answers[name](result);
}

it("what each arm costs is told of each, with its interval where there is one", () => {
  expect(answer("precision", { float32: { end: 1 }, ternary: { end: 1.01 }, w158a8: { end: 1.02 } })).toMatch(
    /^Beside float32, 1\.0050 bits per byte \(1\.0 M tokens, 2 seeds\): ternary weights \+0\.0100 \[\+0\.0100, \+0\.0100\]; ternary weights, 8-bit activations \+0\.0200 \[.*\]\.$/,
  );
  expect(answer("original", { ours: { end: 1 }, rows: { end: 0.9 }, original: { end: 1.5 } })).toBe(
    "Beside ours, 1.0000 bits per byte (1.0 M tokens, one seed): 2 × 512 tokens a step −0.1000; all of them +0.5000. One seed has no interval.",
  );
});

it("healing is told as the share healed and beside the base trained as long", () => {
  const told = {
    control: { start: 1, end: 0.8 },
    liquid: { start: 1, end: 0.79 },
    "v1-within": { start: 3, end: 0.9 },
  };
  const [base, healed] = [
    "0.8050 bits per byte (1.0 M tokens, 2 seeds)",
    "differential V1, within heads +0.1000, 105 %",
  ];
  expect(answer("heal-stories", told)).toBe(
    `Beside the base trained as long, ${base}, and share of the damage healed: ${healed}. Nothing was broken by: Liquid Metal, identity −0.0100. Better than that base: Liquid Metal, identity.`,
  );
  expect(answer("heal-stories", { ...told, liquid: { start: 1, end: 0.81 } })).toMatch(
    /Better than that base: none\.$/,
  );
  expect(answer("heal-smollm2", told)).toMatch(/ 105 %\. Nothing .*identity −0\.0100\. One seed has no interval\.$/);
});

it("modules together are set against the sum of what each gains alone", () => {
  const alone = { none: { end: 1 }, "only-adaptiveRmsNorm": { end: 0.99 }, "only-tokenMixing": { end: 0.98 } };
  const whole = (end: number) =>
    answer("liquid-parts", { ...alone, "only-squeezeExcite": { end: 0.97 }, all: { end } });
  expect(whole(0.96)).toMatch(
    /^Together .* −0\.0400 .*; alone, added up, by −0\.0600\. Together they gain less than the sum: \+0\.0200 /,
  );
  expect(whole(0.9)).toMatch(/gain more than the sum: −0\.0400 /);
});

it("what the first token of a story is worth is told of stories joined and apart", () => {
  expect(
    answer("joined", {
      apart: { end: 1, early: 2 },
      "apart-se": { end: 0.99, early: 1.99 },
      joined: { end: 1.2, early: 3 },
      "joined-se": { end: 1.1, early: 2.8 },
    }),
  ).toMatch(
    /^It changes bits per byte by −0\.1000 .* and by −0\.0100 .*: 10 % of that\. On the first 64 .* −0\.200 and −0\.010 nats per token\.$/,
  );
});

it("fewer tokens: when the delta rule is where the convolution ends", () => {
  const told = { conv: { start: 3, half: 2, end: 1 }, deltanet: { start: 3, half: 1, end: 0.9 } };
  expect(answer("mixer-4m", { ...told, undecayed: { start: 3, half: 2, end: 1.1 } })).toBe(
    "To where gated convolution ends, 1.0000 bits per byte (4.0 M tokens, one seed), Gated DeltaNet comes after 50 % of the tokens, one seed, and ends at −0.1000; Gated DeltaNet, undecayed rule comes not at all, one seed, and ends at +0.1000.",
  );
});
