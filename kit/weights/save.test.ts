import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TensorRef } from "../engine/ref.js";
import { entries, map } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { Model, ModelParams } from "../model/config.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open, openLlama } from "./checkpoint.js";
import { readRef } from "./read.js";
import type { TensorValues } from "./safetensors-write.js";
import { save } from "./save.js";
import { kitAsJavaScript, runChild } from "./testing/child.js";
import { smallConfig, smallShapes, writeSmall } from "./testing/llama.js";
import { mirror, mirrored } from "./testing/mirror.js";

function values(model: Model<TensorRef>): Map<string, number[]> {
  return new Map(entries<TensorRef>(model.params).map(([path, ref]) => [path, [...readRef(ref)]]));
}

function scaled(model: Model<TensorRef>, scale: number): Model<TensorRef> {
  return {
    ...model,
    params: map<TensorRef, TensorRef, ModelParams<TensorRef>>(model.params, (ref) => ({
      ...ref,
      scale,
    })) as ModelParams<TensorRef>,
  };
}

async function small(config = smallConfig): Promise<{ folder: string; out: string }> {
  const base = temporaryFolder();
  return { folder: writeSmall(join(base, "in"), config), out: join(base, "out") };
}

describe("a model on disk", () => {
  test("saved, opened and saved again: the same bytes, the same config", async () => {
    const { folder, out } = await small();
    const first = await open(folder);
    await save(first.model, out, { like: first });
    const second = await open(out);
    expect(second.model.config).toEqual(first.model.config);
    expect(values(second.model)).toEqual(values(first.model));
    await save(second.model, `${out}2`, { like: second });
    for (const name of readdirSync(out))
      expect(readFileSync(join(`${out}2`, name))).toEqual(readFileSync(join(out, name)));
    expect(readdirSync(out).sort()).toEqual(["config.json", "model.safetensors"]);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({
      bos_token_id: 1,
      torch_dtype: "bfloat16",
    });
  });

  test("with another element type, in shards", async () => {
    const { folder, out } = await small();
    const checkpoint = await open(folder);
    await save(checkpoint.model, out, { like: checkpoint, dtype: "F32", maxShardBytes: 1000 });
    const { model, info } = await open(out);
    expect(info.dtypes).toEqual({ F32: 1176 });
    expect(info.files.length).toBeGreaterThan(3);
    for (const file of info.files)
      expect(file).toMatch(new RegExp(`model-\\d{5}-of-${String(info.files.length).padStart(5, "0")}\\.safetensors$`));
    expect(values(model)).toEqual(values(checkpoint.model));
    const index = JSON.parse(readFileSync(join(out, "model.safetensors.index.json"), "utf8"));
    expect(index.metadata.total_size).toBe(1176 * 4);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).torch_dtype).toBe("float32");
  });

  test("files that belong to it go along", async () => {
    const { folder, out } = await small();
    const files = {
      "generation_config.json": "{}",
      "tokenizer_config.json": "{}",
      "chat_template.jinja": "x",
      "notes.txt": "private",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const checkpoint = await open(folder);
    await save(checkpoint.model, out, { like: checkpoint });
    expect(readdirSync(out).sort()).toEqual([
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer_config.json",
    ]);
  });

  test("an interleaved model is saved in Hugging Face's order of rows", async () => {
    const { folder, out } = await small();
    const { model } = await openLlama(folder);
    const layers = model.config.layers.map((layer) => ({
      ...layer,
      mixer: { ...layer.mixer, rope: { ...layer.mixer.rope, layout: "interleaved" as const } },
    }));
    await save({ ...model, config: { ...model.config, layers } }, out);
    const saved = await open(out);
    expect(saved.model.config).toEqual(model.config);
    // Heads of width 2 have a single pair: (0, 1) in both orders.
    expect(values(saved.model)).toEqual(values(model));
  });

  test("values still to be computed are put into that order like those on disk", async () => {
    const { folder, out } = await small({ ...smallConfig, num_attention_heads: 2, num_key_value_heads: 1 });
    const { model } = await openLlama(folder);
    const layers = model.config.layers.map((layer) => ({
      ...layer,
      mixer: { ...layer.mixer, rope: { ...layer.mixer.rope, layout: "interleaved" as const } },
    }));
    const config = { ...model.config, layers };
    const computed = map<TensorRef, TensorValues, ModelParams<TensorRef>>(model.params, (ref, path) => {
      const values = readRef(ref);
      return { dtype: "BF16", shape: ref.shape, values: path.endsWith("q") ? values : () => values };
    }) as unknown as ModelParams<TensorValues>;
    await save({ config, params: model.params }, out);
    await save({ config, params: computed }, `${out}2`);
    const [onDisk, later] = [await open(out), await open(`${out}2`)];
    expect(values(later.model)).toEqual(values(onDisk.model));
    expect(values(onDisk.model).get("layers.0.mixer.k")).not.toEqual(values(model).get("layers.0.mixer.k"));
  });

  test("leaves still to be computed are written one at a time", async () => {
    const { folder, out } = await small();
    const { model } = await open(folder);
    const gain: TensorValues = { dtype: "F32", shape: [8], values: () => new Float32Array(8).fill(3) };
    await save({ ...model, params: { ...model.params, norm: { gain } } }, out);
    const saved = await open(out);
    expect(saved.info.dtypes).toEqual({ BF16: 1168, F32: 8 });
    expect([...readRef(saved.model.params.norm.gain)]).toEqual(Array(8).fill(3));
  });

  test("a folder that holds something is left alone, unless told otherwise", async () => {
    const { folder, out } = await small();
    const { model } = await open(folder);
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "mine");
    await expect(save(model, out)).rejects.toThrow(
      /is not empty\. Choose another folder, or replace it: --force, in code overwrite: true$/,
    );
    expect(readdirSync(out)).toEqual(["mine.txt"]);
    await save(model, out, { overwrite: true });
    expect(readdirSync(out).sort()).toEqual(["config.json", "model.safetensors"]);
    expect(readdirSync(dirname(out)).sort()).toEqual(["in", "out"]);
  });

  test("a model may be saved over the folder it is read from", async () => {
    const { folder } = await small();
    const before = await open(folder);
    const expected = new Map([...values(before.model)].map(([path, numbers]) => [path, numbers.map((one) => one * 2)]));
    await save(scaled(before.model, 2), folder, { overwrite: true, like: before });
    expect(values((await open(folder)).model)).toEqual(expected);
  });
});

