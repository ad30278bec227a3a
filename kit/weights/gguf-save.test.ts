import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, differential, init, llama, logits, type Model } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open } from "./checkpoint.js";
import { unpermuted } from "./chunks.js";
import { readGguf } from "./gguf.js";
import { permuted, saveGguf } from "./gguf-save.js";
import { writeGguf } from "./gguf-write.js";
import { load } from "./load.js";
import { quantiseQ8 } from "./quants.js";
import type { TensorValues } from "./safetensors-write.js";
import { mirror, mirrored } from "./testing/mirror.js";

const ids = batch([[5, 80, 3, 400, 7, 7, 12]]);
const scores = (model: Model<e.Tensor>): Float32Array => e.read(logits(model, ids)) as Float32Array;
const bytesOf = (file: string): number => readFileSync(file).length;

describe("pico", () => {
  test("as F32 it comes back as it was: config, logits, tokenizer", async () => {
    const [pico, file] = [await load("pico"), join(temporaryFolder(), "pico.gguf")];
    expect(await saveGguf(pico.model, file, { like: pico, dtype: "F32" })).toBe(file);
    const back = await load(file);
    expect(back.model.config).toEqual(pico.model.config);
    close(scores(back.model), scores(pico.model), 1e-6);
    for (const text of ["once upon a time", "a\n\n b 12 é<|endoftext|>"]) {
      expect([...back.tokenizer!.encode(text, { addSpecial: true })]).toEqual([
        ...pico.tokenizer!.encode(text, { addSpecial: true }),
      ]);
    }
    expect(back.tokenizer!.special).toEqual(pico.tokenizer!.special);
  });

  test("the file says what it is, in llama.cpp's words", async () => {
    const [pico, file] = [await open("pico"), join(temporaryFolder(), "pico.gguf")];
    await saveGguf(pico.model, file, { like: pico });
    const { metadata, tensors } = await readGguf({ file, offset: 0, bytes: bytesOf(file) });
    expect(Object.fromEntries(metadata)).toMatchObject({
      "general.architecture": "llama",
      "general.file_type": 32,
      "llama.attention.head_count": 6,
      "llama.attention.head_count_kv": 2,
      "llama.rope.dimension_count": 16,
      "tokenizer.ggml.model": "gpt2",
      "tokenizer.ggml.pre": "gpt-2",
      "tokenizer.ggml.add_bos_token": true,
    });
    // Its own element type, except for gains; a tied head is not stored.
    const types = Object.fromEntries(tensors.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      "token_embd.weight": "BF16",
      "blk.3.attn_q.weight": "BF16",
      "output_norm.weight": "F32",
    });
    expect(types).not.toHaveProperty("output.weight");
    expect((metadata.get("tokenizer.ggml.token_type") as Int32Array)[0]).toBe(3);
  });

  test.each([
    ["F16", 1e-4],
    ["Q8_0", 0.4],
  ] as const)("as %s it is nearly what it was", async (dtype, tolerance) => {
    const [pico, file] = [await load("pico"), join(temporaryFolder(), "pico.gguf")];
    await saveGguf(pico.model, file, { like: pico, dtype });
    const back = await open(file);
    expect(Object.keys(back.info.dtypes).sort()).toEqual([dtype, "F32"].sort());
    close(scores((await load(file)).model), scores(pico.model), tolerance);
  });
});

test.skipIf(mirror === undefined)("a SentencePiece vocabulary goes along, with rows for unused tokens", async () => {
  const folder = join(temporaryFolder(), "model");
  mkdirSync(folder);
  const model = init(llama({ vocab: 32_002, width: 8, depth: 1, heads: 2, hidden: 8, context: 8, tied: true }), 0);
  const { save } = await import("./save.js");
  await save(model, folder, { overwrite: true });
  writeFileSync(join(folder, "tokenizer.model"), readFileSync(mirrored("llama2-tokenizer", "tokenizer.model")));
  const from = await open(folder);
  const file = join(folder, "x.gguf");
  await saveGguf(from.model, file, { like: from });
  const back = await open(file);
  const text = " Hello,  wörld\n你好";
  expect([...back.tokenizer!.encode(text, { addSpecial: true })]).toEqual([
    ...from.tokenizer!.encode(text, { addSpecial: true }),
  ]);
  expect(back.tokenizer!.vocab).toBe(32_002);
});

