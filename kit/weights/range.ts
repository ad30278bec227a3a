/** Sixteen bits have ends: beyond them a value becomes infinite, and a model with one infinite weight says nothing. */
import type { StoredDType } from "../engine/ref.js";
import { UserError } from "../errors.js";
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

/** Whether what is pending on a tensor may take a value out of the range of the type it is written as. */
export function mayOverflow(source: TensorSource, dtype: StoredDType): dtype is Half {
  if (!isHalf(dtype)) return false;
  if (!("file" in source)) return true;
  const { scale = 1, cast = source.dtype } = source;
  return source.dtype !== dtype || cast !== dtype || Math.abs(scale) > 1;
}

/**
 * Lets values pass that are finite after rounding to sixteen bits.
 *
 * @param name of the tensor
 * @param bytes elements of `dtype`, from a multiple of 2 on
 * @returns `bytes`
 * @throws UserError that names the tensor
 */
export function withinRange(name: string, dtype: Half, bytes: Uint8Array): Uint8Array {
  const { infinity, largest, fix } = ends[dtype];
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7fff) !== infinity) continue;
    throw new UserError(`A value of tensor ${quote(name)} is beyond the range of ${dtype}`, {
      expected: `values from −${largest} to ${largest}`,
      fix,
    });
  }
  return bytes;
}
