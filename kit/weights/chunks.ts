import type { PlainDType, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { type CodedRef, codedValues, isCoded } from "./coded.js";
import { applySteps, conversionTable, decode, encode, type Steps } from "./convert.js";
import { blockOf, elementCount, isQuantDType } from "./dtypes.js";

/** Bytes of one piece, at most; a larger head of a rotary projection stays whole. Pieces that fit the cache cost half of 8 MB ones. */
const pieceBytes = 2 * 2 ** 20;

/** A piece of a tensor: bytes to read from a file, and what turns them into bytes of the output. */
export type Piece = {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** May return its argument, changed. The argument starts at a multiple of 8. */
  readonly convert: (bytes: Uint8Array) => Uint8Array;
};

/** The element type a reference has once its pending cast is done: what it is written as unless told otherwise. */
export function writtenDType(ref: TensorRef): PlainDType {
  return ref.cast ?? (isQuantDType(ref.dtype) || isCoded(ref) ? "F32" : ref.dtype);
}

/**
 * Cuts a tensor into pieces that can be read, converted and written one after the other.
 *
 * Together the converted pieces are the tensor's bytes as `out`, with everything pending done to them.
 *
 * @param ref the tensor on disk
 * @param out element type of the output
 * @returns pieces in order, about 2 MB each; codes, which are small, in one
 */
export function* piecesOf(ref: TensorRef, out: PlainDType): Generator<Piece> {
  if (isCoded(ref)) {
    yield codedPiece(ref, out);
    return;
  }
  const { elements, bytes } = blockOf(ref.dtype);
  const { convert, granule } = conversion(ref, out);
  const count = elementCount(ref.shape);
  const perPiece = Math.max(1, Math.floor(pieceBytes / (granule * widestElement(ref, out)))) * granule;
  for (let start = 0; start < count; start += perPiece) {
    yield {
      file: ref.file,
      offset: ref.offset + (start / elements) * bytes,
      bytes: (Math.min(perPiece, count - start) / elements) * bytes,
      convert,
    };
  }
}

/** All of a coded tensor: undone, what is left is float32 with everything else still pending. */
function codedPiece(ref: CodedRef, out: PlainDType): Piece {
  const { file, offset, bytes } = ref;
  const { convert } = conversion({ ...ref, dtype: "F32", coded: undefined }, out);
  return { file, offset, bytes, convert: (codes) => convert(bytesOf(codedValues(ref, codes))) };
}

function widestElement(ref: TensorRef, out: PlainDType): number {
  return Math.max(blockOf(ref.dtype).bytes / blockOf(ref.dtype).elements, blockOf(out).bytes);
}

/** How to convert a piece, and the number of elements no piece may cut through. */
function conversion(ref: TensorRef, out: PlainDType): { convert: Piece["convert"]; granule: number } {
  const values = valueConversion(ref, { cast: ref.cast, scale: ref.scale, out });
  if (ref.unpermuteHeads === undefined) return { convert: values, granule: blockOf(ref.dtype).elements };
  const { headDim, width } = rotaryShape(ref.shape, ref.unpermuteHeads, ref.file);
  const rowBytes = (width / blockOf(ref.dtype).elements) * blockOf(ref.dtype).bytes;
  return { convert: (bytes) => values(unpermuted(bytes, headDim, rowBytes)), granule: headDim * width };
}

function valueConversion({ dtype }: TensorRef, steps: Steps): Piece["convert"] {
  const { out, scale, cast } = steps;
  if (scale === undefined && out === dtype && (cast === undefined || cast === dtype)) return (bytes) => bytes;
  if ((dtype === "F16" || dtype === "BF16") && (out === "F16" || out === "BF16")) {
    const table = conversionTable(dtype, { ...steps, out });
    return (bytes) => lookedUp(bytes, table);
  }
  return (bytes) => {
    const values = applySteps(dtype, decode(dtype, bytes), steps);
    if (out === "F32" && values instanceof Float32Array) return bytesOf(values);
    const result = new Uint8Array(values.length * blockOf(out).bytes);
    encode(out, values, result);
    return result;
  };
}

/** Replaces each sixteen-bit value by its entry; two at a time, which saves a third of the time. */
function lookedUp(bytes: Uint8Array, table: Uint16Array): Uint8Array {
  const pairs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    pairs[i] = table[pair & 0xffff] | (table[pair >>> 16] << 16);
  }
  const last = new Uint16Array(bytes.buffer, bytes.byteOffset + 4 * pairs.length, (bytes.byteLength >> 1) & 1);
  for (let i = 0; i < last.length; i++) last[i] = table[last[i]];
  return bytes;
}

/** The head width and input width of a rotary projection `[heads · headDim, width]`. */
export function rotaryShape(
  shape: readonly number[],
  heads: number,
  where: string,
): { headDim: number; width: number } {
  const [rows, width] = shape;
  const headDim = rows / heads;
  if (shape.length === 2 && Number.isInteger(headDim) && headDim % 2 === 0) return { headDim, width };
  throw new UserError(`A projection of shape [${shape.join(", ")}] does not divide into ${heads} heads of even width`, {
    where,
  });
}

/**
 * Moves the rows of each head from interleaved pairs `(2i, 2i + 1)` to halves `(i, i + K/2)`.
 *
 * @see llama.cpp convert_hf_to_gguf.py, LlamaModel.permute, of which this is the inverse
 */
export function unpermuted(bytes: Uint8Array, headDim: number, rowBytes: number): Uint8Array {
  const out = new Uint8Array(bytes.byteLength);
  for (let head = 0; head < bytes.byteLength; head += headDim * rowBytes) {
    for (let row = 0; row < headDim; row++) {
      const from = head + row * rowBytes;
      const to = head + ((row & 1) * (headDim / 2) + (row >> 1)) * rowBytes;
      out.set(bytes.subarray(from, from + rowBytes), to);
    }
  }
  return out;
}

/** The bytes of a typed array, without copying. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
