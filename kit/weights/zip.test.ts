import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import type { GgufSpan } from "./gguf.js";
import { listZip, zipSpan } from "./zip.js";

type File = {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  readonly crc?: number;
  readonly flags?: number;
};

/** Builds a zip archive by hand: local headers, then the central directory (APPNOTE 4.3). */
function zipBytes(files: readonly File[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate = false, crc = crc32(content), flags = 0 } of files) {
    const body = deflate ? deflateRawSync(content) : Buffer.from(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), body]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

function archive(...files: File[]): string {
  const path = join(temporaryFolder(), "a.whl");
  writeFileSync(path, zipBytes(files));
  return path;
}

const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255);
const read = ({ file, offset, bytes }: GgufSpan): Buffer => readFileSync(file).subarray(offset, offset + bytes);

test("lists its files", async () => {
  const path = archive({ name: "m/", content: new Uint8Array(0) }, { name: "m/x.gguf", content, deflate: true });
  expect(await listZip(path)).toEqual([
    { name: "m/", bytes: 0, compressed: false },
    { name: "m/x.gguf", bytes: content.length, compressed: true },
  ]);
});

test("a stored entry is read in place", async () => {
  const path = archive({ name: "other", content: Buffer.from("abc") }, { name: "m/x.gguf", content });
  const cache = temporaryFolder();
  const span = await zipSpan(path, "m/x.gguf", cache);
  expect(span.file).toBe(path);
  expect(Buffer.compare(read(span), content)).toBe(0);
  expect(readdirSync(cache)).toEqual([]);
});

test("a compressed entry is inflated once, and again only if it changed", async () => {
  const cache = join(temporaryFolder(), "made", "when needed");
  const path = archive({ name: "m/x.gguf", content, deflate: true });
  const span = await zipSpan(path, "m/x.gguf", cache);
  expect(Buffer.compare(read(span), content)).toBe(0);
  expect(await zipSpan(path, "m/x.gguf", cache)).toEqual(span);
  expect(readdirSync(cache)).toHaveLength(1);
  const changed = content.map((byte) => byte ^ 1);
  const other = await zipSpan(archive({ name: "m/x.gguf", content: changed, deflate: true }), "m/x.gguf", cache);
  expect(Buffer.compare(read(other), changed)).toBe(0);
  expect(readdirSync(cache)).toHaveLength(2);
});

describe("what a damaged archive is told", () => {
  const good = zipBytes([{ name: "x.gguf", content, deflate: true }]);
  const bomb: File = { name: "x.gguf", content: new Uint8Array(1_000_000), deflate: true };
  /** The same archive, but promising a thousand bytes. */
  const lying = (): Buffer => {
    const bytes = zipBytes([bomb]);
    const size = Buffer.from(Uint32Array.of(1_000_000).buffer);
    for (let at = bytes.indexOf(size); at >= 0; at = bytes.indexOf(size)) bytes.writeUInt32LE(1000, at);
    return bytes;
  };
  test.each<[string, () => Buffer, RegExp]>([
    ["truncated", () => good.subarray(0, good.length - 30), /is damaged/],
    [
      "a wrong checksum",
      () => zipBytes([{ name: "x.gguf", content, deflate: true, crc: 7 }]),
      /does not match its checksum/,
    ],
    ["more than promised", lying, /is damaged/],
    ["encrypted", () => zipBytes([{ name: "x.gguf", content, deflate: true, flags: 1 }]), /encrypted/],
    ["no such entry", () => zipBytes([{ name: "y.gguf", content }]), /holds no "x.gguf"/],
    ["a name that climbs out", () => zipBytes([{ name: "../x.gguf", content }]), /is damaged.*relative/],
  ])("%s", async (_, bytes, message) => {
    const path = join(temporaryFolder(), "a.whl");
    writeFileSync(path, bytes());
    const cache = temporaryFolder();
    const error = await zipSpan(path, "x.gguf", cache).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
    expect(readdirSync(cache)).toEqual([]);
  });
});
