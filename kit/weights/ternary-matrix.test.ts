import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as e from "../engine/index.js";
import { UserError } from "../errors.js";
import { ternarise } from "../nn/index.js";
import { codeBytes, packCodes, unpackCodes } from "./codes.js";
import { f16FromF32Bits } from "./half.js";
import { dequantise } from "./quants.js";
import {
  type CodeBits,
  countGroups,
  matrixValues,
  pack,
  runsOf,
  type TernaryMatrix,
  ternaryMatrix,
  unpack,
} from "./ternary-matrix.js";

const code = fc.constantFrom(-1, 0, 1);
const bits = fc.constantFrom<CodeBits>(1.6, 2);
const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 })),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(256, 512)),
);
const scale = fc.oneof(
  fc.constantFrom("per-tensor" as const, "per-channel" as const),
  fc.record({ group: fc.integer({ min: 1, max: 300 }), aligned: fc.boolean() }),
);

/** Any ternary matrix; some of its groups hold nothing but zeros. */
const matrix: fc.Arbitrary<TernaryMatrix> = fc.tuple(shapes, scale).chain(([shape, scale]) => {
  const [size, runs] = [shape[0] * shape[1], runsOf(shape, scale)];
  const groups = countGroups(runs, size);
  return fc
    .tuple(
      fc.array(code, { minLength: size, maxLength: size }),
      fc.array(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), { minLength: groups, maxLength: groups }),
      fc.array(fc.boolean(), { minLength: groups, maxLength: groups }),
    )
    .map(([codes, scales, empty]): TernaryMatrix => {
      const groupOf = (i: number): number =>
        Math.floor(i / runs.line) * Math.ceil(runs.line / runs.group) + Math.floor((i % runs.line) / runs.group);
      return {
        shape,
        scale,
        codes: Int8Array.from(codes, (one, i) => (empty[groupOf(i)] ? 0 : one)),
        scales: Float32Array.from(scales),
      };
    });
});

describe("packing a ternary matrix", () => {
  test("loses nothing: every shape, every way to share scales, groups of zeros, tails", () => {
    fc.assert(
      fc.property(matrix, bits, (before, bits) => {
        const packed = pack(before, bits);
        expect(unpack(packed)).toEqual(before);
        const size = before.codes.length;
        const most = packed.layout === "TQ1_0" ? (size * 1.625) / 8 : Math.ceil((size * bits) / 8 + 1e-9);
        expect(packed.bytes.length).toBeLessThanOrEqual(most);
      }),
      { numRuns: 400 },
    );
  });

  test("codes and scales are found again in the values, bit for bit", () => {
    fc.assert(
      fc.property(matrix, ({ shape, scale, codes, scales }) => {
        const values = matrixValues({ shape, scale, codes, scales });
        const found = ternaryMatrix(values, shape, scale);
        expect([...matrixValues(found)].map(plain)).toEqual([...values].map(plain));
        // Where a group has a code besides 0, its scale is found as it was.
        expect(found.scales.length).toBe(scales.length);
        for (const [i, alpha] of found.scales.entries()) if (alpha !== 0) expect(alpha).toBe(scales[i]);
      }),
      { numRuns: 200 },
    );
  });

  test.each(["per-tensor", "per-channel", { group: 7, aligned: false }, { group: 7, aligned: true }] as const)(
    "packs what nn.ternarise makes: %j",
    (scale) => {
      e.scope(() => {
        const made = ternarise(e.random.normal(e.random.key(3), [6, 20], 0.02), scale);
        const values = e.read(made.values) as Float32Array;
        const found = ternaryMatrix(values, [6, 20], scale);
        expect([...found.codes]).toEqual([...e.read(made.codes)].map(plain));
        expect([...found.scales]).toEqual([...e.read(made.scales)]);
        for (const bits of [1.6, 2] as const) {
          expect([...matrixValues(unpack(pack(found, bits)))].map(plain)).toEqual([...values].map(plain));
        }
      });
    },
  );

  test.each<[string, () => unknown, RegExp]>([
    ["too few codes", () => pack({ ...small, codes: new Int8Array(3) }, 2), /3 codes: expected 6 for \[2,3\]/],
    [
      "a code of 2",
      () => pack({ ...small, codes: Int8Array.of(0, 1, 2, 0, 0, 0) }, 1.6),
      /a code is 2: expected −1, 0 or 1/,
    ],
    ["too many scales", () => pack({ ...small, scales: new Float32Array(3) }, 2), /3 scales: expected 2/],
    ["too few bytes", () => unpack({ ...pack(small, 2), bytes: new Uint8Array(1) }), /6 codes in 1 bytes: expected 2/],
    ["too few scales", () => unpack({ ...pack(small, 2), scales: new Float32Array(1) }), /1 scales: expected 2/],
    [
      "three values",
      () => ternaryMatrix(Float32Array.of(1, -2, 0), [1, 3], "per-tensor", "W"),
      /W is not ternary: 1 and 2 share/,
    ],
    [
      "no number",
      () => ternaryMatrix(Float32Array.of(1, Number.NaN), [1, 2], "per-tensor", "W"),
      /W holds a value that is not/,
    ],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(UserError);
    expect(act).toThrow(message);
  });
});

