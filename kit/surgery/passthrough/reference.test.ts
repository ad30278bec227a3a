/** The tensors, configs and cards that mergekit 0.1.5 wrote, and the configurations it refuses. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { reference } from "../../test/golden/reference.js";
import { fromHuggingFace, readSafetensorsFolder } from "../../weights/index.js";
import { mirrored } from "../../weights/testing/mirror.js";
import { merge } from "./merge.js";
import { type MergePlan, planMerge } from "./plan.js";

type Case = {
  readonly extra_args: readonly string[];
  readonly tensors: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly dtype: string; readonly sha256: string }>
  >;
  readonly "config.json": Readonly<Record<string, unknown>>;
  readonly "model.safetensors.index.json"?: { readonly metadata: { readonly total_size: number } };
  readonly "README.md"?: string;
};

type Expected = {
  readonly cases: Readonly<Record<string, Case>>;
  readonly errors?: Readonly<Record<string, { readonly yaml: string; readonly exception: string }>>;
};

const parts = ["expected-1.json", "expected-2.json"].flatMap(
  (name) => reference<Expected>("reference", "mergekit", name) ?? [],
);
const cases = parts.flatMap((part) => Object.entries(part.cases));
const errors = parts.flatMap((part) => Object.entries(part.errors ?? {}));

/** Plans a merge of the mirror's models. */
async function planned(file: string): Promise<MergePlan> {
  const names = new Set(readFileSync(file, "utf8").match(/\bpico-\w+/g));
  const models = Object.fromEntries([...names].map((name) => [name, mirrored("reference", "mergekit", name)]));
  return await planMerge(file, { models });
}

/** mergekit merges these although they are mistaken; here they are errors. */
const mistaken: Readonly<Record<string, RegExp>> = {
  "10-misspelt": /a slice has no key paramters \(.*:5:5\): expected sources, parameters. Did you mean parameters\?$/,
  "12-reversed-range": /layer_range \[3, 1\] is reversed \(.*:7:22\)/,
};

async function merged(name: string): Promise<string> {
  const { extra_args: args } = new Map(cases).get(name)!;
  const plan = await planned(mirrored("reference", "mergekit", `${name}.yaml`));
  const maxShardBytes = args[0] === "--out-shard-size" ? Number(args[1].replace("K", "000")) : undefined;
  return await merge(plan, join(temporaryFolder(), "merged"), { maxShardBytes });
}

async function hashes(folder: string): Promise<Case["tensors"]> {
  const { tensors } = await readSafetensorsFolder(folder);
  return Object.fromEntries(
    [...tensors].map(([name, { file, offset, bytes, dtype, shape }]) => {
      const data = readFileSync(file).subarray(offset, offset + bytes);
      return [name, { shape, dtype, sha256: createHash("sha256").update(data).digest("hex") }];
    }),
  );
}

describe.skipIf(cases.length === 0)("mergekit's own results", () => {
  test.each(cases.filter(([name]) => !(name in mistaken)))("%s", async (name, expected) => {
    const folder = await merged(name);
    const tensors = Object.entries(expected.tensors).map(([tensor, { shape, dtype, sha256 }]) => [
      tensor,
      { shape, dtype, sha256 },
    ]);
    expect(await hashes(folder)).toEqual(Object.fromEntries(tensors));

    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(fromHuggingFace(config, name)).toEqual(fromHuggingFace(expected["config.json"], name));
    expect(config.torch_dtype).toBe(expected["config.json"].dtype);

    const index = join(folder, "model.safetensors.index.json");
    expect(existsSync(index)).toBe(expected["model.safetensors.index.json"] != null);
    if (existsSync(index)) {
      const { metadata, weight_map } = JSON.parse(readFileSync(index, "utf8"));
      expect(metadata.total_size).toBe(expected["model.safetensors.index.json"]?.metadata.total_size);
      expect(Object.keys(weight_map).sort()).toEqual(Object.keys(expected.tensors).sort());
    }
    const text = readFileSync(mirrored("reference", "mergekit", `${name}.yaml`));
    expect(readFileSync(join(folder, "mergekit_config.yml"))).toEqual(text);
    if (expected["README.md"] === undefined) return;
    const madeBy = /^This is a merge of pre-trained language models created .*$/m;
    const card = readFileSync(join(folder, "README.md"), "utf8");
    expect(card.replace(madeBy, "")).toBe(expected["README.md"].replace(madeBy, ""));
    expect(card).toMatch(/created by kintsugi from a configuration of \[mergekit\]/);
  });

  test.each(Object.entries(mistaken))("%s, which mergekit passes over", async (name, message) => {
    const file = mirrored("reference", "mergekit", `${name}.yaml`);
    await expect(planned(file)).rejects.toThrow(message);
  });
});

/** What is said instead of mergekit's words. */
const words: Readonly<Record<string, RegExp>> = {
  "e1-layer-beyond":
    /layer_range \[0, 6\] goes beyond pico-a, which has 4 layers \(.*:4:22\): expected at most \[0, 4\]$/,
  "e2-two-sources": /A slice of a passthrough merge has 2 sources \(.*:5:9\): expected one$/,
  "e3-unknown-method": /merge_method is "passthru" \(.*:5:15\): expected passthrough$/,
  "e4-bad-dtype": /dtype is "bf16" \(.*:6:8\): expected .*bfloat16.* Did you mean bfloat16\?$/,
  "e5-negative-start": /layer_range \[-1, 2\] starts below 0 \(.*:4:22\): expected/,
  "e6-scale-is-text": /scale is "loud" \(.*:6:14\): expected a number$/,
  "e7-no-slices": /Nothing says what is merged \(.*:1:1\): expected exactly one of slices, models, modules$/,
  "e8-unequal-lengths":
    /has 3 mistakes:\n {2}5:9 .*2 sources.*\n {2}7:15 .*linear.*has the other methods\n {2}10:3 .*no key weight/,
  "e9-lone-range-number": /layer_range is \[0\] \(.*:4:22\): expected \[first, last \+ 1\]/,
};

describe.skipIf(errors.length === 0)("configurations that mergekit refuses", () => {
  test.each(errors)("%s", async (name, { yaml }) => {
    const folder = temporaryFolder();
    const file = join(folder, "merge.yml");
    writeFileSync(file, yaml);
    const error = await planned(file).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(words[name]);
    expect(readdirSync(folder)).toEqual(["merge.yml"]);
  });

  test("are all here", () => {
    expect(errors.map(([name]) => name).sort()).toEqual(Object.keys(words).sort());
  });
});
