import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { init, liquid, llama, teenyS } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { trainBpe } from "../text/index.js";
import { inspect, open, save } from "../weights/index.js";
import { writeSmall } from "../weights/testing/llama.js";
import { exportCommand, sizeTable } from "./export.js";
import { describe } from "./inspect.js";
import { runCommand } from "./testing/run.js";

const small = { vocab: 11, width: 8, depth: 2, heads: 2, hidden: 12, context: 16 };

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(exportCommand(), args)).out;
}

test("teeny-s packed: five codes a byte, an embedding of bytes; the table, the folder, the tokenizer", async () => {
  const base = temporaryFolder();
  const [from, out] = [join(base, "teeny"), join(base, "out")];
  const config = { ...teenyS, vocab: 257 };
  await save(init(config, 0), from, { tokenizer: trainBpe(["dog"], { vocab: 257 }) });
  const text = await run(from, out, "--packed", "1.6", "--embedding", "int8");
  // Rows of 512 (the MLP's way down) lie in blocks of 256 codes and 52 bytes, all others five a byte.
  const down = 6 * 192 * 512;
  const bytes = (down / 256) * 52 + (3_105_792 - down) / 5 + 4 * 6 * 10;
  const shown = Math.ceil(bytes).toLocaleString("en-US").slice(0, 5);
  expect(text).toMatch(/^ +parameters +float32 bytes +packed bytes +bits a weight$/m);
  expect(text).toMatch(new RegExp(`^ternary matrices +3,105,792 +12,423,168 +${shown}\\d\\d +1\\.60\\d$`, "m"));
  expect(text).toMatch(/^embedding +49,344 +197,376 +50,372 +8\.167$/m);
  expect(text).toMatch(/^total +3,171,456 +12,685,824 +/m);
  expect(text.split("\n").at(-1)).toBe(out);
  expect((await open(out)).tokenizer?.vocab).toBe(257);
  expect(describe(await inspect(out))).toMatch(/linear +ternary, scale per-tensor, norm block; rounded for good/);
});

test("without --packed it is a copy, in another element type if wanted", async () => {
  const base = temporaryFolder();
  const from = writeSmall(join(base, "from"));
  await run(from, join(base, "same"));
  expect((await open(join(base, "same"))).info.dtypes).toEqual({ BF16: 1176 });
  await run(from, join(base, "half"), "--dtype", "f16");
  expect((await open(join(base, "half"))).info.dtypes).toEqual({ F16: 1176 });
  await expect(run(from, join(base, "half"))).rejects.toThrow(/half is not empty/);
  await run(from, join(base, "half"), "--force");
  expect((await open(join(base, "half"))).info.dtypes).toEqual({ BF16: 1176 });
});

test("for transformers with its Python, and for llama.cpp as one file", async () => {
  const base = temporaryFolder();
  const from = writeSmall(join(base, "from"));
  await save(init(liquid(llama(small)), 0), join(base, "liquid"));
  await run(join(base, "liquid"), join(base, "hf"), "--format", "hf");
  expect(readdirSync(join(base, "hf"))).toContain("modeling_kintsugi.py");
  expect(describe(await inspect(join(base, "hf")))).toMatch(/\{0-1\}\.squeeze_excite\.down\.weight/);
  expect(await run(from, join(base, "x.gguf"), "--format", "gguf", "--dtype", "q8_0")).toBe(join(base, "x.gguf"));
  // Rows of 8 and 12 values fill no block of 32.
  expect((await open(join(base, "x.gguf"))).info.dtypes).toEqual({ F32: 1176 });
  await expect(run(join(base, "liquid"), join(base, "y.gguf"), "--format", "gguf")).rejects.toThrow(
    /A GGUF file of a Llama has no adaptiveRmsNorm \(layer 0\)/,
  );
});

test.each<[string[], RegExp]>([
  [["--dtype", "q8_0"], /--dtype q8_0 is for GGUF files\. Add --format gguf/],
  [["--packed", "3"], /Allowed choices are 1\.6, 2/],
  [["--packed", "2", "--dtype", "f16"], /cannot be used with option '--packed/],
  [["--embedding", "int8"], /--embedding is for packed models\. Add --packed/],
  [["--packed", "2"], /nothing to pack: the linear layers are dense/],
])("%j is one clear error", async (options, message) => {
  const base = temporaryFolder();
  await expect(run(writeSmall(join(base, "from")), join(base, "out"), ...options)).rejects.toThrow(message);
});

test("a table of sizes adds up", () => {
  const sizes = [
    { kind: "a", parameters: 1000, bytes: 200 },
    { kind: "bc", parameters: 10, bytes: 40 },
  ];
  expect(sizeTable(sizes).split("\n")).toEqual([
    "       parameters  float32 bytes  packed bytes  bits a weight",
    "a           1,000          4,000           200          1.600",
    "bc             10             40            40         32.000",
    "total       1,010          4,040           240          1.901",
  ]);
});
