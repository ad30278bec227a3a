import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { knownNames } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { installedFile } from "../source/wheel.js";
import { chatTemplateOf } from "./chatTemplate.js";
import { open } from "./checkpoint.js";
import { bytesOf } from "./chunks.js";
import { formatOf } from "./format.js";
import { readGguf } from "./gguf.js";
import { readRef } from "./read.js";
import { save } from "./save.js";
import { mirrored } from "./testing/mirror.js";

const reference = mirrored("reference", "smollm2-135m.json");
const installed = await installedFile(knownNames["smollm2-135m"].wheel!.file);

type Reference = {
  readonly parameters: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape_out_in: number[];
    readonly sha256_float32: string;
  }[];
};

describe.skipIf(installed === undefined)("smollm2-135m from the Python registry", () => {
  test("opens as a tied Llama of 134,515,008 parameters with its tokenizer", async () => {
    const { model, tokenizer, info } = await open("smollm2-135m");
    expect(info).toMatchObject({ from: "package", format: "gguf", parameters: 134_515_008 });
    expect(model.config).toMatchObject({
      vocab: 49152,
      width: 576,
      tied: true,
      context: 8192,
      normEps: 1e-5,
    });
    expect(model.config.layers).toHaveLength(30);
    expect(model.config.layers[29].mixer).toEqual({
      kind: "attention",
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      rope: { theta: 100_000, layout: "half" },
    });
    expect(model.params.layers[0].mixer.q.unpermuteHeads).toBe(9);
    expect(model.params.layers[0].mixer.k.unpermuteHeads).toBe(3);
    expect([...tokenizer!.encode("The capital of France is")]).toEqual([504, 3575, 282, 4649, 314]);
  });

  test("vocabulary and chat template go along when a model made from it is saved", async () => {
    const [first, out] = [await open("smollm2-135m"), join(temporaryFolder(), "out")];
    const { config, params } = first.model;
    const shallow = {
      config: { ...config, layers: config.layers.slice(0, 1) },
      params: { ...params, layers: params.layers.slice(0, 1) },
    };
    await save(shallow, out, { like: first, dtype: "BF16" });
    const { tokenizer, info } = await open(out);
    const sample = "It’s 1234 o'clock,\n\tnaïve <|im_start|>user 東京";
    expect([...tokenizer!.encode(sample)]).toEqual([...first.tokenizer!.encode(sample)]);
    expect(tokenizer!.special).toEqual(first.tokenizer!.special);
    const template = await chatTemplateOf(info);
    expect(template).toContain("<|im_start|>");
    expect(template).toBe(await chatTemplateOf(first.info));
  });

  // sha256 of the float32 values of the gguf package 0.19.0; see the README beside the file.
  test.skipIf(!existsSync(reference))("every tensor dequantises to the reference's float32 values", async () => {
    const expected: Reference = JSON.parse(readFileSync(reference, "utf8"));
    const format = await formatOf(installed!);
    if (format.kind !== "gguf") throw new Error(format.kind);
    const { tensors } = await readGguf(format.span);
    const found = tensors.map(({ name, type, shape, ref }) => {
      const values = readRef(ref!);
      return {
        name,
        type,
        shape_out_in: [...shape],
        sha256_float32: createHash("sha256").update(bytesOf(values)).digest("hex"),
      };
    });
    expect(found).toEqual(
      expected.tensors.map(({ name, type, shape_out_in, sha256_float32 }) => ({
        name,
        type,
        shape_out_in,
        sha256_float32,
      })),
    );
  });
});
