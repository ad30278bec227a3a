import type { Coded, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { unpackCodes } from "./codes.js";
import { decode } from "./convert.js";
import { elementCount } from "./dtypes.js";
import { withFile } from "./sync-file.js";
import { scaledCodes } from "./ternary-matrix.js";

/** A reference whose bytes are codes. */
export type CodedRef = TensorRef & { readonly coded: Coded };

export function isCoded(ref: TensorRef): ref is CodedRef {
  return ref.coded !== undefined;
}

/**
 * The float32 values of codes; their scales are read from where they lie.
 *
 * @param bytes all bytes of the reference
 * @throws UserError when a byte stands for nothing, or a scale is not a finite number
 */
export function codedValues({ file, shape, coded }: CodedRef, bytes: Uint8Array): Float32Array {
  const codes = unpackCodes(coded.layout, bytes, elementCount(shape), file);
  return scaledCodes(codes, scalesOf(coded.scales), coded);
}

function scalesOf({ file, offset, bytes: length, dtype }: TensorRef): Float32Array {
  const bytes = new Uint8Array(length);
  withFile(file, (fill) => fill(bytes, offset));
  const scales = Float32Array.from(decode(dtype, bytes));
  const wrong = scales.findIndex((scale) => !Number.isFinite(scale));
  if (wrong < 0) return scales;
  throw new UserError(`Scale ${wrong} is ${scales[wrong]}`, {
    where: `${file}, scales at byte ${offset}`,
    expected: "a finite number",
  });
}
