import { expect, it } from "vitest";
import { Archive, armRuns, plainAnswer, type Study, studyResult } from "./index.js";
import { folder, smallStudy, unreachable, writeRecord } from "./testing/records.js";

/** The answer to the small study's question, from bits per byte by arm and seed. */
function answer(reached: Readonly<Record<string, readonly number[]>>, study: Study = smallStudy): string | undefined {
  const records = folder();
  for (const [arm, values] of Object.entries(reached)) {
    for (const [seed, bitsPerByte] of values.entries())
      writeRecord(armRuns(study, arm)[seed], records, { bitsPerByte });
  }
  return plainAnswer(studyResult(study, new Archive(records, unreachable)));
}
const measured = "bits per byte (2,560 tokens, 3 seeds)";

it("a baseline that is lowest is compared with the next", () => {
  expect(answer({ none: [2, 2.01, 2.02], some: [2.01, 2, 2.04], much: [2.5, 2.51, 2.52] })).toBe(
    `The baseline, none, is lowest: 2.0100 ${measured}; the next, 0.1: +0.0067 [−0.0313, +0.0446], which the seeds do not tell apart.`,
  );
  expect(answer({ none: [2, 2.01, 2.02], some: [2.1, 2.111, 2.12], much: [2.5, 2.51, 2.52] })).toBe(
    `The baseline, none, is lowest: 2.0100 ${measured}; the next, 0.1: +0.1003 [+0.0989, +0.1018].`,
  );
});

it("an arm that is lowest is compared with the baseline, and with the next where that is another", () => {
  expect(answer({ none: [2.5, 2.51, 2.52], some: [2, 2.01, 2.021], much: [2.01, 2, 2.04] })).toBe(
    `0.1 is lowest: 2.0103 ${measured}, −0.4997 [−0.5011, −0.4982] to none; the next, 1.0: +0.0063 [−0.0305, +0.0432], which the seeds do not tell apart.`,
  );
});

it("one seed tells nothing apart", () => {
  expect(answer({ none: [2.5], some: [2] })).toBe(
    "0.1 is lowest: 2.0000 bits per byte (2,560 tokens, one seed), −0.5000 to none, which one seed does not tell apart.",
  );
});

it("an arm that nothing can be compared with is not lowest", () => {
  expect(answer({ none: [2, 2.01, 2.02] })).toBe(`none reaches 2.0100 ${measured}.`);
});
