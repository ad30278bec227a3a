import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlainDType, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { bytesOf } from "./chunks.js";
import { plainDTypes } from "./dtypes.js";
import { readRef } from "./read.js";
import { readSafetensors } from "./safetensors.js";
import { type TensorValues, writeSafetensors } from "./safetensors-write.js";
import { safetensorsBytes } from "./testing/safetensors.js";

function stored(bytes: Uint8Array, name = "x.safetensors"): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, bytes);
  return file;
}

/** The stored bytes of a tensor, whatever is pending. */
function raw(ref: TensorRef): Buffer {
  return readFileSync(ref.file).subarray(ref.offset, ref.offset + ref.bytes);
}

const f32 = (...values: number[]): Uint8Array => bytesOf(Float32Array.from(values));
const entry = (shape: string, begin: number, end: number, dtype = "F32"): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

/** Written by Python's safetensors 0.8.0 (`safetensors.torch.save`, metadata `format: pt`) from the tensors below. */
const golden =
  "4AIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJpNjQiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlswLDE2XX0sInouZjY0Ijp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMTYsNDBdfSwiZW1wdHkiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsNF0sImRhdGFfb2Zmc2V0cyI6WzQwLDQwXX0sImYzMiI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwyXSwiZGF0YV9vZmZzZXRzIjpbNDAsNTZdfSwiw6lcIlxuIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls1Niw2MF19LCJpMzIiOnsiZHR5cGUiOiJJMzIiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls2MCw2NF19LCJiLmJmMTYiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNjQsNzBdfSwiYS5mMTYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls3MCw3Nl19LCJpMTYiOnsiZHR5cGUiOiJJMTYiLCJzaGFwZSI6WzEsMSwxXSwiZGF0YV9vZmZzZXRzIjpbNzYsNzhdfSwiaTgiOnsiZHR5cGUiOiJJOCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6Wzc4LDgwXX0sInU4Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls4MCw4Ml19LCJib29sIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzgyLDg1XX19ICAgAAAAAAAAAED//////////wAAAAAAAPg/AAAAAAAAAIAAAAAAAADwf83MzD0AACDAAgAAAJl2ln4AAOBAAAAAgElASvEAAP97AQAAgACAgH8A/wEAAQ==";

const goldenTensors: [string, TensorValues][] = [
  ["z.f64", { dtype: "F64", shape: [3], values: Float64Array.of(1.5, -0, Number.POSITIVE_INFINITY) }],
  ["f32", { dtype: "F32", shape: [2, 2], values: Float32Array.of(0.1, -2.5, 3e-45, 1e38) }],
  ["a.f16", { dtype: "F16", shape: [3], values: Float32Array.of(65504, 6e-8, -0) }],
  ["b.bf16", { dtype: "BF16", shape: [3], values: Float32Array.of(3.140625, -1e30, 0) }],
  ["i64", { dtype: "I64", shape: [2], values: BigInt64Array.of(2n ** 62n, -1n) }],
  ["i32", { dtype: "I32", shape: [1], values: Int32Array.of(-(2 ** 31)) }],
  ["i16", { dtype: "I16", shape: [1, 1, 1], values: Int16Array.of(-32768) }],
  ["i8", { dtype: "I8", shape: [2], values: Int8Array.of(-128, 127) }],
  ["u8", { dtype: "U8", shape: [2], values: Uint8Array.of(0, 255) }],
  ["bool", { dtype: "BOOL", shape: [3], values: Uint8Array.of(1, 0, 1) }],
  ["empty", { dtype: "F32", shape: [0, 4], values: new Float32Array(0) }],
  ['é"\n', { dtype: "F32", shape: [], values: () => Float32Array.of(7) }],
];

