/** 64 bits that select one stream of numbers. */
export type Key = readonly [low: number, high: number];

// The two multipliers, as halves of 16 bits, and what each round adds to the key.
const M0_LOW = 0x1f53;
const M0_HIGH = 0xd251;
const M1_LOW = 0x8d57;
const M1_HIGH = 0xcd9e;
const W0 = 0x9e3779b9 | 0;
const W1 = 0xbb67ae85 | 0;

/**
 * Philox 4×32-10: enciphers a counter of 128 bits under a key of 64 into four random words.
 *
 * Everything stays a 32-bit integer: JavaScript's numbers hold 53 bits of a 64-bit product, so both its words are put
 * together from products of 16-bit halves. The two halves of a round are written out: this is the inner loop of every draw.
 *
 * @param out Receives the four words, as signed integers.
 * @source J. Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011)
 */
export function philox(out: Int32Array, c0: number, c1: number, c2: number, c3: number, [key0, key1]: Key): void {
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round++) {
    const aLow = a & 0xffff;
    const aHigh = a >>> 16;
    const aBase = Math.imul(aLow, M0_LOW);
    const aCross = Math.imul(aHigh, M0_LOW);
    const aOther = Math.imul(aLow, M0_HIGH);
    const aMiddle = (aBase >>> 16) + (aCross & 0xffff) + (aOther & 0xffff);
    const aTop = (Math.imul(aHigh, M0_HIGH) + (aCross >>> 16) + (aOther >>> 16) + (aMiddle >>> 16)) | 0;
    const aBottom = (aMiddle << 16) | (aBase & 0xffff);

    const cLow = c & 0xffff;
    const cHigh = c >>> 16;
    const cBase = Math.imul(cLow, M1_LOW);
    const cCross = Math.imul(cHigh, M1_LOW);
    const cOther = Math.imul(cLow, M1_HIGH);
    const cMiddle = (cBase >>> 16) + (cCross & 0xffff) + (cOther & 0xffff);
    const cTop = (Math.imul(cHigh, M1_HIGH) + (cCross >>> 16) + (cOther >>> 16) + (cMiddle >>> 16)) | 0;
    const cBottom = (cMiddle << 16) | (cBase & 0xffff);

    a = cTop ^ b ^ k0;
    b = cBottom;
    c = aTop ^ d ^ k1;
    d = aBottom;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}
