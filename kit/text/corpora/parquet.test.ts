import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { readParquet } from "./parquet.js";

/** One column `text` of six rows in two row groups, written by PyArrow 26.0.1 with `row_group_size=4`. */
const files = {
  snappy:
    "UEFSMRUEFVgVWkwVBhUAEgAALEwQAAAAT25jZSB1cG9uIGEgdGltZQEUTOaXpeacrCDwn5mCCgpUd28AAAAAFQAVFBUYLBUIFRAVBhUGHAAAAAokAgAA" +
    "AAMHAgMkABUEFU4VUkwVBBUAEgAAJ5gQAAAAT25jZSB1cG9uIGEgdGltZQ8AAABsYXN0IGxhc3QgbGFzdCAVABUSFRYsFQQVEBUGFQYcAAAACSACAAAA" +
    "BAEBAwIVBBksNQAYBnNjaGVtYRUCABUMJQIYBHRleHQlAEwcAAAAFgwZLBkcJgAcFQwZNQAGEBkYBHRleHQVAhYIFq4BFrQBJn4mCCksFQQVABUCABUA" +
    "FRAVAgA8FkAZBhkmAgYAAAAWrgEWCCYIFrQBABkcJgAcFQwZNQAGEBkYBHRleHQVAhYEFqIBFqoBJqoCJrwBKSwVBBUAFQIAFQAVEBUCADwWPhkGGSYA" +
    "BAAAABaiARYEJrwBFqoBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZHBwAAADhAAAAUEFSMQ==",
  zstd:
    "UEFSMRUEFVgVakwVBhUAEgAAKLUv/SAsYQEAEAAAAE9uY2UgdXBvbiBhIHRpbWUQAAAA5pel5pysIPCfmYIKClR3bwAAAAAVABUUFSYsFQgVEBUGFQYc" +
    "AAAAKLUv/SAKUQAAAgAAAAMHAgMkABUEFU4VYEwVBBUAEgAAKLUv/SAnOQEAEAAAAE9uY2UgdXBvbiBhIHRpbWUPAAAAbGFzdCBsYXN0IGxhc3QgFQAV" +
    "EhUkLBUEFRAVBhUGHAAAACi1L/0gCUkAAAIAAAAEAQEDAhUEGSw1ABgGc2NoZW1hFQIAFQwlAhgEdGV4dCUATBwAAAAWDBksGRwmABwVDBk1AAYQGRgE" +
    "dGV4dBUMFggWrgEW0gEmjgEmCCksFQQVABUCABUAFRAVAgA8FkAZBhkmAgYAAAAWrgEWCCYIFtIBABkcJgAcFQwZNQAGEBkYBHRleHQVDBYEFqIBFsYB" +
    "JtYCJtoBKSwVBBUAFQIAFQAVEBUCADwWPhkGGSYABAAAABaiARYEJtoBFsYBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZHBwAAADi" +
    "AAAAUEFSMQ==",
};
const texts = ["Once upon a time", "日本 🙂\n\nTwo", "", "Once upon a time", "last last last "];

const bytesOf = (name: keyof typeof files): Buffer => Buffer.from(files[name], "base64");

function file(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), "a.parquet");
  writeFileSync(path, bytes);
  return path;
}

async function all(path: string, column = "text"): Promise<string[]> {
  const found: string[] = [];
  for await (const text of readParquet(path, column)) found.push(text);
  return found;
}

describe("texts of a Parquet file", () => {
  it("are read in order across row groups; a row without one is passed over", async () => {
    expect(await all(file(bytesOf("snappy")))).toEqual(texts);
  });

  it("must be there", async () => {
    await expect(all(file(bytesOf("snappy")), "story")).rejects.toThrow(/no column "story".*one of text/);
    await expect(all(join(temporaryFolder(), "none.parquet"))).rejects.toThrow(/no such file/);
  });

  it("cannot be read from another file, a cut one, or one that is compressed in another way", async () => {
    await expect(all(file(Buffer.from("a story, no table")))).rejects.toThrow(/the Parquet file cannot be read/);
    await expect(all(file(bytesOf("snappy").subarray(0, 300)))).rejects.toThrow(/the Parquet file cannot be read/);
    await expect(all(file(new Uint8Array()))).rejects.toThrow(/the Parquet file cannot be read/);
    await expect(all(file(bytesOf("zstd")))).rejects.toThrow(/ZSTD/);
  });

  it("cannot be read where a page is damaged", async () => {
    const bytes = bytesOf("snappy");
    bytes.fill(255, 30, 60);
    await expect(all(file(bytes))).rejects.toThrow(/the Parquet file cannot be read/);
  });
});
