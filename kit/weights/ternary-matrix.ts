import type { CodeLayout } from "../engine/ref.js";
import { UserError } from "../errors.js";
import type { TernaryScale } from "../model/index.js";
import { packCodes, unpackCodes } from "./codes.js";

/** A ternarised matrix in plain arrays: `value = code · scale of its group`. */
export type TernaryMatrix = {
  readonly shape: readonly [rows: number, columns: number];
  /** Which weights share a scale. */
  readonly scale: TernaryScale;
  /** −1, 0 or 1, row-major. */
  readonly codes: Int8Array;
  /** Of each group, in row-major order. */
  readonly scales: Float32Array;
};

/** A {@link TernaryMatrix} with its codes in bytes. */
export type PackedMatrix = Omit<TernaryMatrix, "codes"> & {
  readonly layout: Exclude<CodeLayout, "int8">;
  readonly bytes: Uint8Array;
};

/** Bits of a code: five a byte, or four. */
export type CodeBits = 1.6 | 2;

/**
 * Packs the codes of a matrix: exact, as the scales stay the float32 numbers they are.
 *
 * @param bits 1.6: five codes a byte, in `TQ1_0`'s order where rows are multiples of 256 (then 1.625 bits), else `base3`
 * over the flattened matrix. 2: four codes a byte, `base4` over the flattened matrix
 * @throws UserError when codes or scales are not as many as the shape says, or a code is not −1, 0 or 1
 */
export function pack({ codes, ...rest }: TernaryMatrix, bits: CodeBits): PackedMatrix {
  const { shape, scale, scales } = rest;
  const size = shape[0] * shape[1];
  if (codes.length !== size) throw new UserError(`pack: ${codes.length} codes`, { expected: `${size} for [${shape}]` });
  const wrong = codes.find((code) => code < -1 || code > 1);
  if (wrong !== undefined) throw new UserError(`pack: a code is ${wrong}`, { expected: "−1, 0 or 1" });
  checkScales(scales, countGroups(runsOf(shape, scale), size), "pack");
  const layout = layoutFor(shape[1], bits);
  return { ...rest, layout, bytes: packCodes(layout, codes) };
}

/**
 * Undoes {@link pack}.
 *
 * @throws UserError when bytes or scales do not fill the shape, or a byte stands for nothing
 */
export function unpack({ layout, bytes, ...rest }: PackedMatrix): TernaryMatrix {
  const { shape, scale, scales } = rest;
  const size = shape[0] * shape[1];
  checkScales(scales, countGroups(runsOf(shape, scale), size), "unpack");
  return { ...rest, codes: unpackCodes(layout, bytes, size) };
}

/** The layout of a matrix with rows of this length. */
export function layoutFor(columns: number, bits: CodeBits): PackedMatrix["layout"] {
  if (bits === 2) return "base4";
  return columns % 256 === 0 ? "TQ1_0" : "base3";
}

/** The float32 values of a matrix, row-major: codes times scales, exact. */
export function matrixValues({ shape, scale, codes, scales }: TernaryMatrix): Float32Array {
  return scaledCodes(codes, scales, runsOf(shape, scale));
}

/**
 * Finds codes and scales in the values of a matrix that is ternary already.
 *
 * A group of zeros gets the scale 0, whatever it was: no value tells.
 *
 * @param values row-major
 * @param what the matrix's name, for messages
 * @throws UserError when the values of a group are not all 0, α or −α
 */
export function ternaryMatrix(
  values: Float32Array,
  shape: readonly [number, number],
  scale: TernaryScale,
  what = "the matrix",
): TernaryMatrix {
  const codes = new Int8Array(values.length);
  const scales: number[] = [];
  eachGroup(runsOf(shape, scale), values.length, (start, end) => {
    const alpha = values.subarray(start, end).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!Number.isFinite(alpha)) throw new UserError(`${what} holds a value that is not finite`);
    for (let i = start; i < end; i++) {
      codes[i] = Math.sign(values[i]);
      if (Math.abs(values[i]) === alpha || values[i] === 0) continue;
      throw new UserError(`${what} is not ternary: ${values[i]} and ${alpha} share a scale`, {
        expected: "one absolute value in a group, and zeros",
        fix: "Round the model first (model.rounded)",
      });
    }
    scales.push(alpha);
  });
  return { shape, scale, codes, scales: Float32Array.from(scales) };
}

/** Elements in a line, and in a group of a line: the last group of a line may be shorter. */
export type Runs = { readonly line: number; readonly group: number };

/** The groups of a matrix that share scales, as runs of its elements in row-major order. */
export function runsOf([rows, columns]: readonly [number, number], scale: TernaryScale): Runs {
  if (scale === "per-tensor") return { line: rows * columns, group: rows * columns };
  if (scale === "per-channel") return { line: columns, group: columns };
  return { line: scale.aligned ? columns : rows * columns, group: scale.group };
}

/** How many groups `count` elements have. */
export function countGroups({ line, group }: Runs, count: number): number {
  return (count / line) * Math.ceil(line / group);
}

/** Every code times the scale of its group, in float32. */
export function scaledCodes(codes: Int8Array, scales: Float32Array, runs: Runs): Float32Array {
  const values = new Float32Array(codes.length);
  let next = 0;
  eachGroup(runs, codes.length, (start, end) => {
    const scale = scales[next++];
    for (let i = start; i < end; i++) values[i] = codes[i] * scale;
  });
  return values;
}

function eachGroup({ line, group }: Runs, count: number, visit: (start: number, end: number) => void): void {
  for (let at = 0; at < count; at += line) {
    for (let start = at; start < at + line; start += group) visit(start, Math.min(start + group, at + line));
  }
}

function checkScales(scales: Float32Array, expected: number, where: string): void {
  if (scales.length !== expected) throw new UserError(`${where}: ${scales.length} scales`, { expected: `${expected}` });
}
