import { closeSync, openSync, readSync } from "node:fs";
import type { TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";
import { bytesOf, piecesOf } from "./chunks.js";
import { elementCount } from "./dtypes.js";

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
  const descriptor = opened(ref.file);
  try {
    for (const { file, offset, bytes, convert } of piecesOf(ref, "F32")) {
      if (buffer.length < bytes) buffer = new Uint8Array(bytes);
      const piece = buffer.subarray(0, bytes);
      fill(descriptor, piece, offset, file);
      const converted = convert(piece);
      target.set(converted, filled);
      filled += converted.length;
    }
  } finally {
    closeSync(descriptor);
  }
  return values;
}

function opened(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw fileError(error, "read", file);
  }
}

function fill(descriptor: number, target: Uint8Array, position: number, file: string): void {
  for (let filled = 0; filled < target.length; ) {
    const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (count === 0)
      throw new UserError(`${file} ends at byte ${position + filled}`, { fix: "It is truncated: fetch it again" });
    filled += count;
  }
}
