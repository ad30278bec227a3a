/** Runs that begin with a merge, and fit its factors. */
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { read, type Tensor, tree } from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { type ModelConfig, pico } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { type Factors, mergeText, planMerge } from "../surgery/index.js";
import { load } from "../weights/index.js";
import {
  carryOut,
  fittedMerge,
  healing,
  healingRun,
  mergedFolder,
  type Run,
  readRecord,
  readRun,
  recordPath,
} from "./index.js";

const root = temporaryFolder();
// Merges are kept in the cache, those of tests until they end.
const kept = new Set<string>();
afterAll(() => {
  for (const folder of kept) rmSync(folder, { recursive: true, force: true });
});

async function folderOf(file: string): Promise<string> {
  const folder = await mergedFolder(await planMerge(file));
  kept.add(folder);
  return folder;
}

/** Pico whose middle layers come twice, the second time attenuated. */
const merge = mergeText(
  [
    { model: "pico", layers: [0, 3] },
    { model: "pico", layers: [1, 4], scale: [{ filter: "o_proj", value: 0.5 }] },
  ],
  { dtype: "float32" },
);
const { layers } = pico;
const merged: ModelConfig = { ...pico, layers: [...layers.slice(0, 3), ...layers.slice(1)] };

const corpus = { kind: "toy-stories", seed: 5, count: 30 } as const;
const dials = { corpus, tokens: 768, length: 64, batchTokens: 128, part: { kind: "scales" } } as const;
const execution = { backend: "graph", threads: 1, matmul: "float32" } as const;

function fitting(): Run {
  const spec = healing(merged, { ...dials, source: "repeated", merge, execution });
  return { study: "test", arm: "fitting", seed: 0, spec };
}

let made = 0;
const folders = () => {
  made++;
  return { records: join(root, `records-${made}`), checkpoints: join(root, `checkpoints-${made}`) };
};

describe("a merge as the start of a run", () => {
  it("has factors that are fitted, and with them is the model that was trained", async () => {
    const run = fitting();
    expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    const where = folders();
    let weights = new Map<string, Float32Array>();
    let factors: Factors = {};
    const trained = async (done: { readonly model: { readonly params: unknown }; readonly factors?: Factors }) => {
      factors = done.factors ?? {};
      weights = new Map(
        tree.entries<Tensor>(done.model.params).map(([path, leaf]) => [path, read(leaf) as Float32Array]),
      );
    };
    expect(await carryOut(run, { ...where, trained })).toBe("done");

    expect(Object.keys(factors).filter((path) => path.startsWith("layers.5."))).toEqual([
      "layers.5.mixer.o",
      "layers.5.mlp.down",
    ]);
    expect(Object.values(factors)).toHaveLength(12);
    for (const factor of Object.values(factors)) expect(Math.abs(factor - 1)).toBeGreaterThan(1e-3);
    const { validations, footer } = readRecord(recordPath(run, where.records), (said) => expect.unreachable(said));
    expect(footer?.measures).toMatchObject({ "factor.layers.5.mlp.down": factors["layers.5.mlp.down"] });
    expect(footer!.bitsPerByte).toBeLessThan(validations[0].bitsPerByte - 0.01);

    if (run.spec.initial.kind !== "pretrained") return expect.unreachable();
    const { text } = await fittedMerge(run.spec.initial, factors);
    const file = join(root, "fitted.yml");
    writeFileSync(file, text);
    const { model } = await load(await folderOf(file));
    const rebuilt = tree.entries<Tensor>(model.params);
    expect(rebuilt.map(([path]) => path)).toEqual([...weights.keys()]);
    for (const [path, leaf] of rebuilt) close(read(leaf), weights.get(path)!, 1e-6);
  });

  it("goes on after an interruption as if there had been none", async () => {
    const run = fitting();
    const [whole, broken] = [folders(), folders()];
    await carryOut(run, whole);
    const stop = new AbortController();
    const report = ({ step }: { step: number }) => step === 3 && stop.abort();
    expect(await carryOut(run, { ...broken, signal: stop.signal, report })).toBe("interrupted");
    expect(await carryOut(run, broken)).toBe("done");
    const hash = ({ records }: { records: string }) =>
      readRecord(recordPath(run, records), (said) => expect.unreachable(said)).footer?.weightsSha256;
    expect(hash(broken)).toBe(hash(whole));
  });

  it("is read from a configuration, and made once", async () => {
    const file = join(root, "merge.yml");
    writeFileSync(file, merge);
    const { spec } = await healingRun("fitted", 0, { ...dials, source: file, execution });
    expect(spec).toEqual({ ...fitting().spec, initial: { kind: "pretrained", source: file, merge } });
    const [folder, other] = await Promise.all([folderOf(file), folderOf(file)]);
    expect(other).toBe(folder);
    const { ino } = statSync(folder);
    expect([await folderOf(file), statSync(folder).ino]).toEqual([folder, ino]);
    writeFileSync(file, merge.replace("[1, 4]", "[1, 5]"));
    await expect(healingRun("fitted", 0, { ...dials, source: file, execution })).rejects.toThrow(
      /\[1, 5\] goes beyond pico.*merge\.yml/,
    );
  });
});
