import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TensorRef } from "../engine/ref.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { type Gguf, readGguf } from "./gguf.js";
import { configFromGguf, modelFromGguf, vocabularyFromGguf } from "./gguf-model.js";
import { readRef } from "./read.js";
import { type GgufParts, ggufBytes, tinyMetadata, tinyTensors } from "./testing/gguf.js";

async function read(bytes: Uint8Array, offset = 0): Promise<Gguf> {
  const file = join(temporaryFolder(), "x.gguf");
  writeFileSync(file, Buffer.concat([Buffer.alloc(offset, 7), bytes]));
  return await readGguf({ file, offset, bytes: bytes.length });
}

const tiny = (parts: Partial<GgufParts> = {}): Uint8Array =>
  ggufBytes({ metadata: tinyMetadata, tensors: tinyTensors, ...parts });
const valuesOf = async (bytes: Uint8Array): Promise<Record<string, number[]>> => {
  const { params } = modelFromGguf(await read(bytes), "x");
  return Object.fromEntries(entries<TensorRef>(params).map(([path, ref]) => [path, [...readRef(ref)]]));
};

describe("metadata", () => {
  test.each([2, 3])("version %i, every kind of value", async (version) => {
    const { metadata } = await read(
      ggufBytes({
        version,
        metadata: [
          ["u32", { u32: 4294967295 }],
          ["u64", { u64: 2n ** 64n - 1n }],
          ["small u64", { u64: 5n }],
          ["f32", { f32: 0.5 }],
          ["bool", { bool: true }],
          ["text", { text: "é 中 \0" }],
          ["texts", { texts: ["", "a", "Ġthe"] }],
          ["i32s", { i32s: [-1, 2] }],
          ["f32s", { f32s: [] }],
        ],
        tensors: [],
      }),
    );
    expect(Object.fromEntries(metadata)).toEqual({
      u32: 4294967295,
      u64: 2n ** 64n - 1n,
      "small u64": 5,
      f32: 0.5,
      bool: true,
      text: "é 中 \0",
      texts: ["", "a", "Ġthe"],
      i32s: Int32Array.of(-1, 2),
      f32s: new Float32Array(0),
    });
  });
});

describe("a Llama", () => {
  test("config and tensors, wherever the data begins", async () => {
    const gguf = await read(tiny(), 13);
    expect(configFromGguf(gguf, "x")).toMatchObject({
      vocab: 3,
      width: 4,
      context: 16,
      tied: true,
      normEps: 1e-5,
    });
    expect(configFromGguf(gguf, "x").layers).toEqual([
      {
        mixer: { kind: "attention", heads: 2, kvHeads: 1, headDim: 2, rope: { theta: 50_000, layout: "half" } },
        norm: { kind: "rmsNorm" },
        mlp: { kind: "swiglu", hidden: 6 },
      },
    ]);
    const values = await valuesOf(tiny());
    expect(values.embed).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(values["layers.0.mlp.down"]).toHaveLength(24);
  });

  test("query and key rows return from interleaved pairs to halves; value rows stay", async () => {
    // One query head of width 4, its rows numbered: pairs (0,1), (2,3) stored side by side.
    const wide = tinyMetadata.map(([key, value]) => [key, key.includes("head_count") ? { u32: 1 } : value] as const);
    const rows = (count: number): Uint8Array =>
      new Uint8Array(Float32Array.from({ length: count * 4 }, (_, i) => i >> 2).buffer);
    const tensors = tinyTensors.map((tensor) =>
      /attn_[qkv]/.test(tensor.name) ? { ...tensor, sizes: [4, 4], data: rows(4) } : tensor,
    );
    const values = await valuesOf(tiny({ metadata: wide, tensors }));
    const firstColumn = (path: string): number[] => values[path].filter((_, i) => i % 4 === 0);
    expect(firstColumn("layers.0.mixer.q")).toEqual([0, 2, 1, 3]);
    expect(firstColumn("layers.0.mixer.k")).toEqual([0, 2, 1, 3]);
    expect(firstColumn("layers.0.mixer.v")).toEqual([0, 1, 2, 3]);
  });

  const changed = (key: string, value: GgufParts["metadata"][number][1]): GgufParts["metadata"] => [
    ...tinyMetadata.filter(([name]) => name !== key),
    [key, value],
  ];
  const [embedding, ...others] = tinyTensors;
  test.each<[string, Partial<GgufParts>, RegExp]>([
    [
      "another architecture",
      { metadata: changed("general.architecture", { text: "gpt2" }) },
      /general.architecture is "gpt2".*expected "llama"/,
    ],
    ["a missing key", { metadata: tinyMetadata.slice(0, 2) }, /no llama.embedding_length/],
    [
      "a text for a number",
      { metadata: changed("llama.block_count", { text: "many" }) },
      /llama.block_count is "many"/,
    ],
    ["a billion layers", { metadata: changed("llama.block_count", { u32: 1e9 }) }, /at most 10,000/],
    [
      "scaled rotary angles",
      { metadata: [...tinyMetadata, ["llama.rope.scaling.type", { text: "yarn" }]] },
      /rotary angles/,
    ],
    ["experts", { metadata: [...tinyMetadata, ["llama.expert_count", { u32: 8 }]] }, /mixture of experts/],
    [
      "a partial rotation",
      { metadata: [...tinyMetadata, ["llama.rope.dimension_count", { u32: 4 }]] },
      /rope.dimension_count is 4.*head width 2/,
    ],
    [
      "a type not dequantised",
      { tensors: [{ ...embedding, type: 12 }, ...others] },
      /"token_embd.weight" is stored as Q4_K.*Q4_0/,
    ],
    ["a type of the future", { tensors: [{ ...embedding, type: 99 }, ...others] }, /stored as type 99/],
    ["a missing tensor", { tensors: tinyTensors.slice(0, -1) }, /1 missing: "output_norm.weight"/],
    [
      "a misspelt tensor",
      { tensors: [...tinyTensors.slice(0, -1), { ...tinyTensors[10], name: "output_nrom.weight" }] },
      /nearest there is "output_nrom.weight".*1 left over/,
    ],
    [
      "the wrong shape",
      { tensors: [{ ...embedding, sizes: [3, 4] }, ...others] },
      /token_embd.weight is \[4, 3\] instead of \[4, 4\]/,
    ],
  ])("%s", async (_, parts, message) => {
    const gguf = await read(tiny(parts));
    expect(() => modelFromGguf(gguf, "x")).toThrow(UserError);
    expect(() => modelFromGguf(gguf, "x")).toThrow(message);
  });

  test("its vocabulary as plain values", async () => {
    const gguf = await read(
      tiny({
        metadata: [
          ...tinyMetadata,
          ["tokenizer.ggml.model", { text: "gpt2" }],
          ["tokenizer.ggml.tokens", { texts: ["a", "b"] }],
          ["tokenizer.ggml.token_type", { i32s: [1, 3] }],
          ["tokenizer.ggml.bos_token_id", { u32: 1 }],
          ["tokenizer.ggml.add_bos_token", { bool: false }],
        ],
      }),
    );
    expect(vocabularyFromGguf(gguf)).toMatchObject({
      model: "gpt2",
      tokens: ["a", "b"],
      types: Int32Array.of(1, 3),
      bos: 1,
      addBos: false,
    });
    expect(vocabularyFromGguf(await read(tiny()))).toBeUndefined();
  });
});