describe("a write that fails leaves what was there", () => {
  test("a source that is gone, in the middle", async () => {
    const { folder, out } = await small();
    const { model } = await open(folder);
    const gone = { ...model.params.norm.gain, file: join(folder, "gone") };
    const broken = { ...model, params: { ...model.params, norm: { gain: gone } } };
    await expect(save(broken, out)).rejects.toThrow(/gone: no such file/);
    expect(readdirSync(dirname(out))).toEqual(["in"]);
    await save(model, out);
    await expect(save(broken, out, { overwrite: true })).rejects.toThrow(UserError);
    expect(values((await open(out)).model)).toEqual(values(model));
  });

  test("a place that cannot be written", async () => {
    const { folder } = await small();
    const { model } = await open(folder);
    await expect(save(model, join(folder, "config.json", "out"))).rejects.toThrow(
      /Cannot make the folder .*: a part of the path is a file/,
    );
    await expect(save(model, "/proc/nothing/here")).rejects.toBeInstanceOf(UserError);
  });

  const prlimit = ["/usr/bin/prlimit", "/bin/prlimit"].find((path) => existsSync(path));
  test.skipIf(prlimit === undefined)(
    "a quota that is reached: the operating system refuses further bytes",
    async () => {
      const { folder, out } = await small();
      const { model } = await open(folder);
      const limit = (bytes: string): void =>
        void execFileSync(prlimit!, ["--pid", String(process.pid), `--fsize=${bytes}:`]);
      limit("1500");
      try {
        await expect(save(model, out)).rejects.toThrow(
          /Cannot write .*model.safetensors: the file would pass the size limit/,
        );
      } finally {
        limit("unlimited");
      }
      expect(readdirSync(dirname(out))).toEqual(["in"]);
      await save(model, out);
      expect(values((await open(out)).model)).toEqual(values(model));
    },
  );

  test.skipIf(!existsSync("/dev/full"))("a full disk is named", async () => {
    const { writeFully, fileError } = await import("../source/files.js");
    const { open: openFile } = await import("node:fs/promises");
    const handle = await openFile("/dev/full", "w");
    const error = await writeFully(handle, new Uint8Array(10), 0, "/dev/full").catch((error: unknown) => error);
    await handle.close();
    expect(fileError(error, "write", "x")).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(/no space left on the disk. Free some space/);
  });
});

