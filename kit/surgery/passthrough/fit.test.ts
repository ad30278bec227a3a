import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layersOfA as a, planOf as plan, said, slices } from "../testing/plans.js";

describe("models that do not fit together", () => {
  const mixed = slices(a(0, 4), "model: b, layer_range: [0, 3]");
  const bWith = (fields: Readonly<Record<string, unknown>>) => (folder: string) => {
    const file = join(folder, "b", "config.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...fields }));
  };

  test.each<[string, Record<string, unknown>, string]>([
    ["widths", { hidden_size: 16 }, "b does not fit a: hidden_size is 16 instead of 8 (merge.yml:3:24)"],
    ["vocabularies", { vocab_size: 12 }, "vocab_size is 12 instead of 11"],
    ["heads", { num_key_value_heads: 1 }, "num_key_value_heads is 1 instead of 2"],
    ["kinds", { model_type: "qwen2" }, 'model_type is "qwen2" instead of "llama"'],
  ])("%s", async (_, fields, message) => {
    expect(await said(mixed, bWith(fields))).toContain(message);
  });

  test("config and weights that disagree about the number of layers", async () => {
    const text = await said(mixed, bWith({ num_hidden_layers: 4 }));
    expect(text).toContain("Its config.json says 4 layers, its weights have 3");
  });

  const scaling = { rope_type: "linear", factor: 2 };
  test.each<[string, Record<string, unknown>, string[]]>([
    ["a number", { rope_theta: 500_000 }, ["rope_theta is 500000 instead of 10000"]],
    [
      "a number in the spelling of transformers 5",
      { rope_theta: undefined, rope_parameters: { rope_theta: 500_000, rope_type: "default" } },
      ["rope_theta is 500000 instead of 10000"],
    ],
    [
      "a number where the other has a default",
      { rms_norm_eps: undefined },
      ["rms_norm_eps is 0.000001 instead of 0.00001"],
    ],
    ["scaled angles", { rope_scaling: scaling }, ['rope_scaling is {"factor":2,"rope_type":"linear"} instead of none']],
    ["a window", { sliding_window: 64 }, ["sliding_window is 64 instead of none"]],
    ["the default, said in another way", { rope_theta: undefined, rope_scaling: null, sliding_window: null }, []],
    ["the default, said in a third way", { rope_theta: undefined, rope_parameters: { rope_theta: 10_000 } }, []],
  ])("what changes the meaning of a layer is pointed out: %s", async (_, fields, lines) => {
    const { notes } = await plan(mixed, bWith(fields));
    expect(notes).toEqual(lines.map((line) => `in b, ${line} as in a, whose config is kept`));
  });

  test("of a model whose defaults are not known, a field that one of two lacks is pointed out", async () => {
    const made = (fields: Readonly<Record<string, unknown>>) => (folder: string) => {
      for (const name of ["a", "b"]) {
        const file = join(folder, name, "config.json");
        const config = { ...JSON.parse(readFileSync(file, "utf8")), model_type: "mistral", architectures: undefined };
        writeFileSync(file, JSON.stringify(name === "a" ? config : { ...config, ...fields }));
      }
    };
    const { notes } = await plan(mixed, made({ rope_theta: undefined, sliding_window: 4096 }));
    expect(notes).toEqual([
      "in b, rope_theta is the default instead of 10000 as in a, whose config is kept",
      "in b, sliding_window is 4096 instead of the default as in a, whose config is kept",
    ]);
    expect((await plan(mixed, made({}))).notes).toEqual([]);
  });
});
