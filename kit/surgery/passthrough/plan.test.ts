import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { ggufBytes, tinyMetadata, tinyTensors } from "../../weights/testing/gguf.js";
import { writeConfig, writeVocabulary } from "../testing/folders.js";
import { layersOfA as a, planOf as plan, said, slices } from "../testing/plans.js";
import { merge } from "./merge.js";
import { planMerge, plannedTensors } from "./plan.js";

describe("mistakes", () => {
  test("are told all at once, with their places, also those that only the models show", async () => {
    const text = `slices:
  - sources:
      - model: a
        layer_range: [0, 6]
    parameters:
      scale:
        - filter: o_prj
          value: 2
        - filter: k_proj
  - sources:
      - model: b
        layer_rnage: [3, 1]
  - sources:
      - model: b
        layer_range: [0, 1]
        parameters:
          scale: { filter: o_prj, value: [1, loud] }
  - sources:
      - model: c
        layer_range: [3, 1]
  - sources:
      - model: b
        layer_range: [0, 2]
        parameters: { scale: { filter: dwn_proj, value: 2 } }
merge_method: pasthrough
paramters: { scale: 1 }
dtype: fp16
`;
    expect((await said(text)).split("\n")).toEqual([
      "merge.yml has 10 mistakes:",
      "  4:22  layer_range [0, 6] goes beyond a, which has 4 layers: expected at most [0, 4]",
      "  9:11  The filter k_proj has no value: expected a number or a list of numbers under value",
      "  11:9  This source has no layer_range: expected layer_range: [first, last + 1]",
      "  12:9  a source has no key layer_rnage: expected model, layer_range, parameters. Did you mean layer_range?",
      '  17:46  an entry of value is "loud": expected a number',
      "  20:22  layer_range [3, 1] is reversed: expected [first, last + 1], two whole numbers",
      "  24:40  The filter dwn_proj matches no tensor of layers 0 to 1 of b. Did you mean down_proj?",
      '  25:15  merge_method is "pasthrough": expected passthrough',
      "  26:1  the configuration has no key paramters: expected merge_method, slices, models, modules, base_model, dtype, out_dtype, tokenizer_source, parameters. Did you mean parameters?",
      '  27:8  dtype is "fp16": expected float64, float32, float16, bfloat16. Did you mean float16?',
    ]);
  });

  test.each<[string, string, string]>([
    ["no YAML", "slices: [", "merge.yml:1:10"],
    [
      "spaces lost in copying",
      "slices:\n- sources:\n- model: a\nlayer_range: [0, 4]\nparameters:\nscale:\n- filter: o_proj\nvalue: 1.5\n",
      "merge.yml",
    ],
    ["an empty file", "", "the configuration is empty (merge.yml:1:1)"],
    ["a text", "hello", 'the configuration is "hello" (merge.yml:1:1)'],
    ["no sources", "slices: [{ parameters: { scale: 1 } }]\nmerge_method: passthrough", "This slice has no sources"],
    ["an empty range", slices(a(2, 2)), "[2, 2] holds no layer: the second number is not included"],
    ["a fraction", slices("model: a, layer_range: [0, 1.5]"), "layer_range is [0, 1.5]"],
    ["no model", slices("layer_range: [0, 1]"), "There is no model here (merge.yml:2:15)"],
    [
      "a model that is not there",
      slices("model: nobody, layer_range: [0, 1]"),
      'no file, folder, model or corpus "nobody"',
    ],
    ["a model that is not there, at its place", slices("model: ./none, layer_range: [0, 1]"), "(merge.yml:2:24)"],
    [
      "no method",
      "models: [{ model: a }]",
      "There is no merge_method (merge.yml:1:1): expected merge_method: passthrough",
    ],
    ["another method", "models: [{ model: a }]\nmerge_method: slerp", "mergekit has the other methods"],
    ["two forms", `${slices(a(0, 4))}models: [{ model: a }]`, "There are both slices and models (merge.yml:4:1)"],
    ["a union of tokenizers", `${slices(a(0, 4))}tokenizer_source: union`, "only one vocabulary fits"],
    [
      "a filter for layers that are left out",
      `${slices(a(0, 2))}parameters: { scale: { filter: layers.3., value: 2 } }`,
      "The filter layers.3. matches no tensor of the layers that are merged",
    ],
    ["an empty filter", slices(a(0, 2, ', parameters: { scale: { filter: "", value: 2 } }')), 'filter is ""'],
    ["a factor that is no number", slices(a(0, 2, ", parameters: { scale: .nan }")), "scale is"],
    ["a missing scale", slices(a(0, 2, ", parameters: { scale: }")), "scale is empty"],
    ["another parameter", slices(a(0, 2, ", parameters: { weight: 1 }")), "has no key weight"],
    ["one key twice", `${slices(a(0, 4))}merge_method: passthrough`, "merge.yml:4:1"],
    [
      "an anchor that is not there",
      slices("model: *x, layer_range: [0, 1]"),
      "2:24  There is no anchor &x before this alias",
    ],
  ])("%s", async (_, text, message) => {
    expect(await said(text)).toContain(message);
  });

  test("an alias inside itself, and a million aliases, end", async () => {
    expect(await said("slices: &x [*x]\nmerge_method: passthrough")).toContain("merge.yml");
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`,
    );
    expect(await said(["l0: &l0 [1]", ...levels, "slices: *l9"].join("\n"))).toContain("merge.yml");
  });

  test("no text, or too much of it", async () => {
    const folder = temporaryFolder();
    await expect(planMerge(join(folder, "none.yml"))).rejects.toThrow(/Cannot read .*none.yml: no such file/);
    writeFileSync(join(folder, "bytes.yml"), Buffer.from([0xff, 0xfe, 0x00]));
    await expect(planMerge(join(folder, "bytes.yml"))).rejects.toThrow(/bytes.yml is not UTF-8 text/);
    writeFileSync(join(folder, "weights.yml"), Buffer.alloc(1_000_001));
    await expect(planMerge(join(folder, "weights.yml"))).rejects.toThrow(
      /1000001 bytes long: expected a configuration/,
    );
  });

  test("a model that stands for one the configuration does not name", async () => {
    const folder = temporaryFolder();
    const file = writeConfig(folder, slices(a(0, 2)));
    await expect(planMerge(file, { models: { A1: folder } })).rejects.toThrow(
      "The configuration names no model A1: expected a. Did you mean a?",
    );
  });
});

describe("notes", () => {
  const end = "the second number of a layer_range is not included";
  test.each<[string, string, string[]]>([
    [
      "a layer left out at the end",
      slices(a(0, 3)),
      [`the last slice ends before layer 3 of a, which has 4 layers: ${end}`],
    ],
    [
      "a layer left out between",
      slices(a(0, 1), a(2, 4)),
      [`layer 1 of a is left out between [0, 1] and [2, …]: ${end}`],
    ],
    ["all layers, some twice", slices(a(0, 3), a(1, 4)), []],
    [
      "a rule behind one that takes everything",
      `${slices(a(0, 4))}parameters: { scale: [{ value: 2 }, { filter: o_proj, value: 3 }] }`,
      ["4:47 the filter o_proj decides on no tensor: others come first"],
    ],
  ])("%s", async (_, text, notes) => {
    expect((await plan(text)).notes).toEqual(notes);
  });
});

test("factors, types and origins of every tensor are known before a weight is read", async () => {
  const { parts, config, dtype } = await plan(`slices:
  - sources: [{ ${a(1, 4)} }]
    parameters: { scale: [{ filter: down_proj, value: [1, 0.5] }, { filter: layers.2.mlp, value: 3 }] }
  - sources: [{ model: b, layer_range: [2, 3] }]
merge_method: passthrough
parameters: { scale: { filter: norm, value: 1.5 } }
dtype: float32
out_dtype: float16
`);
  expect(parts.layers.map(({ source, part }) => [source, part])).toEqual([
    ["a", 1],
    ["a", 2],
    ["a", 3],
    ["b", 2],
  ]);
  const scales = (index: number): Record<string, number> =>
    Object.fromEntries(
      parts.layers[index].tensors.flatMap(({ from, ref }) =>
        ref.scale === undefined ? [] : [[from.replace(/^model\.layers\.|\.weight$/g, ""), ref.scale]],
      ),
    );
  const norms = (layer: number) => ({ [`${layer}.input_layernorm`]: 1.5, [`${layer}.post_attention_layernorm`]: 1.5 });
  expect(scales(0)).toEqual({ ...norms(1), "1.mlp.down_proj": 1 });
  expect(scales(1)).toEqual({ ...norms(2), "2.mlp.down_proj": 0.75, "2.mlp.gate_proj": 3, "2.mlp.up_proj": 3 });
  expect(scales(2)).toEqual({ ...norms(3), "3.mlp.down_proj": 0.5 });
  expect(scales(3)).toEqual(norms(2));
  expect(parts.after.tensors.map(({ name, ref }) => [name, ref.scale])).toEqual([
    ["model.norm.weight", 1.5],
    ["lm_head.weight", undefined],
  ]);
  expect([dtype, config.num_hidden_layers, config.torch_dtype]).toEqual(["F16", 4, "float16"]);
});

describe("whose config and tokenizer it gets", () => {
  const two = slices("model: b, layer_range: [0, 3]", a(0, 4));
  const words = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i}`);

  test("the first model's, or the base model's", async () => {
    const first = await plan(two);
    expect([first.donor.name, first.models.map(({ name }) => name)]).toEqual(["b", ["b", "a"]]);
    const base = await plan(`${two}base_model: a`);
    expect([base.donor.name, base.models.map(({ name }) => name), base.base]).toEqual(["a", ["a", "b"], "a"]);
  });

  test("asked for by tokenizer_source; the embedding keeps as many rows as it has tokens", async () => {
    const made = (folder: string): void => {
      for (const name of ["a", "b"]) writeVocabulary(join(folder, name), words(9));
    };
    const asked = await plan(`${two}tokenizer_source: a`, made);
    expect([asked.tokenizer.name, asked.config.vocab_size]).toEqual(["a", 9]);
    const shapes = new Map(plannedTensors(asked).map(([name, { shape }]) => [name, shape]));
    expect(shapes.get("model.embed_tokens.weight")).toEqual([9, 8]);
    expect(shapes.get("lm_head.weight")).toEqual([9, 8]);
    expect((await plan(`${two}tokenizer_source: base`, made)).tokenizer.name).toBe("b");
    expect((await plan(two, made)).config.vocab_size).toBe(11);
  });

  test("asked for by tokenizer_source of a GGUF file, and of a folder with its tokenizer.model", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "tiny.gguf");
    const metadata = [
      ...tinyMetadata,
      ["tokenizer.ggml.model", { text: "llama" }],
      ["tokenizer.ggml.tokens", { texts: ["<unk>", "a"] }],
      ["tokenizer.ggml.token_type", { i32s: [2, 1] }],
      ["tokenizer.ggml.scores", { f32s: [0, 0] }],
      ["tokenizer.ggml.unknown_token_id", { u32: 0 }],
    ] as const;
    writeFileSync(file, ggufBytes({ metadata, tensors: tinyTensors }));
    const text = (from: string): string =>
      `${slices(`model: ${from}, layer_range: [0, 1]`, `model: ${from}, layer_range: [0, 1]`)}tokenizer_source: base`;
    const planned = await planMerge(writeConfig(folder, text(file)));
    // Its embedding has three rows.
    expect([planned.tokenizer.name, planned.config.vocab_size]).toEqual([file, 2]);
    const out = await merge(planned, join(folder, "out"));
    expect(readdirSync(out)).toContain("tokenizer.model");
    const again = await planMerge(writeConfig(folder, text(out)));
    expect([again.tokenizer.name, again.config.vocab_size]).toEqual([out, 2]);
  });

  test("other ids for the same tokens: a note, and an error where the tokenizer was asked for", async () => {
    const made = (folder: string): void => {
      writeVocabulary(join(folder, "a"), words(9));
      writeVocabulary(join(folder, "b"), words(9).reverse());
    };
    const moved = "8 tokens of b have another id in a, or none";
    expect((await plan(two, made)).notes).toEqual([`${moved}: its rows are copied as they are`]);
    expect(await said(`${two}tokenizer_source: base`, made)).toContain(`${moved} (merge.yml:5:19)`);
    expect(await said(`${two}tokenizer_source: a`)).toContain("a has no tokenizer whose tokens are known");
  });
});
