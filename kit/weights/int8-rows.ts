/** A matrix in 8 bits: `value = code · scale of its row`. */
export type Int8Rows = { readonly codes: Int8Array; readonly scales: Float32Array };

/**
 * Rounds each row to 8 bits: `round(v / s)` with `s = max |v| / 127`. No value moves by more than half of its row's `s`.
 *
 * @param values row-major
 * @param columns length of a row
 */
export function int8Rows(values: Float32Array, columns: number): Int8Rows {
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(values.length / columns);
  for (let row = 0; row < scales.length; row++) {
    const [start, end] = [row * columns, (row + 1) * columns];
    scales[row] = values.subarray(start, end).reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    if (scales[row] === 0) continue;
    for (let i = start; i < end; i++) codes[i] = Math.max(-127, Math.min(127, Math.round(values[i] / scales[row])));
  }
  return { codes, scales };
}
