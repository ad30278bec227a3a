/** What is begun, kept and filed beside a model that is healed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, it, test } from "vitest";
import { healingRun, healingStudy, type Run, readRun, recordPath, recordsFolder } from "../lab/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { armOf, begin, claim, expectFree, filed, folderOf, tidied } from "./healFolder.js";

const toys = { kind: "toy-stories", seed: 0, count: 40 } as const;
const run: Run = await healingRun("filed-in-a-test", 0, { source: "pico", corpus: toys, tokens: 512 });

afterEach(() => rmSync(join(recordsFolder(), healingStudy, run.arm), { recursive: true, force: true }));

/** A working folder with a complete record. */
function carriedOut(root: string, record: string): string {
  const work = folderOf(join(root, "model"));
  const path = recordPath(run, work);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, record);
  return work;
}

const shared = "/dev/shm";
const isOtherDisk = existsSync(shared) && statSync(shared).dev !== statSync(recordsFolder()).dev;

it.runIf(isOtherDisk)("a record is filed from another disk", async () => {
  const root = mkdtempSync(join(shared, "kintsugi-test-"));
  try {
    const work = carriedOut(root, "the record\n");
    expect(readFileSync(await filed(run, work), "utf8")).toBe("the record\n");
    expect(existsSync(work)).toBe(false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("a record gives way to no other, and what is not filed stays", async () => {
  const path = await filed(run, carriedOut(temporaryFolder(), "the first\n"));
  const work = carriedOut(temporaryFolder(), "the second\n");
  await expect(filed(run, work)).rejects.toThrow(/a run of this name and these options is recorded .*filed-in-a-te/);
  expect([path, recordPath(run, work)].map((file) => readFileSync(file, "utf8"))).toEqual([
    "the first\n",
    "the second\n",
  ]);
  await expect(filed(run, carriedOut(temporaryFolder(), "the first\n"))).resolves.toBe(path);
});

test("a model whose record is still to be filed is gone on with, any other is in the way", async () => {
  const root = temporaryFolder();
  const out = join(root, "model");
  mkdirSync(out);
  expect(() => expectFree(out)).toThrow(/exists/);
  mkdirSync(folderOf(out));
  expect(() => expectFree(out)).not.toThrow();
  await expect(begin(run, out, folderOf(out))).rejects.toThrow(/exists/);
  await expect(begin(run, out, carriedOut(root, "the record\n"))).resolves.toBeUndefined();
});

test("a model is this healing's from the moment it is about to be saved, and not before", async () => {
  const out = join(temporaryFolder(), "model");
  const work = folderOf(out);
  await begin(run, out, work);
  mkdirSync(out);
  await expect(claim(out, work)).rejects.toThrow(/exists/);
  rmSync(out, { recursive: true });
  await claim(out, work);
  mkdirSync(out);
  await expect(claim(out, work)).resolves.toBeUndefined();
  await expect(begin(run, out, work)).resolves.toBeUndefined();
  tidied(work);
  await expect(begin({ ...run, seed: 1 }, out, work)).rejects.toThrow(
    /another healing was begun here: seed is 0, not 1/,
  );
});

test.each([
  ["/a/model-1.5_b", "model-1.5_b"],
  ["/a/my model", "my-model"],
  ["/a/.x", "_.x"],
  ["/a/-x", "_-x"],
  ["/a/модель", "_------"],
  ["/", "_"],
])("the record of %s has a name that it can be read by", (out, arm) => {
  expect(armOf(out)).toBe(arm);
  expect(readRun({ ...run, arm })).toMatchObject({ arm });
});
