/** √2 · 2³⁰, rounded down. */
const root2 = 1518500249;

/**
 * Two numbers from N(0, deviation²) out of two random words, by Box and Muller's transform:
 * `r = √(−2 ln u)`, `u = (a + 1) / 2³²`, `φ = 2π b / 2³²`, values `r cos φ` and `r sin φ`, rounded to float32.
 *
 * Logarithm, sine and cosine are series of additions and multiplications, which every machine rounds alike; `Math.sin` and
 * its like may differ from one version of Node to the next. Their error is below 10⁻¹¹. Free of branches, because the
 * direction of each would be random.
 *
 * @param out Receives the values at `at` and `at + 1`; one beyond its end is dropped, as typed arrays do.
 */
export function normalPair(out: Float32Array, at: number, a: number, b: number, deviation: number): void {
  const radius = Math.sqrt(-2 * logUnit(a)) * deviation;
  // The angle is q quarter turns and x, |x| ≤ π/4.
  const q = (b + 0x20000000) >>> 30;
  const x = ((b - (q << 30)) | 0) * (Math.PI / 2 ** 31);
  const g = x * x;
  const sin = x * (1 + g * (-1 / 6 + g * (1 / 120 + g * (-1 / 5040 + g * (1 / 362880 + g * (-1 / 39916800))))));
  const cos =
    1 + g * (-1 / 2 + g * (1 / 24 + g * (-1 / 720 + g * (1 / 40320 + g * (-1 / 3628800 + g * (1 / 479001600))))));
  const odd = q & 1;
  const cosTurn = (1 - odd) * (1 - q);
  const sinTurn = odd * (2 - q);
  out[at] = radius * (cos * cosTurn - sin * sinTurn);
  out[at + 1] = radius * (sin * cosTurn + cos * sinTurn);
}

/** `ln((word + 1) / 2³²)`; zero for the largest word. */
function logUnit(word: number): number {
  const v = (word + 1) | 0;
  if (v === 0) return 0;
  // v = m · 2^e with m from 1/√2 to √2, where ln m = 2 artanh((m − 1) / (m + 1)) converges fast.
  const shift = Math.clz32(v);
  const bits = v << shift;
  const halved = ((bits >>> 1) + (2 ** 31 - root2)) >>> 31;
  const m = ((bits >>> 0) / 2 ** 31) * (1 - 0.5 * halved);
  const f = (m - 1) / (m + 1);
  const g = f * f;
  const series = 1 + g * (1 / 3 + g * (1 / 5 + g * (1 / 7 + g * (1 / 9 + g * (1 / 11 + g * (1 / 13))))));
  return (halved - 1 - shift) * Math.LN2 + 2 * f * series;
}
