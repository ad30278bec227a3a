import { describe, expect, it } from "vitest";
import { checkStudy, type Study, withLearningRate, withStudyBudget } from "./index.js";
import { armOf, smallSpec, smallStudy } from "./testing/records.js";

const { seeds, ...withoutSeeds } = smallStudy;
const pilot = { learningRates: [1e-3], tokens: 64, seed: 0 };
const twice = (other: Study["arms"][string]): Study => ({
  ...smallStudy,
  baseline: "one",
  arms: { one: armOf(0), two: other },
});
const faster = { spec: withLearningRate(armOf(0).spec, 0.02) };

describe("checkStudy", () => {
  it("takes arms that differ in a rate, where no pilot chooses it", () => {
    expect(checkStudy(twice(faster))).toEqual(twice(faster));
  });

  it.each<[string, unknown, RegExp]>([
    ["seed: for seeds:", { ...withoutSeeds, seed: seeds }, /no field seed \(study decay\).*Did you mean seeds/],
    [
      "a misspelt field of a specification",
      { ...smallStudy, arms: { none: { spec: { ...smallSpec, trainings: 1 } } } },
      /no field arms\.none\.spec\.trainings.*Did you mean training/,
    ],
    ["a pilot without rates", { ...smallStudy, pilot: { ...pilot, learningRates: [] } }, /learningRates.*at least one/],
    ["another baseline", { ...smallStudy, baseline: "nobody" }, /baseline is "nobody".*expected one of the arms/],
    ["an arm without seeds", { ...smallStudy, seeds: [] }, /the arm none has no seeds/],
    ["twins", twice(armOf(0)), /the arms one and two are the same \(study decay\): expected arms that differ/],
    [
      "twins but for the rate a pilot chooses",
      { ...twice(faster), pilot },
      /one and two are the same.*more than the rate/,
    ],
  ])("refuses %s", (_, study, message) => {
    expect(() => checkStudy(study as Study)).toThrow(message);
  });
});

it("a study's budget is that of each of its arms", () => {
  const { arms } = withStudyBudget(smallStudy, 1280);
  expect(Object.values(arms).map(({ spec }) => spec.training.stages)).toEqual(
    Array(3).fill([{ length: 64, tokens: 1280 }]),
  );
});