describe("what a damaged or lying file is told", () => {
  const good = Buffer.from(tiny());
  const patched = (at: number, bytes: Uint8Array): Uint8Array => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };
  const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
  const tensor = { name: "t", sizes: [32], type: 2, data: new Uint8Array(18) };
  const file = (tensors: GgufParts["tensors"], alignment = 32): Uint8Array =>
    ggufBytes({ metadata: [], tensors, alignment });
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /not a GGUF file/],
    ["another magic", patched(0, Buffer.from("GGML")), /not a GGUF file/],
    ["version 1", patched(4, Uint8Array.of(1, 0, 0, 0)), /GGUF version 1/],
    ["big-endian", patched(4, Uint8Array.of(0, 0, 0, 3)), /big-endian/],
    ["2^60 tensors", patched(8, u64(2n ** 60n)), /number of tensors is 1152921504606846976/],
    ["2^60 pairs", patched(16, u64(2n ** 60n)), /number of metadata pairs/],
    ["a key of 2^60 bytes", patched(24, u64(2n ** 60n)), /length of a metadata key is/],
    ["truncated in the header", good.subarray(0, 60), /ends at byte 60/],
    ["truncated in the data", good.subarray(0, good.length - 40), /ends at byte .* truncated/],
    ["a key that is no UTF-8", patched(32, Uint8Array.of(0xff)), /not UTF-8/],
    [
      "a key twice",
      ggufBytes({
        metadata: [
          ["a", { u32: 1 }],
          ["a", { u32: 1 }],
        ],
        tensors: [],
      }),
      /"a" appears twice/,
    ],
    ["a tensor twice", file([tensor, tensor]), /"t" appears twice/],
    ["overlap", file([tensor, { ...tensor, name: "u", offset: 0 }]), /"t" and "u" overlap/],
    ["a crooked offset", file([{ ...tensor, offset: 1 }]), /not a multiple of 32/],
    ["a row of half a block", file([{ ...tensor, sizes: [16, 2] }]), /\[2, 16\] cannot be stored as Q4_0/],
    ["a shape beyond counting", file([{ ...tensor, sizes: [2 ** 50, 2 ** 50] }]), /cannot be stored/],
    ["an offset past the end", file([{ ...tensor, offset: 2 ** 40 }]), /ends at byte/],
    [
      "a crooked alignment",
      ggufBytes({ metadata: [["general.alignment", { u32: 24 }]], tensors: [] }),
      /general.alignment is 24/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toBeInstanceOf(UserError);
  });
});
