import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as e from "../engine/index.js";
import {
  batch,
  convNet,
  deltaNet,
  hybrid,
  init,
  type LinearSpec,
  linearPaths,
  logits,
  type Model,
  type ModelConfig,
  type NormPlacement,
  pico,
  rounded,
} from "../model/index.js";
import { dense, mixerExamples } from "../model/testing/examples.js";
import type { TernaryScale } from "../nn/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { trainBpe } from "../text/index.js";
import { open } from "./checkpoint.js";
import { load } from "./load.js";
import { savePacked } from "./packed.js";
import { readRef } from "./read.js";
import { readSafetensors } from "./safetensors.js";
import { save } from "./save.js";

const dials = { vocab: 37, width: 24, depth: 2, hidden: 40, context: 64 };

/** Shaped like teeny-s: its gate, its rule, no norm on the output. */
function teenyLike(linear: LinearSpec): ModelConfig {
  const gate = { kind: "logsigmoid", gateLogitNormalizer: 16 } as const;
  return deltaNet({ ...dials, linear, heads: 2, keyDim: 9, valueDim: 18, gate, queryScale: 1, outputNorm: "none" });
}

/** Shaped like its predecessor; the MLP has rows of 256. */
function teenyConvLike(linear: LinearSpec): ModelConfig {
  return convNet({ ...dials, hidden: 256, linear });
}

const ternary = (scale: TernaryScale, norm: NormPlacement = "block"): LinearSpec => ({ kind: "ternary", scale, norm });

const scales: readonly TernaryScale[] = [
  "per-tensor",
  "per-channel",
  { group: 256, aligned: false },
  { group: 10, aligned: false },
  { group: 8, aligned: true },
  { group: 7, aligned: true },
];

const ids = batch([
  [1, 5, 2, 36, 0, 7, 7, 9],
  [3, 3, 8, 20, 11, 30, 2, 1],
]);
const scores = (model: Model<e.Tensor>): Float32Array => e.scope(() => e.read(logits(model, ids))) as Float32Array;
const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));

/** The values of every leaf, −0 as 0: codes have no sign of zero. */
function values({ params }: Model<e.Tensor>): [string, number[]][] {
  return e.tree.entries<e.Tensor>(params).map(([path, leaf]) => [path, Array.from(e.read(leaf), (value) => value + 0)]);
}

