import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { asideOf, discardDrafts, discarded, draftBeside, kept, sweepDrafts } from "./drafts.js";
import { writeAtomically } from "./files.js";
import { writeLargeFile } from "./large-file.js";
import { temporaryFolder } from "./testing/folder.js";

/** The number of a process that has ended. */
const ended = spawnSync(process.execPath, ["--version"]).pid;
const host = hostname().replace(/[^\w.-]/g, "_");

/** What a process left beside `out`: a folder that holds something. */
function left(folder: string, name: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "model.safetensors"), "half");
  return name;
}

test("what processes that have ended left is swept, and nothing else", async () => {
  const folder = temporaryFolder();
  left(folder, `.out.${ended}-123-01234567@${host}.tmp`);
  left(folder, `.out.${ended}---01234567@${host}.tmp`);
  const staying = [
    // Of a process that runs, of one on another machine, of another name, of something else.
    left(folder, `.out.${process.ppid}---01234567@${host}.tmp`),
    left(folder, `.out.${ended}-123-01234567@far.away.tmp`),
    left(folder, `.out.2.${ended}-123-01234567@${host}.tmp`),
    left(folder, `.outer.${ended}-123-01234567@${host}.tmp`),
    left(folder, `.out.${ended}.tmp`),
    left(folder, ".out.notes.tmp"),
  ];
  await sweepDrafts(join(folder, "out"), false);
  expect(readdirSync(folder).sort()).toEqual(staying.sort());
});

test.skipIf(!existsSync("/proc/self/stat"))("a process that got the number of the one before is another", async () => {
  const folder = temporaryFolder();
  left(folder, `.out.${process.ppid}-1-01234567@${host}.tmp`);
  await sweepDrafts(join(folder, "out"), false);
  expect(readdirSync(folder)).toEqual([]);
});

test("what stepped aside stays as long as nothing has its name", async () => {
  const folder = temporaryFolder();
  const aside = left(folder, `.out.${ended}-123-01234567@${host}.old`);
  await sweepDrafts(join(folder, "out"), false);
  expect(readdirSync(folder)).toEqual([aside]);
  await sweepDrafts(join(folder, "out"), true);
  expect(readdirSync(folder)).toEqual([]);
});

test("this process's own drafts are left by every sweep, and go with it", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "out");
  const [lost, finished, aside] = [draftBeside(out), draftBeside(out), asideOf(out)];
  for (const path of [lost, finished, aside]) {
    expect(dirname(path)).toBe(folder);
    left(folder, basename(path));
  }
  kept(finished);
  await sweepDrafts(out, true);
  expect(readdirSync(folder)).toHaveLength(3);
  discardDrafts();
  expect(readdirSync(folder).sort()).toEqual([finished, aside].map((path) => basename(path)).sort());
  await discarded(aside);
  expect(readdirSync(folder)).toEqual([basename(finished)]);
});

test("a large file sweeps the drafts of the same file; no write that ends leaves one to be discarded", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "model.gguf");
  writeFileSync(join(folder, `.model.gguf.${ended}-123-01234567@${host}.tmp`), "half");
  await writeLargeFile(file, (put) => put(Buffer.from("whole")));
  await writeAtomically(join(folder, "small"), (handle) => handle.writeFile("small"));
  discardDrafts();
  expect(readdirSync(folder).sort()).toEqual(["model.gguf", "small"]);
  expect(readFileSync(file, "utf8")).toBe("whole");
});
