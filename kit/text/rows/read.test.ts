import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { type Columns, readRows } from "./read.js";

function file(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

async function rows(path: string, between?: string): Promise<{ columns: Columns; where: string }[]> {
  const found: { columns: Columns; where: string }[] = [];
  for await (const { columns, where } of readRows(path, between)) {
    found.push({ columns, where: where.replace(path, "FILE") });
  }
  return found;
}

const two = [
  { a: "x", n: [1] },
  { a: "y", n: [] },
];

describe("rows", () => {
  it("of JSON Lines know their line", async () => {
    expect(await rows(file("a.jsonl", `${JSON.stringify(two[0])}\n\n${JSON.stringify(two[1])}`))).toEqual([
      { columns: two[0], where: "FILE:1" },
      { columns: two[1], where: "FILE:3" },
    ]);
  });

  it("of a JSON file are a list, or lines", async () => {
    const expected = [
      { columns: two[0], where: "FILE, row 1" },
      { columns: two[1], where: "FILE, row 2" },
    ];
    expect(await rows(file("a.json", JSON.stringify(two)))).toEqual(expected);
    expect(await rows(file("a.json", `\n ${JSON.stringify(two, null, 2)}\n`))).toEqual(expected);
    expect((await rows(file("a.json", two.map((row) => JSON.stringify(row)).join("\n"))))[1]).toEqual({
      columns: two[1],
      where: "FILE:2",
    });
    expect(await rows(file("a.json", ""))).toEqual([]);
  });

  it("of a list are read by the rules of lines: UTF-8, with or without its mark", async () => {
    for (const name of ["a.json", "a.jsonl"]) {
      const text = name === "a.json" ? JSON.stringify(two) : two.map((row) => JSON.stringify(row)).join("\n");
      expect((await rows(file(name, `\ufeff${text}`))).map(({ columns }) => columns)).toEqual(two);
      const broken = Buffer.from(text.replace("x", "\u00ff"), "latin1");
      await expect(rows(file(name, broken))).rejects.toThrow(/^the file is no UTF-8 text \(/);
    }
  });

  it("of compressed files are those of the files", async () => {
    const lines = two.map((row) => JSON.stringify(row)).join("\n");
    const found = await rows(file("a.jsonl.gz", gzipSync(lines)));
    expect(found.map(({ columns }) => columns)).toEqual(two);
    expect(found[1].where).toBe("FILE:2");
    expect(await rows(file("a.json.gz", gzipSync(JSON.stringify(two))))).toEqual(
      await rows(file("a.json", JSON.stringify(two))),
    );
    expect((await rows(file("a.txt.gz", gzipSync("one\n"))))[0].columns).toEqual({ text: "one" });
    await expect(rows(file("a.jsonl.gz", lines))).rejects.toThrow(/cannot be read: incorrect header.*\.gz\)/);
  });

  it("of a Parquet file have lists of structures", async () => {
    const messages = [
      [
        { role: "user", content: "q" },
        { role: "assistant", content: "a" },
      ],
      [],
    ];
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: "id", data: ["1", "2"], type: "STRING" },
        { name: "messages", data: messages, type: "JSON" },
      ],
    });
    expect(await rows(file("a.parquet", new Uint8Array(bytes)))).toEqual([
      { columns: { id: "1", messages: messages[0] }, where: "FILE, row 1" },
      { columns: { id: "2", messages: [] }, where: "FILE, row 2" },
    ]);
  });

  it("of a plain text are its documents", async () => {
    expect(await rows(file("a.txt", "one\n<|endoftext|>\ntwo\nmore"))).toEqual([
      { columns: { text: "one" }, where: "FILE, document 1" },
      { columns: { text: "two\nmore" }, where: "FILE, document 2" },
    ]);
    expect((await rows(file("a.txt", "one\ntwo\n"), "\n")).map(({ columns }) => columns.text)).toEqual(["one", "two"]);
  });

  it("that are broken are one error, with the line", async () => {
    await expect(rows(file("a.jsonl", '{"text":"x"}\n{"text":'))).rejects.toThrow(
      /this line is no JSON \(.*a\.jsonl:2\)/,
    );
    await expect(rows(file("a.jsonl", '"x"\n'))).rejects.toThrow(/no object \(.*a\.jsonl:1\)/);
    await expect(rows(file("a.json", '[{"a":1},3]'))).rejects.toThrow(/no object \(.*a\.json, row 2\)/);
    await expect(rows(file("a.json", '[{"a":1}'))).rejects.toThrow(/cannot be read as JSON/);
    await expect(rows(file("a.csv", "a,b"))).rejects.toThrow(/no file of rows.*\.parquet, \.jsonl, .*\.json, .*\.txt/);
    await expect(rows(join(temporaryFolder(), "none.jsonl"))).rejects.toThrow(/cannot be read/);
  });
});
