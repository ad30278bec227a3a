import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { read, type Tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { likelihood } from "../../measure/index.js";
import { batch, differential, init, llama, logits, type Model } from "../../model/index.js";
import { configOf, linearExamples, mixerExamples } from "../../model/testing/examples.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { toyStory } from "../../text/index.js";
import { load, open, readSafetensorsFolder, save } from "../../weights/index.js";
import { kitAsJavaScript, runChild } from "../../weights/testing/child.js";
import { smallConfig, smallShapes, writeSmall } from "../../weights/testing/llama.js";
import { writeConfig, writeLlama, writeVocabulary } from "../testing/folders.js";
import { merge } from "./merge.js";
import { passthrough } from "./models.js";
import { planMerge } from "./plan.js";

/** The stored bits of every tensor of a folder of sixteen-bit weights. */
async function bitsIn(folder: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const { tensors } = await readSafetensorsFolder(folder);
  return new Map(
    [...tensors].map(([name, { file, offset, bytes }]) => {
      const data = new Uint8Array(readFileSync(file).subarray(offset, offset + bytes));
      return [name, [...new Uint16Array(data.buffer)]];
    }),
  );
}

const stacked = (model: string, filter = "o_proj"): string => `slices:
  - sources: [{ model: ${model}, layer_range: [0, 3] }]
  - sources:
      - { model: ${model}, layer_range: [1, 4], parameters: { scale: { filter: ${filter}, value: -2 } } }
merge_method: passthrough
`;

test("layers are copied bit for bit, factors are done in the type of the weights, everything else goes along", async () => {
  const folder = temporaryFolder();
  const source = writeLlama(join(folder, "a"), 4);
  writeVocabulary(source, ["x", "y"]);
  const others = { "generation_config.json": "{}", "chat_template.jinja": "x", "notes.txt": "private" };
  for (const [name, text] of Object.entries(others)) writeFileSync(join(source, name), text);
  const file = writeConfig(folder, stacked(source));
  const out = await merge(await planMerge(file), join(folder, "out"));

  const [before, after] = [await bitsIn(source), await bitsIn(out)];
  const expected = [0, 1, 2, 1, 2, 3].flatMap((from, to) =>
    [...before].flatMap(([name, bits]) => {
      const layer = `.layers.${from}.`;
      if (!name.includes(layer)) return [];
      // A power of two and a sign change no bit but those of exponent and sign.
      const factor = to >= 3 && name.includes("o_proj");
      const scaled = factor ? bits.map((one) => ((one + 0x80) ^ 0x8000) & 0xffff) : bits;
      return [[name.replace(layer, `.layers.${to}.`), scaled] as const];
    }),
  );
  const outside = [...before].filter(([name]) => !name.includes(".layers."));
  expect([...after].sort()).toEqual([...expected, ...outside].sort());

  expect(readdirSync(out).sort()).toEqual([
    "README.md",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "mergekit_config.yml",
    "model.safetensors",
    "tokenizer.json",
  ]);
  expect(readFileSync(join(out, "mergekit_config.yml"))).toEqual(readFileSync(file));
  expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toEqual({ ...smallConfig, num_hidden_layers: 6 });
  expect(readFileSync(join(out, "README.md"), "utf8")).toContain(`* ${source}\n`);
  expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml", "out"]);
});

test("in shards: a tensor that would pass the limit begins the next file", async () => {
  const folder = temporaryFolder();
  const plan = await planMerge(writeConfig(folder, stacked(writeLlama(join(folder, "a"), 4))));
  const [whole, cut] = [await merge(plan, join(folder, "whole")), join(folder, "cut")];
  let progressed = 0;
  await merge(plan, cut, { maxShardBytes: 1000, progress: (bytes) => (progressed = bytes) });
  expect(await bitsIn(cut)).toEqual(await bitsIn(whole));
  const { metadata, weight_map: map } = JSON.parse(readFileSync(join(cut, "model.safetensors.index.json"), "utf8"));
  const files = new Set(Object.values(map));
  expect(files.size).toBeGreaterThan(4);
  expect([...files].sort()).toEqual(readdirSync(cut).filter((name) => name.endsWith(".safetensors")));
  expect([metadata.total_size, progressed]).toEqual([2 * (6 * 496 + 184), 2 * (6 * 496 + 184)]);
});

test("a folder of the kit's own, with layers that transformers does not have: filters are parts of its paths", async () => {
  const folder = temporaryFolder();
  const config = configOf(mixerExamples.gatedDeltaNet.paper, linearExamples["ternary groups, a norm per linear"], 4);
  const model = init(config, 3);
  const source = await save(model, join(folder, "a"));
  const out = await merge(await planMerge(writeConfig(folder, stacked(source, "mixer.o"))), join(folder, "out"));
  const { model: merged } = await load(out);
  const expected = passthrough([
    { model, layers: [0, 3] },
    { model, layers: [1, 4], scale: [{ filter: "mixer.o", value: -2 }] },
  ]);
  expect(merged.config).toEqual(expected.config);
  const ids = batch([[1, 5, 2, 7]]);
  expect([...read(logits(merged, ids))]).toEqual([...read(logits(expected, ids))]);
});

test("a DiffLlama's layers keep their λ_init where they move", async () => {
  const folder = temporaryFolder();
  const small = llama({ vocab: 8, width: 16, depth: 2, heads: 4, kvHeads: 2, hidden: 24, context: 16 });
  const model = init(differential(small, { version: 1, split: "halvedHeads", output: "plainSubNorm" }), 3);
  const source = await save(model, join(folder, "a"));
  expect(JSON.parse(readFileSync(join(source, "config.json"), "utf8"))).toMatchObject({ model_type: "diffllama" });
  const swapped = `slices:
  - sources: [{ model: ${source}, layer_range: [1, 2] }]
  - sources: [{ model: ${source}, layer_range: [0, 1] }]
merge_method: passthrough
`;
  const { model: merged } = await load(await merge(await planMerge(writeConfig(folder, swapped)), join(folder, "out")));
  const expected = passthrough([
    { model, layers: [1, 2] },
    { model, layers: [0, 1] },
  ]);
  expect(merged.config).toEqual(expected.config);
  const ids = batch([[1, 5, 2, 7]]);
  expect([...read(logits(merged, ids))]).toEqual([...read(logits(expected, ids))]);
});

describe("the examples", () => {
  const example = (name: string): string => fileURLToPath(new URL(`../examples/${name}.yml`, import.meta.url));

  test("repeated: what is attenuated the second time costs little, without factors it costs much", async () => {
    const plan = await planMerge(example("repeated"));
    expect(plan.notes).toEqual([]);
    const [pico, attenuated] = [await load("pico"), await load(await merge(plan, join(temporaryFolder(), "out")))];
    const plain = passthrough([
      { model: pico.model, layers: [0, 3] },
      { model: pico.model, layers: [1, 4] },
    ]);
    expect(attenuated.model.config).toEqual(plain.config);
    const ids = pico.tokenizer!.encode(toyStory(99, 0).text).slice(0, 200);
    const added = (model: Model<Tensor>): number => likelihood(model, ids).nats - likelihood(pico.model, ids).nats;
    expect(added(attenuated.model)).toBeGreaterThan(0.01);
    expect(added(attenuated.model)).toBeLessThan(0.1);
    expect(added(plain)).toBeGreaterThan(0.2);
  });

  test("scaled by depth, a published recipe: runs on a pico of 48 layers, leaves out the last one as written", async () => {
    const recipe = example("scaled-by-depth");
    const folder = temporaryFolder();
    const pico = await open("pico");
    const twelve = Array.from({ length: 12 }, () => ({ model: pico.model, layers: [0, 4] as const }));
    const deep = await save(passthrough(twelve), join(folder, "deep"), { like: pico });
    const plan = await planMerge(recipe, { models: { "Sao10K/Fimbulvetr-11B-v2": deep } });
    expect(plan.notes).toEqual([
      "the last slice ends before layer 47 of Sao10K/Fimbulvetr-11B-v2, which has 48 layers: the second number of a layer_range is not included",
    ]);
    const factors = plan.parts.layers.map(({ tensors }) => {
      const scaled = tensors.filter(({ ref }) => ref.scale !== undefined);
      const names = scaled.map(({ from }) => from.replace(/.*\.(\w+)\.weight$/, "$1")).sort();
      return [...names, ...new Set(scaled.map(({ ref }) => ref.scale))];
    });
    const byFour = [1.5, 1.5, 2, 2, 2.5, 2.5, 3, 3, 3.5, 3.5, 4].flatMap((factor) =>
      Array(factor === 4 ? 3 : 4).fill(["down_proj", "o_proj", factor]),
    );
    expect(factors).toEqual([[], [], [], [], ...byFour]);

    const merged = await load(await merge(plan, join(folder, "out")));
    expect(merged.model.config.layers).toHaveLength(47);
    const scores = read(logits(merged.model, batch([merged.tokenizer!.encode("once upon a time")])));
    expect(scores.every(Number.isFinite)).toBe(true);
    expect(readFileSync(join(folder, "out", "README.md"), "utf8")).toContain(
      "* [Sao10K/Fimbulvetr-11B-v2](https://huggingface.co/Sao10K/Fimbulvetr-11B-v2)",
    );
  });
});

describe("a merge that fails leaves what was there", () => {
  test("a folder that holds something is left alone, unless told otherwise; also the source itself", async () => {
    const folder = temporaryFolder();
    const source = writeLlama(join(folder, "a"), 4);
    const plan = await planMerge(writeConfig(folder, stacked(source)));
    const out = join(folder, "out");
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "mine");
    await expect(merge(plan, out)).rejects.toThrow(/out is not empty/);
    expect(readdirSync(out)).toEqual(["mine.txt"]);
    const expected = await bitsIn(await merge(plan, out, { overwrite: true }));
    await merge(plan, source, { overwrite: true });
    expect(await bitsIn(source)).toEqual(expected);
    expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml", "out"]);
  });

  test("weights that are gone", async () => {
    const folder = temporaryFolder();
    const source = writeLlama(join(folder, "a"), 4);
    const plan = await planMerge(writeConfig(folder, stacked(source)));
    writeFileSync(join(source, "model.safetensors"), "cut off");
    await expect(merge(plan, join(folder, "out"))).rejects.toThrow(/model.safetensors ends at byte/);
    expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml"]);
  });

  const prlimit = ["/usr/bin/prlimit", "/bin/prlimit"].find((path) => existsSync(path));
  test.skipIf(prlimit === undefined)("a disk that takes no more", async () => {
    const folder = temporaryFolder();
    const plan = await planMerge(writeConfig(folder, stacked(writeLlama(join(folder, "a"), 4))));
    const limit = (bytes: string): void =>
      void execFileSync(prlimit!, ["--pid", String(process.pid), `--fsize=${bytes}:`]);
    limit("2000");
    try {
      await expect(merge(plan, join(folder, "out"))).rejects.toThrow(/the file would pass the size limit/);
    } finally {
      limit("unlimited");
    }
    expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml"]);
  });
});

