import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, test } from "vitest";
import { load } from "../weights/index.js";
import {
  Archive,
  type Arm,
  armRuns,
  carryOut,
  keepModel,
  packExtremes,
  packedModels,
  type Study,
  type StudyResult,
  studyPage,
  studyResult,
} from "./index.js";
import { folder, smallSpec } from "./testing/records.js";

const linear = { kind: "ternary", scale: "per-tensor", norm: "block" } as const;

/** An arm that learns well, hardly or not at all, as its learning rate says. */
function ternary(learningRate: number): Arm {
  const { model, training } = smallSpec;
  return { spec: { ...smallSpec, model: { ...model, linear }, training: { ...training, learningRate } } };
}

const study: Study = {
  name: "packing",
  title: "Packing",
  question: "What does it cost?",
  arms: { middle: ternary(1e-3), best: ternary(1e-2), worst: ternary(1e-5) },
  baseline: "middle",
  seeds: [0],
};

let places: { readonly records: string; readonly models: string };
let result: StudyResult;

beforeAll(async () => {
  places = { records: folder(), models: folder() };
  for (const run of Object.keys(study.arms).flatMap((arm) => armRuns(study, arm))) {
    await carryOut(run, {
      records: places.records,
      checkpoints: folder(),
      trained: async (trained) => void (await keepModel(run, places.models, trained)),
    });
  }
  result = studyResult(study, new Archive(places.records));
}, 60_000);

it("keeps the best and the worst arm, with what packing costs, and removes others", async () => {
  const root = folder();
  const before = await packExtremes(result, { models: places.models, root });
  expect(before.map(({ arm }) => arm)).toEqual(["best", "worst"]);
  expect(packedModels(root)).toEqual(before);
  for (const { arm, folder, card } of before) {
    const { bitsPerByte } = result.arms.find((one) => one.arm === arm)!;
    expect(card.trainedBitsPerByte).toBe(bitsPerByte.mean);
    // Ternary matrices lose nothing: what is lost is the embedding's, and it is little but something.
    const lost = Math.abs(card.packedBitsPerByte - card.trainedBitsPerByte);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(0.01);
    const files = readdirSync(folder).filter((name) => name !== "packed.json");
    expect(card.bytes).toBe(files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0));
    const { model, tokenizer } = await load(folder);
    expect([model.config.linear, tokenizer?.decode(tokenizer.encode("a dog"))]).toEqual([
      { ...linear, rounded: true },
      "a dog",
    ]);
  }
  cpSync(join(root, "packing", "worst"), join(root, "packing", "middle"), { recursive: true });
  await packExtremes(result, { models: places.models, root });
  expect(readdirSync(join(root, "packing"))).toEqual(["best", "worst"]);
});

it("passes over a run that diverged", async () => {
  const arms = result.arms.map((arm) => {
    const [{ header, footer, ...record }] = arm.records;
    const diverged = { ...footer!, ending: "diverged", validationNats: null, bitsPerByte: null } as const;
    return { ...arm, records: [{ ...record, header: { ...header, seed: -1 }, footer: diverged }, ...arm.records] };
  });
  const packed = await packExtremes({ ...result, arms }, { models: places.models, root: folder() });
  expect(packed.map(({ card }) => card.seed)).toEqual([0, 0]);
});

it("stands on the study's page", async () => {
  const packed = await packExtremes(result, { models: places.models, root: folder() });
  const [{ card }] = packed;
  const line = `| [best](../models/packing/best) | 0 | ${card.bytes.toLocaleString("en-US")} | ${card.trainedBitsPerByte.toFixed(4)} |`;
  expect(studyPage(result, {}, packed)).toContain(line);
  expect(studyPage(result, {})).not.toContain("## Models");
});

test("what lies beside packed models is none, and a card that says something else is an error", async () => {
  const root = folder();
  expect(packedModels(join(root, "nowhere"))).toEqual([]);
  const folders = ["study/arm", "study/arm/below", "study"].map((path) => join(root, path));
  mkdirSync(folders[1], { recursive: true });
  writeFileSync(join(folders[1], "packed.json"), "{}");
  writeFileSync(join(folders[0], "config.json"), "{}");
  expect(packedModels(root)).toEqual([]);
  writeFileSync(join(folders[0], "packed.json"), "{");
  expect(() => packedModels(root)).toThrow(/packed\.json is not JSON.*kintsugi pack/s);
  writeFileSync(join(folders[0], "packed.json"), '{ "seed": -1 }');
  expect(() => packedModels(root)).toThrow(/is missing/);
});

test("a study without finished ternary arms, a model that was not kept: one clear error, nothing written", async () => {
  const root = folder();
  await expect(packExtremes(studyResult(study, new Archive(folder())), { root })).rejects.toThrow(
    /no finished arm with ternary weights.*npm run study -- packing/s,
  );
  const models = folder();
  cpSync(places.models, models, { recursive: true });
  rmSync(join(models, "packing", "worst"), { recursive: true });
  await expect(packExtremes(result, { models, root })).rejects.toThrow(/model of worst, seed 0 was not kept/);
  expect(readdirSync(root)).toEqual([]);
});
