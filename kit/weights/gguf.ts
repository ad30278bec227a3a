import { type FileHandle, open } from "node:fs/promises";
import type { StoredDType, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";
import { blockOf, byteLength, isStoredDType, type TypedArray } from "./dtypes.js";
import { Cursor } from "./gguf-cursor.js";
import { quote } from "./safetensors-header.js";

/** A metadata value. 64-bit integers are `bigint` only where a number would not hold them. */
export type GgufValue = number | bigint | boolean | string | GgufArray;
/** Numbers keep their width, 64-bit integers become doubles, truth values are bytes 0 and 1. */
export type GgufArray = readonly string[] | Exclude<TypedArray, BigInt64Array> | Uint32Array;

/** A tensor as the file lists it. `ref` is absent when the kit cannot read its type. */
export type GgufTensor = {
  readonly name: string;
  /** Name of the ggml type, or `type N` for one newer than this kit. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly ref?: TensorRef;
};

export type Gguf = {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
};

/** Where GGUF data lies: a whole file, or a stored entry of a wheel. */
export type GgufSpan = { readonly file: string; readonly offset: number; readonly bytes: number };

const maxTensors = 100_000;
const maxPairs = 100_000;
const maxTexts = 2_000_000;

/** Names of the ggml types by number. */
const typeNames: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  30: "BF16",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/**
 * Reads the header of a GGUF file, version 2 or 3, little-endian; tensor data stays on disk.
 *
 * Format: `GGUF`, version, counts, metadata pairs, tensor list, padding to `general.alignment`, data. Sizes are listed
 * innermost first; shapes here are outermost first, as everywhere in the kit.
 *
 * @param span the file, and where in it the GGUF data lies
 * @returns metadata and tensors in the file's order
 * @throws UserError when the header is truncated, lies about lengths or offsets, or repeats a name
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function readGguf(span: GgufSpan): Promise<Gguf> {
  let handle: FileHandle;
  try {
    handle = await open(span.file, "r");
  } catch (error) {
    throw fileError(error, "read", span.file);
  }
  try {
    return readHeader(new Cursor(handle.fd, span.offset, span.bytes, span.file), span);
  } finally {
    await handle.close();
  }
}

function readHeader(cursor: Cursor, span: GgufSpan): Gguf {
  if (span.bytes < 24 || cursor.u32() !== 0x46554747) throw new UserError(`${span.file} is not a GGUF file`);
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const bigEndian = version !== 0 && (version & 0xffff) === 0;
    throw new UserError(bigEndian ? "This GGUF file is big-endian" : `This is GGUF version ${version}`, {
      where: span.file,
      expected: "little-endian GGUF version 2 or 3",
      fix: "Convert it again with a current llama.cpp",
    });
  }
  const tensorCount = cursor.count("the number of tensors", maxTensors);
  const pairCount = cursor.count("the number of metadata pairs", maxPairs);
  const metadata = new Map<string, GgufValue>();
  const texts = { left: maxTexts };
  for (let i = 0; i < pairCount; i++) {
    const key = cursor.text("a metadata key");
    if (metadata.has(key)) cursor.fail(`the metadata key ${quote(key)} appears twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), key, texts));
  }
  const listed = Array.from({ length: tensorCount }, () => readTensor(cursor));
  const alignment = alignmentOf(metadata, span);
  const start = Math.ceil(cursor.position / alignment) * alignment;
  return { version, metadata, tensors: placed(listed, start, alignment, span) };
}

const scalars: Readonly<Record<number, (cursor: Cursor) => number | bigint | boolean>> = {
  0: (cursor) => cursor.u8(),
  1: (cursor) => cursor.i8(),
  2: (cursor) => cursor.u16(),
  3: (cursor) => cursor.i16(),
  4: (cursor) => cursor.u32(),
  5: (cursor) => cursor.i32(),
  6: (cursor) => shortest(cursor.f32()),
  7: (cursor) => cursor.u8() !== 0,
  10: (cursor) => exact(cursor.u64()),
  11: (cursor) => exact(cursor.i64()),
  12: (cursor) => cursor.f64(),
};

/** The shortest decimal of a float32: what was meant is 0.00001, not the double 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

function exact(value: bigint): number | bigint {
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}

const stringType = 8;
const arrayType = 9;

function readValue(cursor: Cursor, type: number, key: string, texts: { left: number }): GgufValue {
  if (type === stringType) return cursor.text(key);
  if (type === arrayType) return readArray(cursor, key, texts);
  const scalar = scalars[type];
  if (scalar === undefined) cursor.fail(`${quote(key)} has the unknown value type ${type}`);
  return scalar(cursor);
}

/** Bytes of an element, and the array over a copy of them. */
const arrays: Readonly<Record<number, readonly [width: number, over: (buffer: ArrayBufferLike) => GgufArray]>> = {
  0: [1, (buffer) => new Uint8Array(buffer)],
  1: [1, (buffer) => new Int8Array(buffer)],
  2: [2, (buffer) => new Uint16Array(buffer)],
  3: [2, (buffer) => new Int16Array(buffer)],
  4: [4, (buffer) => new Uint32Array(buffer)],
  5: [4, (buffer) => new Int32Array(buffer)],
  6: [4, (buffer) => new Float32Array(buffer)],
  7: [1, (buffer) => new Uint8Array(buffer)],
  10: [8, (buffer) => Float64Array.from(new BigUint64Array(buffer), Number)],
  11: [8, (buffer) => Float64Array.from(new BigInt64Array(buffer), Number)],
  12: [8, (buffer) => new Float64Array(buffer)],
};

function readArray(cursor: Cursor, key: string, texts: { left: number }): GgufArray {
  const type = cursor.u32();
  const length = cursor.count(`the length of ${quote(key)}`, 2 ** 26);
  if (type === stringType) {
    if ((texts.left -= length) < 0) cursor.fail(`more than ${maxTexts} texts`);
    cursor.require(length * 8);
    return Array.from({ length }, () => cursor.text(key));
  }
  const layout = arrays[type];
  if (layout === undefined) cursor.fail(`${quote(key)} is an array of the unsupported type ${type}`);
  const [width, over] = layout;
  return over(cursor.raw(length * width).buffer);
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, span: GgufSpan): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  const valid =
    typeof alignment === "number" && Number.isInteger(Math.log2(alignment)) && alignment >= 1 && alignment <= 2 ** 20;
  if (valid) return alignment;
  throw new UserError(`general.alignment is ${String(alignment)}`, {
    where: span.file,
    expected: "a power of two up to 2^20",
  });
}

type Listed = {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly offset: number;
};

function readTensor(cursor: Cursor): Listed {
  const name = cursor.text("a tensor name");
  const axes = cursor.u32();
  if (axes > 8) cursor.fail(`tensor ${quote(name)} has ${axes} axes`, "at most 8");
  const sizes = Array.from({ length: axes }, () => cursor.count(`a size of ${quote(name)}`, Number.MAX_SAFE_INTEGER));
  const number = cursor.u32();
  const offset = cursor.count(`the offset of ${quote(name)}`, Number.MAX_SAFE_INTEGER);
  return { name, type: typeNames[number] ?? `type ${number}`, shape: sizes.reverse(), offset };
}

/** Checks where the tensors lie and turns offsets into positions in the file. */
function placed(listed: readonly Listed[], start: number, alignment: number, span: GgufSpan): GgufTensor[] {
  const names = new Set<string>();
  const tensors = listed.map(({ name, type, shape, offset }): GgufTensor & { begin: number; end: number } => {
    const where = `tensor ${quote(name)} in ${span.file}`;
    if (names.has(name)) throw new UserError(`Tensor ${quote(name)} appears twice`, { where: span.file });
    names.add(name);
    if (offset % alignment !== 0) throw new UserError(`Offset ${offset} is not a multiple of ${alignment}`, { where });
    const known = isStoredDType(type);
    const bytes = known ? blockBytes(type, shape) : 0;
    const begin = start + offset;
    if (Number.isNaN(bytes))
      throw new UserError(`The shape [${shape.join(", ")}] cannot be stored as ${type}`, { where });
    if (begin + bytes > span.bytes) {
      throw new UserError(`The tensor ends at byte ${begin + bytes} of ${span.bytes}`, {
        where,
        fix: "The file is truncated: fetch it again",
      });
    }
    const ref = known ? { file: span.file, offset: span.offset + begin, bytes, dtype: type, shape } : undefined;
    return { name, type, shape, ref, begin, end: begin + bytes };
  });
  const ordered = [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (let i = 1; i < ordered.length; i++) {
    if (ordered[i].begin >= ordered[i - 1].end) continue;
    throw new UserError(`Tensors ${quote(ordered[i - 1].name)} and ${quote(ordered[i].name)} overlap`, {
      where: span.file,
    });
  }
  return tensors.map(({ name, type, shape, ref }) => ({ name, type, shape, ref }));
}

/** Blocks never cross a row, so a row must be a whole number of them. */
function blockBytes(dtype: StoredDType, shape: readonly number[]): number {
  return (shape.at(-1) ?? 1) % blockOf(dtype).elements === 0 ? byteLength(dtype, shape) : Number.NaN;
}
