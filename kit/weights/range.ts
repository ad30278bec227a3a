/** Sixteen bits have ends: beyond them a value becomes infinite, and a model with one infinite weight says nothing. */
import type { StoredDType } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { writtenDType } from "./chunks.js";
import { decode } from "./convert.js";
import { quote } from "./safetensors-header.js";
import type { TensorSource } from "./safetensors-write.js";

type Half = "F16" | "BF16";

const ends: { readonly [D in Half]: { readonly infinity: number; readonly largest: string; readonly fix: string } } = {
  F16: { infinity: 0x7c00, largest: "65,504", fix: "Choose BF16 or F32" },
  BF16: { infinity: 0x7f80, largest: "3.39e38", fix: "Choose F32" },
};

function isHalf(dtype: StoredDType): dtype is Half {
  return Object.hasOwn(ends, dtype);
}

/**
 * The sixteen-bit type in which what is pending on a tensor may take a value out of range: that of its cast, of its product, or
 * the one it is written as. Of two it is the narrower; `undefined` where no value can become infinite.
 */
export function narrowest(source: TensorSource, dtype: StoredDType): Half | undefined {
  if (!("file" in source)) return isHalf(dtype) ? dtype : undefined;
  const { scale = 1 } = source;
  const held = writtenDType(source);
  const passed = [
    ...(held !== source.dtype || Math.abs(scale) > 1 ? [held] : []),
    ...(dtype !== held ? [dtype] : []),
  ].filter(isHalf);
  return passed.includes("F16") ? "F16" : passed[0];
}

/**
 * Lets values pass that are finite after everything that was pending.
 *
 * @param name of the tensor
 * @param through the type that made a value infinite, if one is: see {@link narrowest}
 * @param bytes elements of `dtype`, from a multiple of their size on
 * @returns `bytes`
 * @throws UserError that names the tensor
 */
export function withinRange(name: string, through: Half, dtype: StoredDType, bytes: Uint8Array): Uint8Array {
  if (!holdsInfinity(dtype, bytes)) return bytes;
  const { largest, fix } = ends[through];
  throw new UserError(`A value of tensor ${quote(name)} is beyond the range of ${through}`, {
    expected: `values from −${largest} to ${largest}`,
    fix,
  });
}

function holdsInfinity(dtype: StoredDType, { buffer, byteOffset, byteLength }: Uint8Array): boolean {
  if (isHalf(dtype)) {
    const { infinity } = ends[dtype];
    const bits = new Uint16Array(buffer, byteOffset, byteLength / 2);
    for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7fff) === infinity) return true;
    return false;
  }
  const values = decode(dtype, new Uint8Array(buffer, byteOffset, byteLength));
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) === Number.POSITIVE_INFINITY) return true;
  return false;
}
