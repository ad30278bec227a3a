/** Widths of text from the font file itself, so that a picture's margins and legends are right without a browser. */
import { readFileSync } from "node:fs";

/** What laying out text needs to know of a font; lengths are in units of the font size. */
export type FontMetrics = {
  readonly ascent: number;
  readonly descent: number;
  readonly width: (text: string) => number;
};

/**
 * Reads the metrics of a TrueType font.
 *
 * @param path a `.ttf` file with a character map of format 4
 * @returns its metrics
 * @throws Error when a table is missing
 */
export function readFont(path: string): FontMetrics {
  const file = readFileSync(path);
  const tables = new Map<string, number>();
  for (let i = 0; i < file.readUInt16BE(4); i++) {
    const at = 12 + i * 16;
    tables.set(file.toString("latin1", at, at + 4), file.readUInt32BE(at + 8));
  }
  const table = (name: string): number => {
    const at = tables.get(name);
    if (at === undefined) throw new Error(`${path} has no table ${name}`);
    return at;
  };
  const unitsPerEm = file.readUInt16BE(table("head") + 18);
  const hhea = table("hhea");
  const advances = file.readUInt16BE(hhea + 34);
  const hmtx = table("hmtx");
  const glyphOf = characterMap(file, table("cmap"));
  const known = new Map<number, number>();
  const advance = (point: number): number => {
    let units = known.get(point);
    if (units === undefined) {
      const glyph = Math.min(glyphOf(point), advances - 1);
      units = file.readUInt16BE(hmtx + glyph * 4) / unitsPerEm;
      known.set(point, units);
    }
    return units;
  };
  return {
    ascent: file.readInt16BE(hhea + 4) / unitsPerEm,
    descent: -file.readInt16BE(hhea + 6) / unitsPerEm,
    width: (text) => {
      let sum = 0;
      for (const character of text) sum += advance(character.codePointAt(0) ?? 0);
      return sum;
    },
  };
}

/** Glyph numbers by code point; 0 is the box for what the font lacks. */
function characterMap(file: Buffer, cmap: number): (point: number) => number {
  for (let i = 0; i < file.readUInt16BE(cmap + 2); i++) {
    const at = cmap + file.readUInt32BE(cmap + 4 + i * 8 + 4);
    const format = file.readUInt16BE(at);
    if (format === 4) return (point) => lookUp4(file, at, point);
  }
  throw new Error("the font has no character map of format 4");
}

function lookUp4(file: Buffer, at: number, point: number): number {
  const doubled = file.readUInt16BE(at + 6);
  const ends = at + 14;
  const starts = ends + doubled + 2;
  const deltas = starts + doubled;
  const offsets = deltas + doubled;
  for (let i = 0; i < doubled; i += 2) {
    if (point > file.readUInt16BE(ends + i)) continue;
    const start = file.readUInt16BE(starts + i);
    if (point < start) return 0;
    const delta = file.readUInt16BE(deltas + i);
    const offset = file.readUInt16BE(offsets + i);
    if (offset === 0) return (point + delta) & 0xffff;
    const glyph = file.readUInt16BE(offsets + i + offset + (point - start) * 2);
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}
