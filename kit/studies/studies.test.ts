import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  Archive,
  armRuns,
  budgetOf,
  checkStudy,
  conduct,
  Evidence,
  inThisProcess,
  knownMeasurements,
  pilotRuns,
  readRun,
  type Study,
  specHash,
  studyResult,
} from "../lab/index.js";
import { countParameters, pico } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { answers, claims, measurements, smoke, studies } from "./index.js";

const runsOf = (study: Study) => Object.keys(study.arms).flatMap((arm) => armRuns(study, arm));

describe.each(studies.map((study) => [study.name, study] as const))("%s", (_, study) => {
  it("contradicts itself nowhere, and its runs can be written and read", () => {
    checkStudy(study);
    for (const run of runsOf(study)) expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });

  it("takes at least a million tokens in every arm, of a large model at least 300,000", () => {
    for (const { spec } of runsOf(study)) {
      const large = countParameters(spec.model) > 1e8;
      expect(budgetOf(spec)).toBeGreaterThanOrEqual(large ? 300_000 : 1_000_000);
    }
  });

  it("has a small version of the same arms with about 100,000 parameters, or of the project's own model, with up to twice its layers", () => {
    const small = checkStudy(smoke(study));
    expect(Object.keys(small.arms)).toEqual(Object.keys(study.arms));
    for (const run of runsOf(small)) {
      expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
      const deeper = run.spec.model.layers.length > pico.layers.length;
      const [least, most] =
        run.spec.initial.kind === "pretrained" ? [250_000, deeper ? 900_000 : 600_000] : [50_000, 150_000];
      expect(countParameters(run.spec.model)).toBeGreaterThan(least);
      expect(countParameters(run.spec.model)).toBeLessThan(most);
    }
  });
});

it("count what they are said to count", () => {
  const counts = studies.map((study) => [study.name, Object.keys(study.arms).length, runsOf(study).length]);
  expect(counts).toEqual([
    ["alpha-by-norm-conv", 6, 30],
    ["alpha-by-norm-deltanet", 6, 18],
    ["mixer", 5, 15],
    ["mixer-4m", 3, 3],
    ["precision", 3, 9],
    ["delta-details", 5, 5],
    ["sequence", 2, 2],
    ["original", 8, 8],
    ["teeny-s-full", 1, 1],
    ["heal-stories", 9, 27],
    ["heal-stories-4m", 6, 6],
    ["liquid-parts", 8, 24],
    ["joined", 4, 12],
    ["heal-smollm2", 4, 4],
    ["ternarise", 3, 9],
    ["ternarise-smollm2", 3, 3],
    ["merge-scales", 5, 5],
    ["grow", 3, 9],
  ]);
});

it("claims and answers name studies and arms that exist, and wait for their records", () => {
  const nothing = new Archive(temporaryFolder(), () => undefined);
  const results = studies.map((study) => studyResult(study, nothing));
  const judgements = claims.map(({ judge }) => judge(new Evidence(results)));
  expect(judgements.filter((judgement) => judgement === undefined).length).toBeGreaterThan(claims.length / 2);
  // What nobody can measure says so; what waits says nothing.
  for (const judgement of judgements) expect(judgement?.verdict ?? "not testable here").toBe("not testable here");
  for (const [name, answer] of Object.entries(answers)) {
    expect(answer(results.find(({ study }) => study.name === name)!)).toBeUndefined();
  }
});

it("measurements have names of their own, and those of arms wait for their learning rates", () => {
  const names = measurements.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const { known } = knownMeasurements(measurements, new Archive(temporaryFolder(), () => undefined));
  expect(known.map(({ name }) => name)).toEqual(names.filter((name) => name.startsWith("merges/")));
  expect(names).toContain("liquid-parts/only-squeezeExcite/adaptation");
  expect(names).not.toContain("liquid-parts/only-tokenMixing/adaptation");
  expect(names).toContain("heal-stories/control/overlap");
  expect(names).not.toContain("liquid-parts/none/overlap");
});

it("mixers are compared at equal parameters within 2 %", () => {
  const study = studies.find(({ name }) => name === "mixer")!;
  const counts = Object.values(study.arms).map(({ spec }) => countParameters(spec.model));
  expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.02);
  expect(countParameters(study.arms.deltanet.spec.model)).toBe(5_042_112);
});

it("share the runs they have in common", () => {
  const hashes = studies.flatMap((study) =>
    Object.keys(study.arms).flatMap((arm) =>
      [...pilotRuns(study, arm), ...armRuns(study, arm)].map(({ spec, seed }) => `${seed} ${specHash(spec)}`),
    ),
  );
  // teeny-s for a million tokens is in five of them.
  expect(hashes.length - new Set(hashes).size).toBeGreaterThan(10);
});

it("a small version goes from nothing to records, and then there is nothing left to do", {
  timeout: 300_000,
}, async () => {
  const root = temporaryFolder();
  const [records, checkpoints] = [join(root, "records"), join(root, "checkpoints")];
  const execute = inThisProcess({ records, checkpoints });
  const study = smoke(studies.find(({ name }) => name === "precision")!);
  const said: string[] = [];
  const shares: number[] = [];
  const options = { records, execute, say: (message: string) => void said.push(message) };
  const report = ({ tokens, tokensDone }: { tokens: number; tokensDone: number }) =>
    void shares.push(tokensDone / tokens);
  expect(await conduct(study, { ...options, report })).toBe(true);
  expect(said.filter((line) => line.endsWith("done")).length).toBe(3 * 2 + 3 * 2);
  expect(readdirSync(join(records, "smoke-precision")).length).toBe(3 * 3);
  expect(shares.every((share, i) => share > (shares[i - 1] ?? 0))).toBe(true);
  said.length = 0;
  expect(await conduct(study, options)).toBe(true);
  expect(said).toEqual([]);
});
