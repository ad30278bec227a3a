import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open, openLlama } from "./checkpoint.js";
import { formatOf } from "./format.js";
import { readRef } from "./read.js";
import { kitAsJavaScript, runChild } from "./testing/child.js";
import { smallConfig, smallShapes, smallWeights, writeSmall } from "./testing/llama.js";
import { mirror, mirrored } from "./testing/mirror.js";
import { safetensorsBytes } from "./testing/safetensors.js";

describe("a Hugging Face folder", () => {
  test("opens with every tensor in its place", async () => {
    const folder = writeSmall(join(temporaryFolder(), "small"));
    const { model, tokenizer, info } = await open(folder);
    expect(tokenizer).toBeUndefined();
    expect(info).toMatchObject({
      from: "path",
      format: "safetensors-folder",
      parameters: 1176,
      dtypes: { BF16: 1176 },
      folder,
    });
    expect(model.params.layers[1].mixer.k.shape).toEqual([4, 8]);
    expect(model.params.head?.shape).toEqual([11, 8]);
    const direct = await open(join(folder, "model.safetensors"));
    expect(direct.model).toEqual(model);
  });

  test.each(["model.embed_tokens.weight", "lm_head.weight"])(
    "a tied pair may be stored as %s alone, or twice",
    async (only) => {
      const tied = { ...smallConfig, tie_word_embeddings: true };
      const shapes = smallShapes();
      const twice = await open(writeSmall(join(temporaryFolder(), "twice"), tied, shapes));
      for (const name of ["model.embed_tokens.weight", "lm_head.weight"]) if (name !== only) shapes.delete(name);
      const once = await open(writeSmall(join(temporaryFolder(), "once"), tied, shapes));
      for (const { model, info } of [once, twice]) {
        expect(model.params.head).toBeUndefined();
        expect(model.params.embed.shape).toEqual([11, 8]);
        expect(info.parameters).toBe(1176 - 88);
      }
    },
  );

  test("tables of rotary angles in old checkpoints are passed over", async () => {
    const shapes = smallShapes().set("model.layers.0.self_attn.rotary_emb.inv_freq", [1]);
    await expect(open(writeSmall(join(temporaryFolder(), "old"), smallConfig, shapes))).resolves.toBeDefined();
  });

  const without = (name: string): Map<string, number[]> => {
    const shapes = smallShapes();
    shapes.delete(name);
    return shapes;
  };
  test.each<[string, Map<string, number[]>, RegExp]>([
    [
      "a missing tensor",
      without("model.layers.1.mlp.up_proj.weight"),
      /1 missing: "model.layers.1.mlp.up_proj.weight"/,
    ],
    [
      "a left-over tensor",
      smallShapes().set("model.layers.0.self_attn.q_proj.bias", [8]),
      /1 left over: "model.layers.0.self_attn.q_proj.bias"/,
    ],
    [
      "a misspelt tensor",
      without("model.norm.weight").set("model.nrom.weight", [8]),
      /1 missing: "model.norm.weight" \(the nearest there is "model.nrom.weight"\); 1 left over: "model.nrom.weight"/,
    ],
    [
      "a misshapen tensor",
      smallShapes().set("lm_head.weight", [8, 11]),
      /lm_head.weight is \[8, 11\] instead of \[11, 8\]/,
    ],
    [
      "another layer too many",
      smallShapes().set("model.layers.2.input_layernorm.weight", [8]),
      /left over: "model.layers.2/,
    ],
    ["nothing but others", new Map([["x", [1]]]), /21 missing: .* and 13 more; 1 left over: "x"/],
  ])("%s", async (_, shapes, message) => {
    const folder = writeSmall(join(temporaryFolder(), "bad"), smallConfig, shapes);
    await expect(open(folder)).rejects.toThrow(message);
    await expect(open(folder)).rejects.toBeInstanceOf(UserError);
  });
});

test.each([
  ["a pickle of protocol 2", 0x0280],
  ["a pickle of protocol 5", 0x0580],
  ["a zip archive", 0x4b50],
])("a safetensors file whose header is as long as %s begins is a safetensors file", async (_, length) => {
  const header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.padEnd(length);
  for (const name of ["a.safetensors", "a.bin"]) {
    const file = join(temporaryFolder(), name);
    writeFileSync(file, safetensorsBytes(header, Uint8Array.of(7)));
    expect(await formatOf(file)).toEqual({ kind: "safetensors", file });
  }
});

