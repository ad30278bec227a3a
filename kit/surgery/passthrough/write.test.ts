import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { fittedText, type MergePlan, mergeText, planMerge } from "../index.js";
import { writeConfig, writeLlama, writeVocabulary } from "../testing/folders.js";

const folder = temporaryFolder();
const model = writeLlama(join(folder, "a model"), 4);

/** Everything that a plan says of its tensors. */
function tensorsOf({ parts: { before, layers, after } }: MergePlan) {
  return [before, ...layers, after].flatMap(({ source, part, tensors }) =>
    tensors.map(({ name, from, ref }) => ({ source, part, name, from, ...ref, scale: ref.scale ?? 1 })),
  );
}

async function planned(text: string): Promise<MergePlan> {
  return await planMerge(writeConfig(temporaryFolder(), text));
}

describe("a configuration written from values", () => {
  it("is read as what it says", async () => {
    const scale = [{ filter: "o_proj", value: [1, 2] }, { value: 1e-7 }];
    const plan = await planned(
      mergeText(
        [
          { model, layers: [0, 3] },
          { model, layers: [2, 4], scale },
        ],
        { dtype: "float32", out_dtype: "bfloat16" },
      ),
    );
    expect(plan.parts.layers.map(({ part }) => part)).toEqual([0, 1, 2, 2, 3]);
    const scales = plan.parts.layers.map(({ tensors }) =>
      tensors.filter(({ from }) => /o_proj|up_proj/.test(from)).map(({ ref }) => ref.scale),
    );
    expect(scales.slice(2).map((layer) => [...layer].sort())).toEqual([
      [undefined, undefined],
      [1, 1e-7],
      [1e-7, 2],
    ]);
    expect(plan.dtype).toBe("BF16");
    expect(plan.parts.layers[0].tensors[0].ref.cast).toBe("F32");
  });
});

describe("a merge with factors that were fitted", () => {
  it("is the merge it was, each tensor times its factor", async () => {
    const half = [
      { filter: "o_proj", value: [0.5, 2] },
      { filter: "embed", value: 3 },
      { filter: "q_proj", value: 0.25 },
    ];
    const before = await planned(
      mergeText(
        [
          { model, layers: [0, 3], scale: half },
          { model, layers: [1, 4], scale: [{ value: 1.5 }] },
        ],
        { dtype: "float32" },
      ),
    );
    const factors = { "layers.0.mixer.o": 0.75, "layers.4.mlp.down": -1.25, "layers.5.mixer.o": 1 };
    const after = await planned(fittedText(before, factors));
    const fitted = new Map([
      ["model.layers.0.self_attn.o_proj.weight", 0.75],
      ["model.layers.4.mlp.down_proj.weight", -1.25],
    ]);
    const expected = tensorsOf(before).map((one) => ({ ...one, scale: one.scale * (fitted.get(one.name) ?? 1) }));
    expect(tensorsOf(after)).toEqual(expected);
    expect(expected.filter(({ name }) => fitted.has(name)).map(({ scale }) => scale)).toEqual([0.375, -1.875]);
  });

  it.each(["base", model])("keeps the rows of a tokenizer that was asked for as %s", async (asked) => {
    writeVocabulary(
      model,
      Array.from({ length: 9 }, (_, i) => `w${i}`),
    );
    const slices = [{ model, layers: [0, 4] }] as const;
    const [plain, trimmed] = [
      await planned(mergeText(slices)),
      await planned(mergeText(slices, { tokenizer_source: asked })),
    ];
    const after = await planned(fittedText(trimmed, { "layers.0.mixer.o": 0.75 }));
    const rows = [plain, trimmed, after].map(({ config }) => config.vocab_size);
    expect(rows).toEqual([11, 9, 9]);
    expect(after.parts.before).toEqual(trimmed.parts.before);
    expect(fittedText(plain, {})).not.toContain("tokenizer_source");
  });
});
