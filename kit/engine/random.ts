/**
 * Counter-based random numbers: a value depends on the key and its position, on nothing else. No state, the same numbers
 * on every platform.
 *
 * Source: J. Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011), Philox 4×32-10.
 */
import { UserError } from "../errors.js";
import { type Tensor, tensor } from "./tensor.js";
import { isTracing } from "./trace.js";

/** 64 bits that select one stream of numbers. */
export type Key = readonly [low: number, high: number];

/** The stream of a seed. */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UserError(`the seed ${seed} is not a whole number from 0 on`);
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** A stream of its own for a purpose: `fold(key(0), "layers.3.mixer.q")`. */
export function fold(from: Key, label: string | number): Key {
  const words = new Uint32Array(4);
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(String(label))) hash = Math.imul(hash ^ byte, 0x01000193);
  philox(words, hash >>> 0, 0, from);
  return [words[0], words[1]];
}

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of a 32 × 32 bit product; JavaScript's own product keeps only 53 bits. */
function mulHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
}

/** Writes the four 32-bit words of one counter into `out`. Ten rounds. */
export function philox(out: Uint32Array, counterLow: number, counterHigh: number, [keyLow, keyHigh]: Key): void {
  let [c0, c1, c2, c3, k0, k1] = [counterLow, counterHigh, 0, 0, keyLow, keyHigh];
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [mulHigh(M0, c0), Math.imul(M0, c0) >>> 0];
    const [high1, low1] = [mulHigh(M1, c2), Math.imul(M1, c2) >>> 0];
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    [k0, k1] = [(k0 + W0) >>> 0, (k1 + W1) >>> 0];
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** `count` numbers uniform in `[0, 1)`, multiples of 2⁻²⁴, so that float32 holds them exactly. */
export function uniformValues(from: Key, count: number): Float32Array {
  const out = new Float32Array(count);
  const words = new Uint32Array(4);
  for (let i = 0; i < count; i += 4) {
    philox(words, (i / 4) >>> 0, 0, from);
    for (let j = 0; j < 4 && i + j < count; j++) out[i + j] = (words[j] >>> 8) / 2 ** 24;
  }
  return out;
}

/** `count` numbers from N(0, 1), by Box and Muller's transform. */
export function normalValues(from: Key, count: number): Float32Array {
  const out = new Float32Array(count);
  const words = new Uint32Array(4);
  for (let i = 0; i < count; i += 4) {
    philox(words, (i / 4) >>> 0, 0, from);
    for (let j = 0; j < 4; j += 2) {
      // The radius needs a number above zero: (0, 1].
      const radius = Math.sqrt(-2 * Math.log((words[j] + 1) / 2 ** 32));
      const angle = (2 * Math.PI * words[j + 1]) / 2 ** 32;
      if (i + j < count) out[i + j] = radius * Math.cos(angle);
      if (i + j + 1 < count) out[i + j + 1] = radius * Math.sin(angle);
    }
  }
  return out;
}

/** A tensor of numbers uniform in `[low, high)`. */
export function uniform(from: Key, shape: readonly number[], low = 0, high = 1): Tensor {
  return draw("random.uniform", shape, (count) => uniformValues(from, count).map((u) => low + u * (high - low)));
}

/** A tensor of numbers from N(0, deviation²). */
export function normal(from: Key, shape: readonly number[], deviation = 1): Tensor {
  return draw("random.normal", shape, (count) => normalValues(from, count).map((z) => z * deviation));
}

/** `0 … count − 1` in a random order. */
export function permutation(from: Key, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const words = new Uint32Array(4);
  for (let i = count - 1; i > 0; i--) {
    philox(words, i, 0, from);
    // 53 bits: the bias of the remainder is below 2⁻²¹ for every count.
    const j = ((words[0] >>> 11) * 2 ** 32 + words[1]) % (i + 1);
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
  return tensor(values(shape.reduce((product, axis) => product * axis, 1)), shape);
}