describe("what is no checkpoint is told what it is", () => {
  const folderWith = (files: Readonly<Record<string, string | Uint8Array>>): string => {
    const folder = join(temporaryFolder(), "it");
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  };
  const pickle = Uint8Array.of(0x80, 0x02, 0x8a, 0x0a);
  test.each<[string, Readonly<Record<string, string | Uint8Array>>, string, RegExp]>([
    ["a folder without config", { "model.safetensors": smallWeights() }, "", /no config.json in .*Hugging Face folder/],
    [
      "a config that is no JSON",
      { "model.safetensors": smallWeights(), "config.json": "{" },
      "",
      /config.json is not valid JSON/,
    ],
    [
      "a config that is no text",
      { "model.safetensors": smallWeights(), "config.json": Uint8Array.of(0x7b, 0xff) },
      "",
      /not UTF-8/,
    ],
    [
      "another architecture",
      { "model.safetensors": smallWeights(), "config.json": '{"architectures":["GPT2LMHeadModel"]}' },
      "",
      /GPT2LMHeadModel/,
    ],
    ["an empty folder", {}, "", /No weights in/],
    ["a config alone", { "config.json": JSON.stringify(smallConfig) }, "", /No weights in/],
    ["a pickled folder", { "config.json": "{}", "pytorch_model.bin": pickle }, "", /Python pickle.*save_file/],
    ["a pickle", { "model.pt": pickle }, "model.pt", /Python pickle/],
    ["a pickle called otherwise", { "weights.safetensors": pickle }, "weights.safetensors", /Python pickle/],
    ["a text", { "notes.txt": "hello" }, "notes.txt", /no checkpoint this kit knows/],
    ["an empty file", { "x.bin": "" }, "x.bin", /length does not match/],
    [
      "a truncated llama2.c file",
      { "x.bin": new Uint8Array(Int32Array.of(8, 12, 1, 2, 2, 5, 4, 0, 0).buffer) },
      "x.bin",
      /length does not match/,
    ],
    ["a llama2.c file of version 1", { "x.bin": Buffer.from("42ka\x01\0\0\0") }, "x.bin", /later version/],
    ["two GGUF files", { "a.gguf": "GGUF", "b.gguf": "GGUF" }, "", /2 checkpoints: a.gguf, b.gguf/],
    ["a zip archive that is none", { "a.whl": "PK\x03\x04" }, "a.whl", /archive .* is damaged/],
  ])("%s", async (_, files, name, message) => {
    const path = join(folderWith(files), name);
    const error = await open(path).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
  });

  test("a tokenizer that does not fit the vocabulary", async () => {
    const folder = writeSmall(join(temporaryFolder(), "small"));
    const vocab = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [String.fromCharCode(97 + i), i]));
    writeFileSync(
      join(folder, "tokenizer.json"),
      JSON.stringify({
        version: "1.0",
        added_tokens: [],
        pre_tokenizer: { type: "ByteLevel" },
        decoder: { type: "ByteLevel" },
        model: { type: "BPE", vocab, merges: [] },
      }),
    );
    await expect(open(folder)).rejects.toThrow(/12 tokens.*11 rows/);
    await expect(open(folder, { tokenizer: false })).resolves.toBeDefined();
    writeFileSync(join(folder, "tokenizer.json"), "[");
    await expect(open(folder)).rejects.toThrow(/tokenizer.json is not valid JSON/);
  });
});

describe.skipIf(mirror === undefined)("real checkpoints", () => {
  test("tinystories-656k", async () => {
    const { model, tokenizer, info } = await open(mirrored("tinystories-656k"));
    expect(info.parameters).toBe(656_000);
    expect(model.config).toMatchObject({ vocab: 2048, width: 128, tied: true, context: 512 });
    expect(tokenizer?.special).toMatchObject({ bos: 1, eos: 2 });
  });

  test("stories260k: the shared classifier, the tables skipped, the norm at the very end", async () => {
    const { model, tokenizer, info } = await open(mirrored("stories260k"));
    expect(info).toMatchObject({ format: "llama2c", parameters: 260_032 });
    expect(model.config).toMatchObject({ vocab: 512, width: 64, context: 512, tied: true, normEps: 1e-5 });
    expect(model.config.layers[4].mixer).toEqual({
      kind: "attention",
      heads: 8,
      kvHeads: 4,
      headDim: 8,
      rope: { theta: 10_000, layout: "interleaved" },
    });
    expect(tokenizer?.vocab).toBe(512);
    const bytes = readFileSync(mirrored("stories260k", "stories260K.bin"));
    const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), 28);
    expect([...readRef(model.params.embed)]).toEqual([...floats.subarray(0, 512 * 64)]);
    // 264,128 floats: the final norm lies before two tables of 512 × 4 angles.
    expect(floats).toHaveLength(264_128);
    expect([...readRef(model.params.norm.gain)]).toEqual([...floats.subarray(264_128 - 4096 - 64, 264_128 - 4096)]);
  });

  test("the random Llamas of transformers 5, sharded and tied", async () => {
    const untied = await open(mirrored("reference", "llama-untied"));
    expect(untied.info.files).toHaveLength(2);
    expect(untied.model.config).toMatchObject({ vocab: 97, tied: false });
    const tied = await openLlama(mirrored("reference", "llama-tied-500k"));
    expect(tied.model.config.layers[0].mixer.rope.theta).toBe(500_000);
    const differential = mirrored("reference", "diffllama");
    expect((await open(differential)).model.config.layers[0].mixer.kind).toBe("differentialV1");
    await expect(openLlama(differential)).rejects.toThrow(/differentialV1/);
  });
});

const kit = kitAsJavaScript();

test("opening loads neither TensorFlow nor its JavaScript", async () => {
  const folder = writeSmall(join(temporaryFolder(), "small"));
  if (existsSync(mirrored("tinystories-656k")))
    copyFileSync(mirrored("tinystories-656k", "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
  const code = `
    import { createRequire } from "node:module";
    import { open, readRef, save } from "./weights/index.js";
    const { model } = await open(process.env.FOLDER);
    await save(model, process.env.FOLDER + "-copy");
    readRef(model.params.embed);
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("tensorflow"));
    console.log(JSON.stringify({ loaded, megabytes: process.memoryUsage.rss() / 2 ** 20 }));`;
  const { stdout, stderr } = await runChild(kit, code, { env: { FOLDER: folder } });
  expect(stderr).toBe("");
  const { loaded, megabytes } = JSON.parse(stdout);
  expect(loaded).toEqual([]);
  expect(megabytes).toBeLessThan(200);
});
