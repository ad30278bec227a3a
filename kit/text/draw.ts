/** Draws an integer from 0 to `count - 1`. */
export type Draw = (count: number) => number;

/**
 * Integers that depend on two numbers and the position of the draw alone, the same on every platform.
 *
 * 32-bit avalanche hashing of a counter. Good enough to choose words and to shuffle; not for tensors, whose random
 * numbers come from the engine. Source: the finaliser of MurmurHash3.
 *
 * @param seed any safe integer
 * @param stream another integer: a story, an epoch
 * @returns the source
 */
export function drawer(seed: number, stream: number): Draw {
  const key = avalanche(avalanche(avalanche(seed | 0) ^ Math.floor(seed / 2 ** 32)) ^ stream);
  let counter = 0;
  return (count) => Math.floor((avalanche(key ^ Math.imul(++counter, 0x9e3779b9)) / 2 ** 32) * count);
}

function avalanche(value: number): number {
  let h = (value + 0x7f4a7c15) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