const kit = kitAsJavaScript();

/** A model of several MB, and a configuration that stacks it. */
function wideModel(folder: string): string {
  const sizes: Readonly<Record<number, number>> = { 4: 128, 8: 256, 11: 1000, 12: 512 };
  const config = { hidden_size: 256, intermediate_size: 512, num_hidden_layers: 4, vocab_size: 1000 };
  const shapes = [...smallShapes(4)].map(([name, shape]) => [name, shape.map((size) => sizes[size])] as const);
  return writeConfig(folder, stacked(writeSmall(join(folder, "a"), { ...smallConfig, ...config }, new Map(shapes))));
}

test("a weight beyond the range of dtype is an error, though out_dtype has room for it", async () => {
  const folder = temporaryFolder();
  const source = writeLlama(join(folder, "a"), 4);
  const weights = join(source, "model.safetensors");
  const bytes = readFileSync(weights);
  // The last weight becomes 99,840 in bfloat16.
  bytes.writeUInt16LE(0x47c3, bytes.length - 2);
  writeFileSync(weights, bytes);
  const file = writeConfig(folder, `${stacked(source)}dtype: float16\nout_dtype: float32\n`);
  await expect(merge(await planMerge(file), join(folder, "out"))).rejects.toThrow(
    'A value of tensor "lm_head.weight" is beyond the range of F16',
  );
});