const kit = kitAsJavaScript();

test("a killed save leaves no model that opens, and the next one succeeds", async () => {
  const base = temporaryFolder();
  const wide = {
    ...smallConfig,
    hidden_size: 512,
    intermediate_size: 1024,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    vocab_size: 1000,
  };
  const shapes = new Map([...smallShapes()].map(([name, shape]) => [name, shape.map((size) => wideSizes[size])]));
  const folder = writeSmall(join(base, "in"), wide, shapes);
  const out = join(base, "out");
  const code = `
    import { open, save } from "./weights/index.js";
    const { model } = await open(process.env.IN);
    process.stdout.write("saving");
    for (let i = 0; ; i++) await save(model, process.env.OUT, { overwrite: true, maxShardBytes: 2e6, dtype: "F32" });`;
  for (const killAfterMs of [3, 20, 70, 150]) {
    const { code: exit, stdout } = await runChild(kit, code, { env: { IN: folder, OUT: out }, killAfterMs });
    expect([stdout, exit]).toEqual(["saving", -1]);
    for (const name of readdirSync(base)) {
      const path = join(base, name);
      const opened = await open(path).then(
        () => "opens",
        (error: unknown) => (error instanceof UserError ? "refused" : "crashes"),
      );
      // A draft may be complete when its process dies before giving it its name; the name itself never holds half a model.
      if (name === "out" || name === "in") expect(opened).toBe("opens");
      else expect(opened).not.toBe("crashes");
    }
  }
  const { model } = await open(folder);
  await save(model, out, { overwrite: true });
  expect((await open(out)).info.parameters).toBe((await open(folder)).info.parameters);
});

const wideSizes: Readonly<Record<number, number>> = { 4: 512, 8: 512, 11: 1000, 12: 1024 };

describe.skipIf(mirror === undefined)("real checkpoints", () => {
  test("tinystories-656k comes back, tokenizer and all", async () => {
    const out = join(temporaryFolder(), "copy");
    const first = await open(mirrored("tinystories-656k"));
    await save(first.model, out, { like: first });
    const second = await open(out);
    expect(second.model.config).toEqual(first.model.config);
    expect(values(second.model)).toEqual(values(first.model));
    expect(second.tokenizer?.special).toEqual(first.tokenizer?.special);
    expect(existsSync(join(out, "generation_config.json"))).toBe(true);
  });

  test("stories260k becomes a Hugging Face Llama: rows of each head in halves", async () => {
    const out = join(temporaryFolder(), "copy");
    const first = await open(mirrored("stories260k"));
    await save(first.model, out, { like: first });
    const second = await openLlama(out);
    expect(second.model.config.layers[0].mixer.rope.layout).toBe("half");
    expect(second.tokenizer?.vocab).toBe(512);
    const row = (model: Model<TensorRef>, index: number): number[] => [
      ...readRef(model.params.layers[2].mixer.k).subarray(index * 64, (index + 1) * 64),
    ];
    expect([0, 1, 4, 5].map((index) => row(second.model, 8 + index))).toEqual(
      [0, 2, 1, 3].map((index) => row(first.model, 8 + index)),
    );
  });
});