describe("every element type", () => {
  test("the file equals the safetensors library's, byte for byte", async () => {
    const file = join(temporaryFolder(), "golden.safetensors");
    await writeSafetensors(file, goldenTensors);
    expect(readFileSync(file).toString("base64")).toBe(golden);
  });

  test("reads the library's file", async () => {
    const { tensors, metadata } = await readSafetensors(stored(Buffer.from(golden, "base64")));
    expect(metadata).toEqual({ format: "pt" });
    expect(new Set(tensors.keys())).toEqual(new Set(goldenTensors.map(([name]) => name)));
    for (const [name, { dtype, shape }] of goldenTensors) expect(tensors.get(name)).toMatchObject({ dtype, shape });
    expect([...readRef(tensors.get("z.f64")!)]).toEqual([1.5, -0, Number.POSITIVE_INFINITY]);
    expect([...readRef(tensors.get("a.f16")!)]).toEqual([65504, 2 ** -24, -0]);
    expect([...readRef(tensors.get("i64")!)]).toEqual([2 ** 62, -1]);
    expect([...readRef(tensors.get("bool")!)]).toEqual([1, 0, 1]);
    expect(readRef(tensors.get("empty")!)).toHaveLength(0);
  });

  test("any bytes survive write, read and streamed copy", async () => {
    const folder = temporaryFolder();
    const widths: Record<PlainDType, number> = {
      F64: 8,
      F32: 4,
      F16: 2,
      BF16: 2,
      I64: 8,
      I32: 4,
      I16: 2,
      I8: 1,
      U8: 1,
      BOOL: 1,
    };
    const tensor = fc.record({
      dtype: fc.constantFrom(...plainDTypes),
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      seed: fc.integer({ min: 0, max: 255 }),
    });
    const names = fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(names, fc.array(tensor, { minLength: 6, maxLength: 6 }), async (keys, kinds) => {
        const sources = keys.map((key, i): [string, TensorRef] => {
          const { dtype, shape, seed } = kinds[i];
          const file = join(folder, `raw-${i}`);
          const bytes = shape.reduce((a, b) => a * b, widths[dtype]);
          writeFileSync(
            file,
            Uint8Array.from({ length: bytes + 3 }, (_, k) => (seed + 7 * k) & 255),
          );
          return [key, { file, offset: 3, bytes, dtype, shape }];
        });
        const [first, second] = [join(folder, "a.safetensors"), join(folder, "b.safetensors")];
        await writeSafetensors(first, sources);
        const { tensors } = await readSafetensors(first);
        for (const [key, ref] of sources) expect(Buffer.compare(raw(tensors.get(key)!), raw(ref))).toBe(0);
        await writeSafetensors(second, [...tensors].reverse());
        expect(Buffer.compare(readFileSync(first), readFileSync(second))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("values to write", () => {
  const one = (dtype: PlainDType, values: TensorValues["values"], shape = [2]): Promise<void> =>
    writeSafetensors(join(temporaryFolder(), "x"), [["t", { dtype, shape, values }]]);

  test("arrays of another realm, such as a notebook's cell, count as what they are", async () => {
    const file = join(temporaryFolder(), "x.safetensors");
    const foreign = runInNewContext("Float32Array.of(1, 2.5)") as Float32Array;
    expect(foreign instanceof Float32Array).toBe(false);
    await writeSafetensors(file, [
      ["a", { dtype: "BF16", shape: [2], values: foreign }],
      ["b", { dtype: "F32", shape: [2], values: foreign }],
    ]);
    const { tensors } = await readSafetensors(file);
    expect([...tensors.values()].map((ref) => [...readRef(ref)])).toEqual([
      [1, 2.5],
      [1, 2.5],
    ]);
  });

  test("that do not fill their shape, or are of another width, are refused", async () => {
    await expect(one("F32", Float32Array.of(1))).rejects.toThrow(/"t" has 1 values.*expected 2 for \[2\]/);
    await expect(one("I64", Int32Array.of(1, 2))).rejects.toThrow(/given as Int32Array.*elements of I64/);
    await expect(one("F32", () => Float32Array.of(1, 2), [2 ** 30, 2 ** 30])).rejects.toThrow(/too large/);
  });

  test("names that cannot be", async () => {
    const t: TensorValues = { dtype: "U8", shape: [], values: Uint8Array.of(1) };
    const file = join(temporaryFolder(), "x");
    const wide: TensorValues = { dtype: "F32", shape: [], values: Float32Array.of(1) };
    for (const other of [t, wide]) {
      await expect(
        writeSafetensors(file, [
          ["t", t],
          ["s", t],
          ["t", other],
        ]),
      ).rejects.toThrow(/Two tensors are named "t"/);
    }
    await expect(writeSafetensors(file, [["__metadata__", t]])).rejects.toThrow(/cannot be named/);
    await expect(writeSafetensors(file, [["\ud800", t]])).rejects.toThrow(/cannot be named/);
  });
});

describe("what a damaged or lying file is told", () => {
  const ok = `{"a":${entry("[2]", 0, 8)}}`;
  const cases: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(0), /0 bytes long/],
    ["seven bytes", new Uint8Array(7), /7 bytes long/],
    ["a 2^60-byte header", safetensorsBytes(ok, f32(1, 2), 2n ** 60n), /claims 1152921504606846976 bytes/],
    ["the largest length there is", safetensorsBytes(ok, f32(1, 2), 2n ** 64n - 1n), /claims 18446744073709551615/],
    ["a header of nothing", safetensorsBytes("", new Uint8Array(0)), /expected \{/],
    ["truncated data", safetensorsBytes(ok, f32(1)), /ends at byte 8 of 4/],
    ["bytes after the last tensor", safetensorsBytes(ok, f32(1, 2, 3)), /4 bytes follow the last tensor/],
    ["a truncated header", safetensorsBytes(ok.slice(0, -2), new Uint8Array(0)), /expected , or \}/],
    ["text behind the header", safetensorsBytes(`${ok}x`, f32(1, 2)), /text after the closing/],
    [
      "overlap",
      safetensorsBytes(`{"a":${entry("[2]", 0, 8)},"b":${entry("[2]", 4, 12)}}`, f32(1, 2, 3)),
      /"b" overlaps/,
    ],
    [
      "a hole",
      safetensorsBytes(`{"a":${entry("[1]", 0, 4)},"b":${entry("[1]", 8, 12)}}`, f32(1, 2, 3)),
      /4 unclaimed bytes before tensor "b"/,
    ],
    [
      "offsets that run backwards",
      safetensorsBytes(`{"a":${entry("[2]", 8, 0)}}`, f32(1, 2)),
      /span -8 bytes.*expected 8 bytes/,
    ],
    [
      "a size that the type contradicts",
      safetensorsBytes(`{"a":${entry("[2]", 0, 8, "F16")}}`, f32(1, 2)),
      /span 8 bytes.*expected 4 bytes for F16 \[2\]/,
    ],
    [
      "a shape beyond counting",
      safetensorsBytes(`{"a":${entry("[4294967296,4294967296,16]", 0, 0)}}`, f32()),
      /span 0 bytes.*expected NaN/,
    ],
    [
      "an offset beyond 2^53",
      safetensorsBytes(`{"a":${entry("[2]", 0, 0).replace("[0,0]", "[0,99999999999999999999]")}}`, f32(1, 2)),
      /beyond 2\^53/,
    ],
    ["a negative size", safetensorsBytes(`{"a":${entry("[-2]", 0, 8)}}`, f32(1, 2)), /whole number/],
    ["a fraction", safetensorsBytes(`{"a":${entry("[2.0]", 0, 8)}}`, f32(1, 2)), /expected , or \]/],
    [
      "an unknown type",
      safetensorsBytes(`{"a":${entry("[2]", 0, 8, "F128")}}`, f32(1, 2)),
      /Unknown element type "F128".*BF16/,
    ],
    [
      "a type of another format",
      safetensorsBytes(`{"a":${entry("[32]", 0, 20, "Q4_1")}}`, new Uint8Array(20)),
      /Unknown element type "Q4_1"/,
    ],
    [
      "a name twice",
      safetensorsBytes(`{"a":${entry("[1]", 0, 4)},"a":${entry("[1]", 4, 8)}}`, f32(1, 2)),
      /"a" appears twice/,
    ],
    [
      "a name twice, once escaped",
      safetensorsBytes(`{"a":${entry("[1]", 0, 4)},"\\u0061":${entry("[1]", 4, 8)}}`, f32(1, 2)),
      /"a" appears twice/,
    ],
    [
      "a field twice",
      safetensorsBytes(`{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}`, f32(1, 2)),
      /repeated field "dtype"/,
    ],
    [
      "an unexpected field",
      safetensorsBytes(`{"a":{"dtype":"F32","shape":[2],"offset":0,"data_offsets":[0,8]}}`, f32(1, 2)),
      /unexpected or repeated field "offset"/,
    ],
    ["a missing field", safetensorsBytes(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, f32(1, 2)), /Incomplete/],
    [
      "three offsets",
      safetensorsBytes(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, f32(1, 2)),
      /more than 2 numbers/,
    ],
    [
      "metadata that is no text",
      safetensorsBytes(`{"__metadata__":{"n":1},"a":${entry("[2]", 0, 8)}}`, f32(1, 2)),
      /expected a text/,
    ],
    ["metadata twice", safetensorsBytes(`{"__metadata__":{},"__metadata__":{}}`, f32()), /two __metadata__/],
    [
      "a header that is no UTF-8",
      safetensorsBytes(Buffer.from(`{"\xff":${entry("[2]", 0, 8)}}`, "latin1"), f32(1, 2)),
      /not UTF-8/,
    ],
    ["a lone surrogate in a name", safetensorsBytes(`{"\\ud800":${entry("[2]", 0, 8)}}`, f32(1, 2)), /lone surrogate/],
    ["a bad escape", safetensorsBytes(`{"\\x41":${entry("[2]", 0, 8)}}`, f32(1, 2)), /bad escape/],
    ["a list", safetensorsBytes("[]", f32()), /expected \{/],
    ["10,000 brackets", safetensorsBytes(`{"a":${"[".repeat(10_000)}`, f32()), /expected \{/],
  ];
  test.each(cases)("%s", async (_, bytes, message) => {
    const file = stored(bytes);
    const error = await readSafetensors(file).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(file);
  });

  test("a name of a megabyte is shortened in the message", async () => {
    const file = stored(safetensorsBytes(`{"${"n".repeat(1e6)}":${entry("[1]", 0, 8)}}`, f32(1, 2)));
    await expect(readSafetensors(file)).rejects.toSatisfy((error: Error) => error.message.length < 600);
  });

  test("a missing file, a folder, a device", async () => {
    await expect(readSafetensors(join(temporaryFolder(), "none"))).rejects.toThrow(/no such file/);
    await expect(readSafetensors(temporaryFolder())).rejects.toThrow(/expected a regular file/);
    await expect(readSafetensors("/dev/zero")).rejects.toThrow(/expected a regular file/);
  });

  test("what is allowed: white space, any order of fields, names like __proto__", async () => {
    const header = ` { "__proto__" :\n{ "data_offsets":[4,8] , "shape":[ ], "dtype":"F32"}, "b":${entry("[1]", 0, 4)} }  `;
    const { tensors } = await readSafetensors(stored(safetensorsBytes(header, f32(1, 2))));
    expect([...tensors.keys()]).toEqual(["__proto__", "b"]);
    expect([...readRef(tensors.get("__proto__")!)]).toEqual([2]);
  });
});
