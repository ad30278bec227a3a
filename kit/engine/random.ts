/**
 * Counter-based random numbers: a value depends on the key and its position, on nothing else. No state, the same numbers
 * on every platform.
 */
import { UserError } from "../errors.js";
import { normalPair } from "./normal.js";
import { philox as encipher, type Key } from "./philox.js";
import { sizeOf, type Tensor, upload } from "./tensor.js";
import { isTracing } from "./trace.js";

export type { Key };

/** The stream of a seed, a whole number from 0 to 2⁵³ − 1. */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UserError(`the seed ${seed} is not a whole number from 0 on`);
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** Marks the counters that fold, so that no label's stream is a part of its parent's: `fold` in ASCII. */
const folding = 0x666f6c64;

/**
 * A stream of its own for a purpose: `fold(key(0), "layers.3.mixer.q")`.
 *
 * The label's UTF-8 bytes are enciphered twelve at a time, each block under the key that the one before gave.
 */
export function fold(from: Key, label: string | number): Key {
  const bytes = new TextEncoder().encode(String(label));
  const words = new Int32Array(4);
  let folded = from;
  for (let start = 0; start === 0 || start < bytes.length; start += 12) {
    const block = new Uint8Array(12);
    block.set(bytes.subarray(start, start + 12));
    const [a, b, c] = Array.from({ length: 3 }, (_, i) => new DataView(block.buffer).getInt32(4 * i, true));
    encipher(words, a, b, c, folding + Math.min(12, bytes.length - start), folded);
    folded = [words[0] >>> 0, words[1] >>> 0];
  }
  return folded;
}

/** Writes the four words at a position of a stream into `out`. */
export function philox(out: Uint32Array, positionLow: number, positionHigh: number, from: Key): void {
  const words = new Int32Array(4);
  encipher(words, positionLow, positionHigh, 0, 0, from);
  out.set(words);
}

/** The number at a position of a stream, uniform in `[0, 1)`, a multiple of 2⁻⁵³. */
export function uniformAt(from: Key, position: number): number {
  const words = new Int32Array(4);
  encipher(words, position, position / 2 ** 32, 0, 0, from);
  return ((words[0] >>> 11) * 2 ** 32 + (words[1] >>> 0)) / 2 ** 53;
}

/**
 * `count` numbers uniform in `[low, high)`: `low + (high − low) · u`, with `u` a multiple of 2⁻²⁴ below one, rounded to
 * float32 (which may round up to `high`).
 */
export function uniformValues(from: Key, count: number, low = 0, high = 1): Float32Array {
  const out = new Float32Array(count);
  const words = new Int32Array(4);
  const unit = (high - low) / 2 ** 24;
  for (let i = 0; i < count; i += 4) {
    encipher(words, i / 4, 0, 0, 0, from);
    // A write beyond the end of a typed array is dropped.
    for (let j = 0; j < 4; j++) out[i + j] = low + (words[j] >>> 8) * unit;
  }
  return out;
}

/** `count` numbers from N(0, deviation²). */
export function normalValues(from: Key, count: number, deviation = 1): Float32Array {
  const out = new Float32Array(count);
  const words = new Int32Array(4);
  for (let i = 0; i < count; i += 4) {
    encipher(words, i / 4, 0, 0, 0, from);
    normalPair(out, i, words[0], words[1], deviation);
    normalPair(out, i + 2, words[2], words[3], deviation);
  }
  return out;
}

/** A tensor of {@link uniformValues}. */
export function uniform(from: Key, shape: readonly number[], low = 0, high = 1): Tensor {
  return draw("random.uniform", shape, (count) => uniformValues(from, count, low, high));
}

/** A tensor of {@link normalValues}. */
export function normal(from: Key, shape: readonly number[], deviation = 1): Tensor {
  return draw("random.normal", shape, (count) => normalValues(from, count, deviation));
}

/** `0 … count − 1` in a random order, by Fisher and Yates' shuffle. */
export function permutation(from: Key, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniformAt(from, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function draw(name: string, shape: readonly number[], values: (count: number) => Float32Array): Tensor {
  if (isTracing()) {
    throw new UserError(`${name} was called inside compile()`, {
      where: "its numbers would be the same at every call",
      fix: "Draw them outside and pass them in",
    });
  }
  return upload(values(sizeOf(shape)), shape, "float32");
}
