import type { QuantDType } from "../engine/ref.js";
import { blockOf } from "./dtypes.js";
import { f16FromF32Bits, f16Table } from "./half.js";

/**
 * Dequantises GGUF blocks to float32.
 *
 * Block formats (`d`, `m` float16; `q` an integer code):
 * - `Q4_0`, 32 values: `d · (q − 8)`; byte `j` holds value `j` in its low and value `j + 16` in its high half
 * - `Q4_1`, 32 values: `d · q + m`, same order
 * - `Q8_0`, 32 values: `d · q`, `q` a signed byte
 * - `TQ1_0`, 256 values: `d · (trit − 1)`, five base-3 digits a byte, the first the most significant
 * - `TQ2_0`, 256 values: `d · (q − 1)`, four 2-bit codes a byte
 *
 * Every result is the float32 nearest to the exact value, as in the gguf package.
 *
 * @param dtype the block format
 * @param bytes whole blocks
 * @param out receives the values; its length is the number of blocks times the values of a block
 * @see https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-quants.c
 */
export function dequantise(dtype: QuantDType, bytes: Uint8Array, out: Float32Array): void {
  const blocks = out.length / blockOf(dtype).elements;
  decoders[dtype](bytes, out, blocks, f16Table());
}

type Decoder = (bytes: Uint8Array, out: Float32Array, blocks: number, half: Float32Array) => void;

/** One decoder a format. Products of a float16 and a small integer are exact in a double: storing rounds once. */
const decoders: { readonly [D in QuantDType]: Decoder } = {
  Q4_0: (bytes, out, blocks, half) => {
    for (let b = 0, i = 0, o = 0; b < blocks; b++, o += 32) {
      const d = half[bytes[i] | (bytes[i + 1] << 8)];
      i += 2;
      for (let j = 0; j < 16; j++, i++) {
        const pair = bytes[i];
        out[o + j] = d * ((pair & 15) - 8);
        out[o + j + 16] = d * ((pair >> 4) - 8);
      }
    }
  },
  Q4_1: (bytes, out, blocks, half) => {
    for (let b = 0, i = 0, o = 0; b < blocks; b++, o += 32) {
      const d = half[bytes[i] | (bytes[i + 1] << 8)];
      const m = half[bytes[i + 2] | (bytes[i + 3] << 8)];
      i += 4;
      for (let j = 0; j < 16; j++, i++) {
        const pair = bytes[i];
        out[o + j] = d * (pair & 15) + m;
        out[o + j + 16] = d * (pair >> 4) + m;
      }
    }
  },
  Q8_0: (bytes, out, blocks, half) => {
    for (let b = 0, i = 0, o = 0; b < blocks; b++) {
      const d = half[bytes[i] | (bytes[i + 1] << 8)];
      i += 2;
      for (let j = 0; j < 32; j++, i++, o++) out[o] = d * ((bytes[i] << 24) >> 24);
    }
  },
  TQ1_0: (bytes, out, blocks, half) => {
    for (let b = 0, i = 0, o = 0; b < blocks; b++, i += 54, o += 256) {
      const d = half[bytes[i + 52] | (bytes[i + 53] << 8)];
      trits(bytes, i, 32, 5, out, o, d);
      trits(bytes, i + 32, 16, 5, out, o + 160, d);
      trits(bytes, i + 48, 4, 4, out, o + 240, d);
    }
  },
  TQ2_0: (bytes, out, blocks, half) => {
    for (let b = 0, i = 0, o = 0; b < blocks; b++, i += 66) {
      const d = half[bytes[i + 64] | (bytes[i + 65] << 8)];
      for (let part = 0; part < 64; part += 32) {
        for (let shift = 0; shift < 8; shift += 2) {
          for (let m = 0; m < 32; m++, o++) out[o] = d * (((bytes[i + part + m] >> shift) & 3) - 1);
        }
      }
    }
  },
};

/** Decodes `digits` rounds of `count` trits: round `n` takes digit `n` of each byte. */
function trits(
  bytes: Uint8Array,
  at: number,
  count: number,
  digits: number,
  out: Float32Array,
  to: number,
  d: number,
): void {
  for (let n = 0, power = 1; n < digits; n++, power *= 3) {
    for (let m = 0; m < count; m++) {
      // The stored byte is ceil(q · 256 / 243): multiplying shifts digit n to the top, times 3 reads it off.
      const digit = (((bytes[at + m] * power) & 255) * 3) >> 8;
      out[to + n * count + m] = d * (digit - 1);
    }
  }
}

/**
 * Quantises float32 values to blocks of `Q8_0`: `d = max |x| / 127` as float16, `q = round(x / d)`, halves away from zero.
 *
 * @param values a multiple of 32
 * @returns the bytes that the gguf package makes of them
 */
export function quantiseQ8(values: Float32Array): Uint8Array {
  const { elements, bytes: width } = blockOf("Q8_0");
  const out = new Uint8Array((values.length / elements) * width);
  for (let block = 0; block * elements < values.length; block++) {
    const x = values.subarray(block * elements, (block + 1) * elements);
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const d = Math.fround(largest / 127);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const bits = f16FromF32Bits(new Uint32Array(Float32Array.of(d).buffer)[0]);
    out.set([bits & 255, bits >>> 8], block * width);
    for (let j = 0; j < elements; j++) {
      const scaled = Math.fround(x[j] * inverse);
      out[block * width + 2 + j] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    }
  }
  return out;
}
