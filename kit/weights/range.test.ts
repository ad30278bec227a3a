import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TensorRef } from "../engine/ref.js";
import { map } from "../engine/tree.js";
import type { ModelParams } from "../model/config.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { openLlama } from "./checkpoint.js";
import type { FloatDType } from "./dtypes.js";
import { saveGguf } from "./gguf-save.js";
import { readRef } from "./read.js";
import { readSafetensors } from "./safetensors.js";
import { writeSafetensors } from "./safetensors-write.js";
import { writeSmall } from "./testing/llama.js";

/** A tensor on disk whose largest value is this. */
async function stored(dtype: FloatDType, largest: number): Promise<TensorRef> {
  const file = join(temporaryFolder(), "x.safetensors");
  await writeSafetensors(file, [["t", { dtype, shape: [4], values: Float32Array.of(1, -largest, 0, 2) }]]);
  return (await readSafetensors(file)).tensors.get("t")!;
}

type Pending = Pick<TensorRef, "cast" | "scale">;

describe("a value that becomes infinite on its way", () => {
  test.each<[FloatDType, number, Pending, FloatDType, string]>([
    ["BF16", 1e5, { cast: "F16" }, "F32", "F16"],
    ["BF16", 1e5, { cast: "F16" }, "F64", "F16"],
    ["BF16", 1e5, { cast: "F16" }, "BF16", "F16"],
    ["F32", 3.4e38, { cast: "BF16" }, "F32", "BF16"],
    ["F16", 4e4, { scale: 2 }, "F32", "F16"],
    ["BF16", 3e38, { scale: -2 }, "F32", "BF16"],
    ["F32", 1e5, { cast: "BF16" }, "F16", "F16"],
  ])("%s up to %d, pending %j, as %s: beyond %s", async (dtype, largest, pending, out, culprit) => {
    const ref = { ...(await stored(dtype, largest)), ...pending };
    const file = join(temporaryFolder(), "out.safetensors");
    await expect(writeSafetensors(file, [["t", ref]], { dtype: out })).rejects.toThrow(
      `A value of tensor "t" is beyond the range of ${culprit}`,
    );
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test.each<[FloatDType, number, Pending, FloatDType, number]>([
    ["BF16", 65_280, { cast: "F16" }, "F32", 65_280],
    ["BF16", 1e5, { cast: "F32", scale: 2 }, "F32", 199_680],
    ["F16", 4e4, { scale: 0.5 }, "F32", 2e4],
    // Infinite from the beginning: a copy is a copy.
    ["F32", Number.POSITIVE_INFINITY, {}, "F64", Number.POSITIVE_INFINITY],
  ])("%s up to %d, pending %j, as %s: passes", async (dtype, largest, pending, out, expected) => {
    const ref = { ...(await stored(dtype, largest)), ...pending };
    const file = join(temporaryFolder(), "out.safetensors");
    await writeSafetensors(file, [["t", ref]], { dtype: out });
    expect(readRef((await readSafetensors(file)).tensors.get("t")!)[1]).toBe(-expected);
  });

  test("names its tensor in a GGUF file too, of whatever type", async () => {
    const { model } = await openLlama(writeSmall(join(temporaryFolder(), "small")));
    const pending = (ref: TensorRef, path: string): TensorRef =>
      path === "layers.1.mlp.up" ? { ...ref, cast: "F16", scale: 1e6 } : ref;
    const params = map<TensorRef, TensorRef, ModelParams<TensorRef>>(model.params, pending) as typeof model.params;
    for (const dtype of ["F32", "Q8_0"] as const) {
      const file = join(temporaryFolder(), "x.gguf");
      await expect(saveGguf({ ...model, params }, file, { dtype })).rejects.toThrow(
        'A value of tensor "blk.1.ffn_up.weight" is beyond the range of F16',
      );
    }
  });
});
