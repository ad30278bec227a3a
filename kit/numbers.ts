/** Numbers and times as people read them. */

/** A number as people read it: integers with separators, others to some significant digits. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US").replace("-", "−");
  const size = Math.abs(value);
  const text =
    size >= 1e-4 && size < 1e9 ? Number(value.toPrecision(digits)).toString() : value.toExponential(digits - 1);
  return text.replaceAll("-", "−");
}

/** Bytes as `12.3 MB`. */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s` or `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Whole numbers, `0, 1, 2, 5` as `0-2,5`. */
export function formatRanges(numbers: readonly number[]): string {
  const parts: string[] = [];
  const sorted = [...numbers].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i];
    while (sorted[i + 1] === sorted[i] + 1) i++;
    parts.push(first === sorted[i] ? `${first}` : `${first}-${sorted[i]}`);
  }
  return parts.join(",");
}

const BLOCKS = "▁▂▃▄▅▆▇█";

/** A row of blocks that rises and falls with the values; averages when there are more values than places. */
export function sparkline(values: readonly number[], places = 32): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return "";
  const count = Math.min(places, finite.length);
  const means = Array.from({ length: count }, (_, i) => {
    const part = finite.slice(Math.floor((i * finite.length) / count), Math.ceil(((i + 1) * finite.length) / count));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means.map((mean) => BLOCKS[range === 0 ? 3 : Math.round(((mean - low) / range) * 7)]).join("");
}
