import { expect, it } from "vitest";
import { countParameters, liquid, pico } from "../model/index.js";
import { liquidMetal } from "../surgery/index.js";
import { addedBy, armRuns, damageHealed, healing, isHealing, RecordWriter, recordPath, type Study } from "./index.js";
import { folder, resultOf, smallStudy, tableOf } from "./testing/records.js";

const corpus = { kind: "toy-stories", seed: 0, count: 40 } as const;
const dials = { source: "pico", corpus, tokens: 4096 };

const study: Study = {
  name: "mend",
  title: "Mending",
  question: "Does it mend?",
  arms: {
    control: { spec: healing(pico, dials) },
    liquid: { spec: healing(pico, { ...dials, recipe: liquidMetal }) },
    leaky: { spec: healing(pico, { ...dials, recipe: { liquid: { pool: { kind: "sequence" } }, init: "standard" } }) },
  },
  baseline: "control",
  seeds: [0],
};

/** Bits per byte before the first step and behind the last. */
const reached: Readonly<Record<string, readonly [number, number]>> = {
  control: [2, 1.9],
  liquid: [2, 1.88],
  leaky: [6, 2.5],
};

function records(): string {
  const root = folder();
  for (const run of Object.keys(study.arms).flatMap((arm) => armRuns(study, arm))) {
    const [before, after] = reached[run.arm];
    const dataset = { name: "toy", sha256: "" };
    const header = { ...run, dataset, parameters: 1, flopsPerToken: 1, backend: "graph" };
    const record = RecordWriter.begin(header, recordPath(run, root));
    record.append({ validation: { step: 0, tokens: 0, nats: 1, bitsPerByte: before } });
    record.close({ ending: "done", validationNats: 1, bitsPerByte: after, wallSeconds: 1 });
  }
  return root;
}

it("says what a conversion added, broke and what healed", () => {
  const result = resultOf(records(), study);
  const [, liquidArm, leaky] = result.arms;
  expect(damageHealed(result, leaky)).toBeCloseTo(3.5 / 4, 12);
  // By identity nothing is broken, and there is nothing to heal.
  expect(damageHealed(result, liquidArm)).toBeUndefined();
  const { layers, width } = pico;
  const hidden = Math.round(width / 16);
  const added = layers.length * (2 * 2 * 16 * width + 3 * width + 2 * hidden * width);
  const { spec } = study.arms.liquid;
  expect(spec.model).toEqual(liquid(pico));
  expect(addedBy(result, "liquid").parameters * countParameters(pico)).toBeCloseTo(added, 0);
  expect(addedBy(result, "control")).toEqual({ parameters: 0, flops: 0 });
  const rows = tableOf(records(), study);
  expect(rows[4]).toContain("layers.0.mixerNorm, layers.0.mlpNorm, layers.0.squeezeExcite");
  expect(rows[4]).toMatch(/\| 6\.0000 \| 88 % \| 2\.5000 \|/);
  expect(rows[3]).toMatch(/ \| no \| 2\.0000 \| — \| 1\.8800 \|/);
});

it("is no matter of models that are trained from the first step", () => {
  const result = resultOf(folder());
  expect([isHealing(result), isHealing(resultOf(folder(), study))]).toEqual([false, true]);
  expect(tableOf(folder(), smallStudy)[0]).not.toContain("damage");
  expect(damageHealed(resultOf(folder(), study), resultOf(folder(), study).arms[2])).toBeUndefined();
});
