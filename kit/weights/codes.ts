/**
 * Small codes in bytes.
 *
 * | layout | codes | a byte | bits a code | byte `b` holds |
 * |---|---|---|---|---|
 * | `base3` | −1, 0, 1 | 5 | 1.6 | codes `5b … 5b + 4`, as a base-3 number of the digits `code + 1`, the first most significant |
 * | `TQ1_0` | −1, 0, 1 | 5, at the end of a block 4 | 1.625 | blocks of 256 codes in 52 bytes, ordered as in llama.cpp's |
 * | `base4` | −1, 0, 1 | 4 | 2 | codes `4b … 4b + 3`, `code + 1` in two bits each, the first in the lowest |
 * | `int8` | −127 … 127 | 1 | 8 | code `b` as a signed byte |
 *
 * A base-3 number `q` is stored as `⌈256 q / 243⌉`: multiplying the byte by `3^n`, modulo 256, brings digit `n` to the top,
 * so that a kernel reads it off with one more multiplication by 3. Thirteen bytes stand for nothing and are refused.
 *
 * A block of `TQ1_0` has 32 bytes for codes 0 … 159 (byte `m`: `m, m + 32, … m + 128`), 16 for codes 160 … 239 (`160 + m`,
 * stride 16) and 4 for codes 240 … 255 (`240 + m`, stride 4, the fifth digit 0): llama.cpp's block without its float16
 * scale. What is missing in the last byte of a matrix is filled with the code 0.
 *
 * Plain typed arrays: nothing here needs TensorFlow.
 */
import type { CodeLayout } from "../engine/ref.js";
import { UserError } from "../errors.js";

/** What a byte of a layout stands for: `perByte` codes in the places that `order` gives them within a block. */
type Layout = {
  /** Codes and bytes of a block; nothing is shared across blocks. */
  readonly codes: number;
  readonly bytes: number;
  readonly perByte: number;
  /** Place in the block of digit `d` of byte `b`, at `b · perByte + d`; −1 for a digit that is always zero. */
  readonly order: Int16Array;
  /** The codes of every byte, at `byte · perByte`; `nothing` for a byte that stands for none. */
  readonly decoded: Int8Array;
  /** The byte of these codes. */
  readonly encode: (digits: ArrayLike<number>) => number;
};

const nothing = -128;

const layouts: { readonly [L in CodeLayout]: Layout } = {
  base3: layout({ codes: 5, bytes: 1, order: Int16Array.of(0, 1, 2, 3, 4), encode: base3 }),
  TQ1_0: layout({ codes: 256, bytes: 52, order: orderOfTq1(), encode: base3 }),
  base4: layout({ codes: 4, bytes: 1, order: Int16Array.of(0, 1, 2, 3), encode: base4 }),
  int8: layout({ codes: 1, bytes: 1, order: Int16Array.of(0), encode: (digits) => digits[0] & 255 }),
};

/** How many bytes `count` codes take. */
export function codeBytes(layout: CodeLayout, count: number): number {
  const { codes, bytes } = layouts[layout];
  return Math.ceil(count / codes) * bytes;
}

/**
 * Writes codes as bytes.
 *
 * @param codes −1, 0 or 1; for `int8` −127 … 127
 */
export function packCodes(layout: CodeLayout, codes: Int8Array): Uint8Array {
  const { codes: perBlock, bytes: bytesOfBlock, perByte, order, encode } = layouts[layout];
  const bytes = new Uint8Array(codeBytes(layout, codes.length));
  const digits = new Int8Array(perByte);
  for (let at = 0, start = 0; at < bytes.length; start += perBlock) {
    for (let b = 0; b < bytesOfBlock; b++, at++) {
      for (let d = 0; d < perByte; d++) {
        const place = order[b * perByte + d];
        digits[d] = place < 0 ? -1 : (codes[start + place] ?? 0);
      }
      bytes[at] = encode(digits);
    }
  }
  return bytes;
}

/**
 * Reads codes from bytes.
 *
 * @param count how many there are
 * @param where what the bytes belong to, for messages
 * @returns the codes that {@link packCodes} was given
 * @throws UserError when there are too few or too many bytes, or one stands for nothing
 */
export function unpackCodes(layout: CodeLayout, bytes: Uint8Array, count: number, where?: string): Int8Array {
  const { codes: perBlock, bytes: bytesOfBlock, perByte, order, decoded } = layouts[layout];
  if (bytes.length !== codeBytes(layout, count)) {
    throw new UserError(`${count} codes in ${bytes.length} bytes`, {
      where,
      expected: `${codeBytes(layout, count)} bytes of ${layout}`,
    });
  }
  const codes = new Int8Array(count);
  for (let at = 0, start = 0; at < bytes.length; start += perBlock) {
    for (let b = 0; b < bytesOfBlock; b++, at++) {
      const from = bytes[at] * perByte;
      if (decoded[from] === nothing) {
        throw new UserError(`Byte ${at} is ${bytes[at]}, which stands for no codes of ${layout}`, {
          where,
          fix: "The file is damaged, or its layout is another: fetch it again",
        });
      }
      for (let d = 0; d < perByte; d++) {
        const place = order[b * perByte + d];
        // A place behind the end is one that only fills the last byte.
        if (place >= 0 && start + place < count) codes[start + place] = decoded[from + d];
      }
    }
  }
  return codes;
}

/** Five codes as a fraction of 256: the byte of a base-3 number. */
function base3(digits: ArrayLike<number>): number {
  let number = 0;
  for (let d = 0; d < 5; d++) number = 3 * number + digits[d] + 1;
  return Math.ceil((number * 256) / 243);
}

function base4(digits: ArrayLike<number>): number {
  let byte = 0;
  for (let d = 0; d < 4; d++) byte |= (digits[d] + 1) << (2 * d);
  return byte;
}

/** Which code of 256 is digit `d` of byte `b`. @see llama.cpp ggml-quants.c, quantize_row_tq1_0_ref */
function orderOfTq1(): Int16Array {
  const order = new Int16Array(52 * 5).fill(-1);
  const runs = [
    { first: 0, bytes: 32, at: 0, digits: 5 },
    { first: 32, bytes: 16, at: 160, digits: 5 },
    { first: 48, bytes: 4, at: 240, digits: 4 },
  ];
  for (const { first, bytes, at, digits } of runs) {
    for (let m = 0; m < bytes; m++) for (let d = 0; d < digits; d++) order[(first + m) * 5 + d] = at + m + d * bytes;
  }
  return order;
}

/** Completes a layout by the table of what each byte stands for. */
function layout(parts: Omit<Layout, "perByte" | "decoded">): Layout {
  const perByte = parts.order.length / parts.bytes;
  const decoded = new Int8Array(256 * perByte).fill(nothing);
  const ternary = perByte > 1;
  const kinds = ternary ? 3 ** perByte : 255;
  for (let number = 0; number < kinds; number++) {
    const digits = ternary
      ? Array.from({ length: perByte }, (_, d) => (Math.floor(number / 3 ** d) % 3) - 1)
      : [number - 127];
    decoded.set(digits, parts.encode(digits) * perByte);
  }
  return { ...parts, perByte, decoded };
}
