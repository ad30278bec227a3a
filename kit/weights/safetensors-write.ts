import type { FileHandle } from "node:fs/promises";
import type { PlainDType, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { openToRead, readFully } from "../source/files.js";
import { type Put, writeLargeFile } from "../source/large-file.js";
import { bytesOf, type Piece, piecesOf, writtenDType } from "./chunks.js";
import { decode, encode } from "./convert.js";
import { byteLength, elementCount, type FloatDType, isFloatDType, plainDTypes, type TypedArray } from "./dtypes.js";
import { narrowest, withinRange } from "./range.js";
import { quote } from "./safetensors-header.js";

/**
 * Values to write that are not in a file, or not yet read: given directly or, to hold one tensor at a time, by a function.
 * Float32 and float64 values are rounded to `dtype`; other arrays must hold its elements as they are.
 */
export type TensorValues = {
  readonly dtype: PlainDType;
  readonly shape: readonly number[];
  readonly values: TypedArray | (() => TypedArray);
};

export type TensorSource = TensorRef | TensorValues;

export type SafetensorsOptions = {
  /** Pairs for `__metadata__`; transformers wants `format: "pt"`, the default. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Element type for everything that is a floating-point number; each tensor's own unless given. */
  readonly dtype?: FloatDType;
  /** Called with the bytes of tensors written so far. */
  readonly progress?: (bytes: number) => void;
};

/**
 * Writes a safetensors file, reading and converting the tensors as a stream.
 *
 * Format: as {@link readSafetensors}. Tensors are ordered as the safetensors library orders them (alignment, then name),
 * so equal tensors make equal files, byte for byte. Memory: a few MB and one in-memory tensor. The file takes
 * its name only when complete.
 *
 * @param file path of the file to make or replace
 * @param tensors names with references or values, in any order
 * @throws UserError for a repeated name, values that do not fill their shape or go beyond the range of their type, or a disk
 * that refuses
 */
export async function writeSafetensors(
  file: string,
  tensors: Iterable<readonly [name: string, source: TensorSource]>,
  options: SafetensorsOptions = {},
): Promise<void> {
  const ordered = [...tensors].map(([name, source]) => planned(name, source, options.dtype)).sort(byAlignmentThenName);
  const header = encodeHeader(ordered, options.metadata ?? { format: "pt" });
  await writeLargeFile(file, async (put) => {
    await put(header);
    await pump(put, ordered, options.progress);
  });
}

type Planned = {
  readonly name: string;
  readonly dtype: PlainDType;
  readonly bytes: number;
  readonly source: TensorSource;
};

function planned(name: string, source: TensorSource, out?: FloatDType): Planned {
  const own = "file" in source ? writtenDType(source) : source.dtype;
  const dtype = out !== undefined && isFloatDType(own) ? out : own;
  const bytes = byteLength(dtype, source.shape);
  if (!Number.isSafeInteger(bytes))
    throw new UserError(`Tensor ${quote(name)} of shape [${source.shape.join(", ")}] is too large`);
  return { name, dtype, bytes, source };
}

/** The element type a tensor gets in the file, and how many bytes it takes there. */
export function written(
  source: TensorSource,
  out?: FloatDType,
): { readonly dtype: PlainDType; readonly bytes: number } {
  return planned("", source, out);
}

function byAlignmentThenName(a: Planned, b: Planned): number {
  const alignment = plainDTypes.indexOf(b.dtype) - plainDTypes.indexOf(a.dtype);
  return alignment !== 0 ? alignment : Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function encodeHeader(tensors: readonly Planned[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const lines: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    lines.push(`"__metadata__":${JSON.stringify(Object.fromEntries(sorted))}`);
  }
  let end = 0;
  const names = new Set<string>();
  for (const { name, dtype, bytes, source } of tensors) {
    if (name === "__metadata__" || /\p{Surrogate}/u.test(name))
      throw new UserError(`A tensor cannot be named ${quote(name)}`);
    if (names.has(name)) throw new UserError(`Two tensors are named ${quote(name)}`);
    names.add(name);
    const offsets = [end, (end += bytes)];
    lines.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape: source.shape, data_offsets: offsets })}`);
  }
  const json = Buffer.from(`{${lines.join(",")}}`);
  // The data starts at a multiple of 8, so that a reader can map any element type in place.
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return header;
}

/** Reads, converts and puts piece after piece; the next piece is being read while this one is converted. */
async function pump(put: Put, tensors: readonly Planned[], progress: SafetensorsOptions["progress"]): Promise<void> {
  const inputs = new OpenFiles();
  const buffers = [new Uint8Array(0), new Uint8Array(0)];
  const steps = loads(tensors, inputs, buffers);
  let done = 0;
  try {
    let next = quietly(steps.next());
    for (;;) {
      const step = await next;
      if (step.done) break;
      next = quietly(steps.next());
      const bytes = step.value();
      await put(bytes);
      progress?.((done += bytes.byteLength));
    }
  } finally {
    await steps.return(undefined);
    await inputs.close();
  }
}

/** A promise whose failure waits until it is awaited, instead of ending the process as unhandled. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Yields, for each piece once its bytes are read, the function that converts them. */
async function* loads(
  tensors: readonly Planned[],
  inputs: OpenFiles,
  buffers: Uint8Array[],
): AsyncGenerator<() => Uint8Array, void> {
  let turn = 0;
  for (const { name, source, dtype } of tensors) {
    const through = narrowest(source, dtype);
    const checked = (bytes: Uint8Array): Uint8Array =>
      through === undefined ? bytes : withinRange(name, through, dtype, bytes);
    if (!("file" in source)) {
      yield () => checked(encoded(name, source, dtype));
      continue;
    }
    for (const piece of piecesOf(source, dtype)) {
      turn = 1 - turn;
      if (buffers[turn].length < piece.bytes) buffers[turn] = new Uint8Array(piece.bytes);
      const bytes = buffers[turn].subarray(0, piece.bytes);
      await readPiece(inputs, piece, bytes);
      yield () => checked(piece.convert(bytes));
    }
  }
}

async function readPiece(inputs: OpenFiles, piece: Piece, target: Uint8Array): Promise<void> {
  await readFully(await inputs.get(piece.file), target, piece.offset, piece.file);
}

function encoded(name: string, { shape, values }: TensorValues, dtype: PlainDType): Uint8Array {
  const array = typeof values === "function" ? values() : values;
  if (array.length !== elementCount(shape)) {
    throw new UserError(`Tensor ${quote(name)} has ${array.length} values`, {
      expected: `${elementCount(shape)} for [${shape.join(", ")}]`,
    });
  }
  // Told by name, not instanceof: a notebook's arrays belong to another realm.
  const kind = Object.prototype.toString.call(array).slice("[object ".length, -1);
  if (kind === "Float32Array" && dtype === "F32") return bytesOf(array);
  if (kind === "Float32Array" || kind === "Float64Array") {
    const out = new Uint8Array(byteLength(dtype, shape));
    encode(dtype, decode(kind === "Float32Array" ? "F32" : "F64", bytesOf(array)), out);
    return out;
  }
  if (array.byteLength !== byteLength(dtype, shape)) {
    throw new UserError(`Tensor ${quote(name)} is given as ${kind}`, { expected: `elements of ${dtype}` });
  }
  return bytesOf(array);
}

/** Source files, opened once each and closed together. */
class OpenFiles {
  private readonly handles = new Map<string, FileHandle>();

  async get(path: string): Promise<FileHandle> {
    let handle = this.handles.get(path);
    if (handle === undefined) this.handles.set(path, (handle = (await openToRead(path)).handle));
    return handle;
  }

  async close(): Promise<void> {
    for (const handle of this.handles.values()) await handle.close();
  }
}