test("rows: the way there is undone by the way back, for every head width", () => {
  for (const [heads, headDim, width] of [
    [1, 2, 3],
    [3, 8, 5],
    [2, 16, 4],
  ]) {
    const values = Float32Array.from({ length: heads * headDim * width }, (_, i) => i);
    const there = new Uint8Array(permuted(values, headDim, width).buffer);
    expect(new Float32Array(unpermuted(there, headDim, 4 * width).buffer)).toEqual(values);
  }
  expect([...permuted(Float32Array.of(0, 1, 2, 3), 4, 1)]).toEqual([0, 2, 1, 3]);
});

test("an interleaved model's rows stay as they are", async () => {
  const file = join(temporaryFolder(), "x.gguf");
  const model = init(
    llama({ vocab: 500, width: 8, depth: 1, heads: 2, hidden: 8, context: 8, ropeLayout: "interleaved" }),
    2,
  );
  await saveGguf(model, file);
  const back = await load(file);
  expect(back.tokenizer).toBeUndefined();
  close(scores(back.model), scores(model), 1e-5);
});

test("Q8_0: the largest value of a block is 127 steps, halves go away from zero, zeros stay zeros", () => {
  const values = new Float32Array(64);
  values.set([127, -127, 0.5, -0.5, 1.5, 2.4]);
  const bytes = quantiseQ8(values);
  expect(bytes.length).toBe(68);
  expect([...new Int8Array(bytes.buffer).subarray(2, 8)]).toEqual([127, -127, 1, -1, 2, 2]);
  expect([...bytes.subarray(0, 2)]).toEqual([0x00, 0x3c]);
  expect([...bytes.subarray(34)]).toEqual(Array(34).fill(0));
});

describe("what cannot be written is one clear error, and nothing is left", () => {
  const plain = llama({ vocab: 20, width: 8, depth: 2, heads: 2, hidden: 8, context: 8 });

  test("no Llama; layers that differ", async () => {
    const file = join(temporaryFolder(), "x.gguf");
    const other = differential(plain, { version: 2 });
    await expect(saveGguf(init(other, 0), file)).rejects.toThrow(/A GGUF file of a Llama has no differentialV2/);
    const [first, second] = plain.layers;
    const uneven = { ...plain, layers: [first, { ...second, mlp: { ...second.mlp, hidden: 4 } }] };
    await expect(saveGguf(init(uneven, 0), file)).rejects.toThrow(/Layer 1 differs from layer 0/);
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test("a file that is there, unless told otherwise", async () => {
    const file = join(temporaryFolder(), "x.gguf");
    writeFileSync(file, "mine");
    await expect(saveGguf(init(plain, 0), file)).rejects.toThrow(
      /x\.gguf is there already\. Choose another name, or replace it: --force, in code overwrite: true$/,
    );
    expect(readFileSync(file, "utf8")).toBe("mine");
    await saveGguf(init(plain, 0), file, { overwrite: true });
    expect((await open(file)).model.config).toEqual(plain);
  });

  test("a value beyond the range, a source that fails in the middle", async () => {
    const file = join(temporaryFolder(), "x.gguf");
    const model = init(plain, 0);
    const head = (values: TensorValues["values"]): Model<e.Tensor | TensorValues> => ({
      ...model,
      params: { ...model.params, head: { dtype: "F32", shape: [20, 8], values } },
    });
    const large = head(new Float32Array(160).fill(1e5));
    await expect(saveGguf(large, file, { dtype: "F16" })).rejects.toThrow(
      /A value of tensor "output\.weight" is beyond the range of F16/,
    );
    const failing = head(() => {
      throw new Error("the power fails");
    });
    await expect(saveGguf(failing, file)).rejects.toThrow(/the power fails/);
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test("bytes that do not fill a shape", async () => {
    const file = join(temporaryFolder(), "x.gguf");
    const wrong = { name: "a", type: "F32", shape: [2], bytes: () => new Uint8Array(4) } as const;
    await expect(writeGguf(file, [], [wrong])).rejects.toThrow(/Tensor "a" has 4 bytes: expected \[2\] of F32/);
  });
});
