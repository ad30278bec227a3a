import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { UserError } from "../errors.js";
import { writeLargeFile } from "./large-file.js";
import { temporaryFolder } from "./testing/folder.js";

const block = 4 * 2 ** 20;

/** Bytes that differ from block to block. */
function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i ^ (i >>> 8) ^ (i >>> 16) ^ (i >>> 22);
  return bytes;
}

/** Writes bytes in pieces whose memory is used again at once. */
async function writeInPieces(file: string, bytes: Uint8Array, piece: number): Promise<void> {
  const held = new Uint8Array(piece);
  await writeLargeFile(file, async (put) => {
    for (let start = 0; start < bytes.length; start += piece) {
      const part = bytes.subarray(start, start + piece);
      held.set(part);
      await put(held.subarray(0, part.length));
      held.fill(0);
    }
  });
}

test.each<[string, number, number]>([
  ["nothing", 0, 1],
  ["less than a block", 1000, 7],
  ["exactly two blocks", 2 * block, block],
  ["a piece over several blocks", 3 * block + 1, 3 * block + 1],
  ["pieces of an odd length", 2 * block + 12_345, 999_983],
])("%s", async (_, length, piece) => {
  const file = join(temporaryFolder(), "file");
  const bytes = bytesOf(length);
  await writeInPieces(file, bytes, piece);
  expect(Buffer.compare(readFileSync(file), bytes)).toBe(0);
});

test.skipIf(!existsSync("/dev/shm"))("in memory, where a file system may know no direct access", async () => {
  const folder = mkdtempSync("/dev/shm/kintsugi-test-");
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bytes = bytesOf(2 * block + 5);
  await writeInPieces(join(folder, "file"), bytes, 1_000_000);
  expect(Buffer.compare(readFileSync(join(folder, "file")), bytes)).toBe(0);
});

test("blocks that lie anywhere: direct access refuses them, ordinary writes take over", async () => {
  const memory = vi.spyOn(WebAssembly, "Memory").mockImplementation(function refuse() {
    throw new RangeError("could not allocate memory");
  });
  onTestFinished(() => memory.mockRestore());
  const file = join(temporaryFolder(), "file");
  const bytes = bytesOf(2 * block + 5);
  await writeInPieces(file, bytes, 1_000_000);
  expect(memory).toHaveBeenCalledOnce();
  expect(Buffer.compare(readFileSync(file), bytes)).toBe(0);
});

test("a failure in the middle leaves what was there", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "file");
  await writeInPieces(file, bytesOf(10), 10);
  const failing = writeLargeFile(file, async (put) => {
    await put(bytesOf(block + 1));
    throw new UserError("no more");
  });
  await expect(failing).rejects.toThrow("no more");
  expect(readdirSync(folder)).toEqual(["file"]);
  expect(readFileSync(file)).toHaveLength(10);
});

const prlimit = ["/usr/bin/prlimit", "/bin/prlimit"].find((path) => existsSync(path));
test.skipIf(prlimit === undefined)("a quota that is reached in the second block is told", async () => {
  const folder = temporaryFolder();
  const limit = (bytes: string): void =>
    void execFileSync(prlimit!, ["--pid", String(process.pid), `--fsize=${bytes}:`]);
  limit(String(block + 1_000_000));
  try {
    await expect(writeInPieces(join(folder, "file"), bytesOf(3 * block), 1_000_000)).rejects.toThrow(
      /the file would pass the size limit/,
    );
  } finally {
    limit("unlimited");
  }
  expect(readdirSync(folder)).toEqual([]);
});
