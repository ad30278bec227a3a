import type { TensorRef } from "../engine/ref.js";
import { bytesOf, piecesOf } from "./chunks.js";
import { elementCount } from "./dtypes.js";
import { withFile } from "./sync-file.js";

/**
 * Reads one tensor as float32, with everything pending (cast, scale, row order) done to it.
 *
 * Cost: one pass over the bytes; memory is the result and a few MB.
 *
 * @param ref the tensor on disk
 * @returns the values, row-major, as many as the product of `ref.shape`
 * @throws UserError when the file is gone or shorter than the reference says
 */
export function readRef(ref: TensorRef): Float32Array {
  const values = new Float32Array(elementCount(ref.shape));
  const target = bytesOf(values);
  let buffer = new Uint8Array(0);
  let filled = 0;
  withFile(ref.file, (fill) => {
    for (const { offset, bytes, convert } of piecesOf(ref, "F32")) {
      if (buffer.length < bytes) buffer = new Uint8Array(bytes);
      const piece = buffer.subarray(0, bytes);
      fill(piece, offset);
      const converted = convert(piece);
      target.set(converted, filled);
      filled += converted.length;
    }
  });
  return values;
}
