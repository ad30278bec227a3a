import { join } from "node:path";
import { expect, describe as group, test } from "vitest";
import { llama } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { convertedConfig, liquidMetal } from "../surgery/index.js";
import { inspect } from "../weights/index.js";
import { smallConfig, smallShapes, writeSmall } from "../weights/testing/llama.js";
import { mirror, mirrored } from "../weights/testing/mirror.js";
import { describe, partsTable } from "./inspect.js";

test("a checkpoint as a table: equal layers share a line", async () => {
  const folder = writeSmall(join(temporaryFolder(), "small"));
  const text = describe(await inspect(folder));
  expect(text).toMatch(/parameters +1,176 in 2,352 bytes: BF16 100\.0 %/);
  expect(text).toMatch(/model\.layers\.\{0-1\}\.mlp\.down_proj\.weight +BF16 +8 × 12 +× 2/);
  expect(text).toMatch(/4 heads, 2 for keys and values, of width 2/);
  expect(text.split("\n").filter((line) => line.includes("model.layers."))).toHaveLength(9);
  expect(
    describe(await inspect(folder), true)
      .split("\n")
      .filter((line) => line.includes("model.layers.")),
  ).toHaveLength(18);
});

test("what is no Llama is still listed, with the reason", async () => {
  const found = await inspect(writeSmall(join(temporaryFolder(), "other"), { ...smallConfig, attention_bias: true }));
  expect(found.tensors).toHaveLength(21);
  expect(found.model).toBeUndefined();
  expect(describe(found)).toMatch(/cannot load +attention_bias is true/);
  const odd = await inspect(
    writeSmall(join(temporaryFolder(), "odd"), smallConfig, smallShapes().set("extra.7.x", [1])),
  );
  expect(describe(odd)).toMatch(/extra\.7\.x +BF16 +1/);
});

test("JSON holds the same and survives its way", async () => {
  const found = await inspect(writeSmall(join(temporaryFolder(), "small")));
  expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(found)));
  expect(found).toMatchObject({
    elements: 1176,
    format: "safetensors-folder",
    problems: [],
    model: { parameters: 1176 },
  });
});

group.skipIf(mirror === undefined)("real checkpoints", () => {
  test("stories260k and DiffLlama", async () => {
    const llama2c = await inspect(mirrored("stories260k"));
    expect(llama2c).toMatchObject({ format: "llama2c", tokenizer: { vocab: 512 } });
    expect(describe(llama2c)).toMatch(/interleaved layout/);
    const diff = await inspect(mirrored("reference", "diffllama"));
    expect(describe(diff)).toMatch(
      /differentialV1 +layers 0: 8 heads, .*; maps of heads of both halves, .*λ from 0\.200\n/,
    );
    expect(diff.tensors.some(({ name }) => name.includes("lambda_q1"))).toBe(true);
  });
});

test("parameters by part add up", async () => {
  const text = describe(await inspect(writeSmall(join(temporaryFolder(), "small"))));
  expect(text.split("\n\n")[1].split("\n")).toEqual([
    "part       parameters            a layer",
    "embed              88    7.48 %",
    "mixerNorm          16    1.36 %        8",
    "mixer             384   32.65 %      192",
    "mlpNorm            16    1.36 %        8",
    "mlp               576   48.98 %      288",
    "norm                8    0.68 %",
    "head               88    7.48 %",
    "total           1,176  100.00 %",
  ]);
});

test("parameters of a layer are those of layers that have the part", () => {
  const base = llama({ vocab: 11, width: 8, depth: 4, heads: 4, kvHeads: 2, hidden: 12, context: 16 });
  const converted = convertedConfig(base, {
    ...liquidMetal,
    layers: [
      { first: 1, last: 1 },
      { first: 3, last: 3 },
    ],
  });
  const wider = converted.layers.map((layer, i) => (i === 0 ? { ...layer, mlp: { ...layer.mlp, hidden: 24 } } : layer));
  const rows = partsTable({ ...converted, layers: wider }).split("\n");
  const ofPart = (part: string): string => rows.find((row) => row.startsWith(`${part} `))!.replace(/^.* % */, "");
  expect(ofPart("tokenMixing")).toBe("24 in 2 of 4");
  expect(ofPart("mixer")).toBe("192");
  expect(ofPart("mlp")).toBe("288 to 576");
  expect(ofPart("mixerNorm")).toMatch(/^8 to \d+$/);
  expect(ofPart("embed")).toBe("");
});