test("a killed merge leaves no model that opens, and the next one succeeds", async () => {
  const folder = temporaryFolder();
  const file = wideModel(folder);
  const out = join(folder, "out");
  const code = `
    import { merge, planMerge } from "./surgery/index.js";
    const plan = await planMerge(process.env.CONFIG);
    process.stdout.write("merging");
    for (;;) await merge(plan, process.env.OUT, { overwrite: true, maxShardBytes: 2e6 });`;
  for (const killAfterMs of [3, 20, 70, 150]) {
    const { code: exit, stdout } = await runChild(kit, code, { env: { CONFIG: file, OUT: out }, killAfterMs });
    expect([stdout, exit]).toEqual(["merging", -1]);
    for (const name of readdirSync(folder)) {
      const opened = await open(join(folder, name)).then(
        () => "opens",
        (error: unknown) => (error instanceof UserError ? "refused" : "crashes"),
      );
      // A draft may be complete when its process dies before giving it its name; the name itself never holds half a model.
      if (name === "out" || name === "a") expect(opened).toBe("opens");
      else expect(opened).not.toBe("crashes");
    }
  }
  await merge(await planMerge(file), out, { overwrite: true });
  expect((await open(out)).model.config.layers).toHaveLength(6);
});

test.skipIf(process.platform !== "linux")("TensorFlow is not loaded", async () => {
  const folder = temporaryFolder();
  const code = `
    import { readFileSync } from "node:fs";
    import { merge, planMerge } from "./surgery/index.js";
    await merge(await planMerge(process.env.CONFIG), process.env.OUT);
    console.log(/tensorflow/.test(readFileSync("/proc/self/maps", "utf8")));`;
  const env = { CONFIG: writeConfig(folder, stacked(writeLlama(join(folder, "a"), 4))), OUT: join(folder, "out") };
  expect(await runChild(kit, code, { env })).toEqual({ code: 0, stdout: "false\n", stderr: "" });
});
