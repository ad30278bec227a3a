/** What is begun, kept and filed beside a model that is healed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, it, test } from "vitest";
import { healingRun, healingStudy, type Run, recordPath, recordsFolder } from "../lab/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { begin, expectFree, filed, folderOf } from "./healFolder.js";

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
  await expect(filed(run, work)).rejects.toThrow(
    /a healing of this name and these options is recorded .*filed-in-a-te/,
  );
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
