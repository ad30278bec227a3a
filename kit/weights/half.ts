/**
 * Sixteen-bit floating point, by integer arithmetic on the bits of float32.
 *
 * Rounding is to nearest, ties to even, as IEEE 754, PyTorch and NumPy do; a NaN stays a NaN.
 */

/** Bits of bfloat16 nearest to the float32 whose bits are `bits`. */
export function bf16FromF32Bits(bits: number): number {
  // Adding half a unit to a NaN could carry it into infinity, so a NaN is truncated and made quiet.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of float16 nearest to the float32 whose bits are `bits`; 65520 and more become infinity. */
export function f16FromF32Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    return magnitude > 0x7f800000 ? sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff) : sign | 0x7c00;
  }
  if (magnitude >= 0x38800000) return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  if (magnitude < 0x33000000) return sign;
  // A subnormal half: the significand with its hidden bit, shifted to units of 2^-24.
  const shift = 126 - (magnitude >>> 23);
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** Value of the float16 whose bits are `bits`. */
export function f16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** All 65,536 float16 values as float32, indexed by their bits: shape `[65536]`, built on first use. */
export function f16Table(): Float32Array {
  if (table === undefined) {
    table = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) table[bits] = f16Value(bits);
  }
  return table;
}