describe("a packed model", () => {
  const cases = scales.flatMap((scale) =>
    [teenyLike, teenyConvLike].flatMap((shaped) =>
      ([1.6, 2] as const).map((bits) => [JSON.stringify(scale), shaped.name, bits, shaped(ternary(scale))] as const),
    ),
  );
  test.each(cases)(
    "scale %s, %s, %d bits: the values of the rounded one, and its scores",
    async (_, __, bits, config) => {
      const model = init(config, 3);
      const { folder } = await savePacked(model, join(temporaryFolder(), "packed"), { bits });
      const { model: found, info } = await load(folder);
      expect(found.config).toEqual({ ...config, linear: { ...config.linear, rounded: true } });
      expect(values(found)).toEqual(values(rounded(model)));
      expect(difference(scores(found), scores(model))).toBeLessThanOrEqual(1e-5);
      expect(info.dtypes.U8).toBe([...linearPaths(config)].length > 0 ? countOf(found, linearPaths(config)) : 0);
    },
  );

  const both = hybrid(teenyLike(ternary({ group: 8, aligned: true }, "both")), mixerExamples.attention.grouped, 2);

  test("with norms of its own, 8-bit activations, attention and a head: the same", async () => {
    const linear = { ...both.linear, activationBits: 8 } as LinearSpec;
    const model = init({ ...both, linear, tied: false }, 5);
    const { folder } = await savePacked(model, join(temporaryFolder(), "packed"), { bits: 1.6 });
    const { model: found } = await load(folder);
    expect(values(found)).toEqual(values(rounded(model)));
    expect(difference(scores(found), scores(model))).toBeLessThanOrEqual(1e-5);
  });

  test("packed again, from rounded matrices: the same file", async () => {
    const [base, model] = [temporaryFolder(), init(both, 5)];
    await savePacked(model, join(base, "a"), { bits: 2 });
    await savePacked((await load(join(base, "a"))).model, join(base, "b"), { bits: 2 });
    for (const name of readdirSync(join(base, "a")))
      expect(readFileSync(join(base, "b", name))).toEqual(readFileSync(join(base, "a", name)));
  });

  test("saved unpacked, from disk and scaled by surgery, it is a model like any other", async () => {
    const [base, model] = [temporaryFolder(), init(both, 5)];
    const { folder } = await savePacked(model, join(base, "packed"), { bits: 1.6, embedding: "int8" });
    const opened = await open(folder);
    await save(opened.model, join(base, "plain"));
    expect((await open(join(base, "plain"))).info.dtypes).toEqual({ F32: opened.info.parameters });
    expect(values((await load(join(base, "plain"))).model)).toEqual(values((await load(folder)).model));
    const q = opened.model.params.layers[0].mixer.q;
    expect([...readRef({ ...q, scale: 0.5, cast: "BF16" })]).toEqual(
      [...readRef({ ...q, cast: "BF16" })].map((value) => value * 0.5),
    );
  });

  test.each([
    ["bf16", (most: number) => most * 2 ** -8],
    ["int8", (most: number) => (most / 127) * 0.501],
  ] as const)("embedding in %s: no value moves by more than it must", async (embedding, bound) => {
    const model = init({ ...both, tied: false }, 5);
    const { folder } = await savePacked(model, join(temporaryFolder(), "packed"), { bits: 1.6, embedding });
    const { model: found } = await load(folder);
    for (const name of ["embed", "head"] as const) {
      const [before, after] = [e.read(model.params[name]!), e.read(found.params[name]!)];
      for (let row = 0; row < dials.vocab; row++) {
        const [a, b] = [before, after].map((all) => all.subarray(row * dials.width, (row + 1) * dials.width));
        expect(difference(a, b)).toBeLessThanOrEqual(bound(Math.max(...Array.from(a, Math.abs))));
        expect(difference(a, b)).toBeGreaterThan(0);
      }
    }
    const others = (of: Model<e.Tensor>) => values(of).filter(([path]) => path !== "embed" && path !== "head");
    expect(others(found)).toEqual(others(rounded(model)));
  });

  test("what each kind of tensor takes adds up to the file", async () => {
    const config = teenyLike(ternary({ group: 8, aligned: true }));
    const { folder, sizes } = await savePacked(init(config, 0), join(temporaryFolder(), "packed"), {
      bits: 2,
      embedding: "int8",
    });
    const groups = [...linearPaths(config)].length;
    expect(groups).toBe(20);
    const matrices = countOf((await load(folder)).model, linearPaths(config));
    expect(sizes.map(({ kind, parameters }) => [kind, parameters])).toEqual([
      ["embedding", 37 * 24],
      ["norm gains", 5 * 24],
      ["ternary matrices", matrices],
      ["kernels and rates", 2 * 4 * (18 + 18 + 36)],
    ]);
    expect(sizes[0].bytes).toBe(37 * 24 + 37 * 4);
    expect(sizes[1].bytes).toBe(4 * 5 * 24);
    const stored = await readSafetensors(join(folder, "model.safetensors"));
    const total = [...stored.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
    expect((await open(folder)).info.bytes).toBe(total);
    expect(stored.metadata).toEqual({ format: "kintsugi-packed", version: "1", bits: "2", embedding: "int8" });
  });

  test("brings its tokenizer along", async () => {
    const tokenizer = trainBpe(["ab"], { vocab: 258 });
    const model = init({ ...both, vocab: 258 }, 0);
    const { folder } = await savePacked(model, join(temporaryFolder(), "packed"), { bits: 2, tokenizer });
    expect((await open(folder)).tokenizer?.vocab).toBe(258);
  });

  test("a dense model is refused, and leaves no folder", async () => {
    const base = temporaryFolder();
    await expect(savePacked(init(teenyLike(dense), 0), join(base, "x"), { bits: 2 })).rejects.toThrow(
      /nothing to pack: the linear layers are dense/,
    );
    const liar = {
      ...init(pico, 0),
      config: { ...pico, linear: { ...ternary("per-tensor"), rounded: true } as LinearSpec },
    };
    await expect(savePacked(liar, join(base, "x"), { bits: 2 })).rejects.toThrow(/layers\.0\.mixer\.q is not ternary/);
    expect(readdirSync(base)).toEqual([]);
  });
});

function countOf({ params }: Model<e.Tensor>, paths: ReadonlySet<string>): number {
  return e.tree.entries<e.Tensor>(params).reduce((sum, [path, { size }]) => sum + (paths.has(path) ? size : 0), 0);
}
