import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as e from "../engine/index.js";
import type { TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { convNet, init } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open } from "./checkpoint.js";
import { load } from "./load.js";
import { savePacked } from "./packed.js";
import { readRef } from "./read.js";
import { readSafetensors } from "./safetensors.js";
import { writeSafetensors } from "./safetensors-write.js";
import { mutation } from "./testing/mutation.js";

describe("a packed folder that lies or is cut short", () => {
  const linear = { kind: "ternary", scale: "per-channel", norm: "block" } as const;
  const config = convNet({ vocab: 37, width: 24, depth: 2, hidden: 256, context: 64, linear });
  const made = async (): Promise<{ folder: string; file: string }> => {
    const options = { bits: 1.6, embedding: "int8" } as const;
    const { folder } = await savePacked(init(config, 1), join(temporaryFolder(), "packed"), options);
    return { folder, file: join(folder, "model.safetensors") };
  };
  type Stored = { tensors: Map<string, TensorRef>; metadata: Record<string, string> };
  /** Opens and reads a folder whose file was written anew with some change. */
  const changed = async (change: (stored: Stored) => void): Promise<unknown> => {
    const { folder, file } = await made();
    const { tensors, metadata } = await readSafetensors(file);
    const stored = { tensors: new Map(tensors), metadata: { ...metadata } };
    change(stored);
    await writeSafetensors(`${file}.new`, stored.tensors, { metadata: stored.metadata });
    writeFileSync(file, readFileSync(`${file}.new`));
    return await load(folder);
  };
  const replace =
    (name: string, dtype: "U8" | "I8" | "F32", shape: number[], fill: number): ((stored: Stored) => void) =>
    ({ tensors }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const array = { U8: Uint8Array, I8: Int8Array, F32: Float32Array }[dtype];
      (tensors as Map<string, unknown>).set(name, { dtype, shape, values: new array(length).fill(fill) });
    };
  const up = "layers.1.mixer.up";

  test.each<[string, (stored: Stored) => void, RegExp]>([
    [
      "no bits",
      ({ metadata }) => delete metadata.bits,
      /The metadata says bits nothing \(.*packed\): expected "1.6" or "2"/,
    ],
    [
      "other bits",
      ({ metadata }) => (metadata.bits = "2"),
      /"layers\.0\.mixer\.up\.codes" has 231 bytes .*expected 288 for 1152 codes of base4/,
    ],
    ["a later version", ({ metadata }) => (metadata.version = "2"), /The metadata says version "2"/],
    ["no format", ({ metadata }) => delete metadata.format, /11 missing: "embed", .*22 left over: "embed\.scales"/],
    [
      "no scales",
      ({ tensors }) => tensors.delete(`${up}.scales`),
      /1 missing: "layers\.1\.mixer\.up".*1 left over: "layers\.1\.mixer\.up\.codes"/,
    ],
    [
      "too few codes",
      replace(`${up}.codes`, "U8", [230], 0),
      /"layers\.1\.mixer\.up\.codes" has 230 bytes .*expected 231 for 1152 codes of base3/,
    ],
    [
      "too many scales",
      replace(`${up}.scales`, "F32", [49], 1),
      /"layers\.1\.mixer\.up\.scales" has 196 bytes .*expected 192 for 48 scales/,
    ],
    ["scales of bytes", replace(`${up}.scales`, "U8", [192], 1), /up\.scales" is stored as U8 .*expected F32/],
    ["codes of another kind", replace(`${up}.codes`, "I8", [48, 24], 1), /up\.codes" is stored as I8 .*expected U8/],
    ["an embedding in trits", replace("embed.codes", "U8", [178], 1), /embed\.codes" is stored as U8 .*expected I8/],
    [
      "a byte that stands for nothing",
      replace(`${up}.codes`, "U8", [231], 1),
      /Byte 0 is 1, which stands for no codes of base3 \(.*model\.safetensors\)/,
    ],
    [
      "a scale that is no number",
      replace(`${up}.scales`, "F32", [48], Number.NaN),
      /Scale 0 is NaN \(.*model\.safetensors, scales at byte/,
    ],
    [
      "codes of a vector",
      (stored) => {
        replace("norm.gain.codes", "I8", [24], 1)(stored);
        replace("norm.gain.scales", "F32", [1], 1)(stored);
        stored.tensors.delete("norm.gain");
      },
      /"norm\.gain\.codes" stand for a parameter that is no matrix/,
    ],
  ])("%s", async (_, change, message) => {
    const error = await changed(change).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
  });

  test("a config that does not say that its matrices are rounded", async () => {
    const { folder } = await made();
    const file = join(folder, "config.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/,\s*"rounded": true/, ""));
    await expect(load(folder)).rejects.toThrow(
      /"layers\.0\.mixer\.up\.codes" are ternary, but .* not rounded .*rounded true/,
    );
  });

  test("every damage to the file is refused or makes a model", async () => {
    const { folder, file } = await made();
    const sound = readFileSync(file);
    const dictionary = ['"U8"', '"I8"', "codes", "scales", "1.6"].map((word) => Buffer.from(word));
    await fc.assert(
      fc.asyncProperty(mutation(dictionary), async (mutate) => {
        writeFileSync(file, mutate(sound));
        try {
          const { model } = await open(folder);
          for (const ref of e.tree.leaves<TensorRef>(model.params)) readRef(ref);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