const small: TernaryMatrix = {
  shape: [2, 3],
  scale: "per-channel",
  codes: Int8Array.of(1, 0, -1, -1, -1, 1),
  scales: Float32Array.of(0.5, 2),
};

/** −0 as 0: codes have no sign of zero. */
function plain(value: number): number {
  return value + 0;
}

describe("the bytes of each layout", () => {
  const codesOf = (number: number, base: number, count: number): number[] =>
    Array.from({ length: count }, (_, d) => (Math.floor(number / base ** d) % base) - 1);

  test("base3: all 243 numbers, the first code the most significant digit", () => {
    expect([...packCodes("base3", Int8Array.of(-1, -1, -1, -1, -1))]).toEqual([0]);
    // 1·81 + 0 + … : the byte is 81 · 256 / 243, rounded up.
    expect([...packCodes("base3", Int8Array.of(0, -1, -1, -1, -1))]).toEqual([86]);
    expect([...packCodes("base3", Int8Array.of(1, 1, 1, 1, 1))]).toEqual([255]);
    const bytes = new Set<number>();
    for (let number = 0; number < 243; number++) {
      const codes = codesOf(number, 3, 5);
      const [byte, ...more] = packCodes("base3", Int8Array.from(codes));
      expect([...unpackCodes("base3", Uint8Array.of(byte), 5), ...more]).toEqual(codes);
      bytes.add(byte);
    }
    expect(bytes.size).toBe(243);
    const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !bytes.has(byte));
    for (const byte of others) {
      expect(() => unpackCodes("base3", Uint8Array.of(0, byte), 10)).toThrow(
        `Byte 1 is ${byte}, which stands for no codes`,
      );
    }
  });

  test("base4: the first code in the lowest bits", () => {
    expect([...packCodes("base4", Int8Array.of(-1, 0, 1, 0))]).toEqual([0b01_10_01_00]);
    expect(() => unpackCodes("base4", Uint8Array.of(0b11_00_00_00), 4)).toThrow(/Byte 0 is 192/);
  });

  test("int8: signed bytes, −128 stands for nothing", () => {
    const codes = Int8Array.from({ length: 255 }, (_, i) => i - 127);
    const bytes = packCodes("int8", codes);
    expect(bytes[0]).toBe(129);
    expect(unpackCodes("int8", bytes, 255)).toEqual(codes);
    expect(() => unpackCodes("int8", Uint8Array.of(128), 1)).toThrow(/Byte 0 is 128/);
  });

  test("TQ1_0: with a float16 scale behind each block, what llama.cpp dequantises", () => {
    const codes = Int8Array.from(e.random.uniformValues(e.random.key(5), 1024), (u) => Math.floor(3 * u) - 1);
    const bytes = packCodes("TQ1_0", codes);
    expect(bytes.length).toBe(codeBytes("TQ1_0", 1024));
    const half = f16FromF32Bits(new Uint32Array(Float32Array.of(0.75).buffer)[0]);
    const blocks = [0, 1, 2, 3].flatMap((b) => [...bytes.subarray(52 * b, 52 * b + 52), half & 255, half >> 8]);
    const values = new Float32Array(1024);
    dequantise("TQ1_0", Uint8Array.from(blocks), values);
    expect([...values].map(plain)).toEqual(Array.from(codes, (one) => plain(one * 0.75)));
    expect(unpackCodes("TQ1_0", bytes, 1024)).toEqual(codes);
  });
});
