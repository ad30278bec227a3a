import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { read, type Tensor } from "../engine/index.js";
import type { TensorRef } from "../engine/ref.js";
import { entries } from "../engine/tree.js";
import type { Model } from "../model/config.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open } from "./checkpoint.js";
import { load } from "./load.js";
import { readRef } from "./read.js";
import { save } from "./save.js";
import { writeSmall } from "./testing/llama.js";
import { mirror, mirrored } from "./testing/mirror.js";

const inMemory = (model: Model<Tensor>): [string, number[]][] =>
  entries<Tensor>(model.params).map(([path, leaf]) => [path, [...read(leaf)]]);
const onDisk = (model: Model<TensorRef>): [string, number[]][] =>
  entries<TensorRef>(model.params).map(([path, leaf]) => [path, [...readRef(leaf)]]);

test("a loaded model has the values of the opened one, and is saved with them", async () => {
  const folder = writeSmall(join(temporaryFolder(), "small"));
  const [opened, loaded] = [await open(folder), await load(folder)];
  expect(loaded.model.config).toEqual(opened.model.config);
  expect(inMemory(loaded.model)).toEqual(onDisk(opened.model));
  const out = join(temporaryFolder(), "out");
  await save(loaded.model, out, { like: loaded });
  const again = await open(out);
  expect(again.info.dtypes).toEqual({ F32: 1176 });
  expect(onDisk(again.model)).toEqual(onDisk(opened.model));
  // Its values fit sixteen bits, so nothing is lost on the way back.
  await save(loaded.model, `${out}16`, { like: loaded, dtype: "BF16" });
  expect(onDisk((await open(`${out}16`)).model)).toEqual(onDisk(opened.model));
});

describe.skipIf(mirror === undefined)("real checkpoints", () => {
  test("an interleaved model in memory is saved like the same model on disk", async () => {
    const [opened, loaded] = [await open(mirrored("stories260k")), await load(mirrored("stories260k"))];
    const base = temporaryFolder();
    await save(opened.model, join(base, "a"));
    await save(loaded.model, join(base, "b"));
    expect(onDisk((await open(join(base, "b"))).model)).toEqual(onDisk((await open(join(base, "a"))).model));
  });
});
