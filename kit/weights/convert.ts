import type { PlainDType, StoredDType } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { blockOf, isFloatDType, isQuantDType } from "./dtypes.js";
import { bf16FromF32Bits, f16FromF32Bits, f16Table } from "./half.js";
import { dequantise } from "./quants.js";

/** Values on their way from one element type to another: float32, or doubles where float32 would lose some. */
export type Values = Float32Array | Float64Array;

/**
 * Decodes whole storage blocks into numbers.
 *
 * @param bytes starts at a multiple of the element size; belongs to the caller's result, which may be a view of it
 */
export function decode(dtype: StoredDType, bytes: Uint8Array): Values {
  if (!isQuantDType(dtype)) return decoders[dtype](bytes.buffer, bytes.byteOffset, elementsIn(dtype, bytes));
  const out = new Float32Array(elementsIn(dtype, bytes));
  dequantise(dtype, bytes, out);
  return out;
}

function elementsIn(dtype: StoredDType, bytes: Uint8Array): number {
  return (bytes.byteLength / blockOf(dtype).bytes) * blockOf(dtype).elements;
}

const decoders: { readonly [D in PlainDType]: (buffer: ArrayBufferLike, start: number, count: number) => Values } = {
  F64: (buffer, start, count) => new Float64Array(buffer, start, count),
  F32: (buffer, start, count) => new Float32Array(buffer, start, count),
  F16: (buffer, start, count) => {
    const [from, table, out] = [new Uint16Array(buffer, start, count), f16Table(), new Float32Array(count)];
    for (let i = 0; i < count; i++) out[i] = table[from[i]];
    return out;
  },
  BF16: (buffer, start, count) => {
    const [from, bits] = [new Uint16Array(buffer, start, count), new Uint32Array(count)];
    for (let i = 0; i < count; i++) bits[i] = from[i] << 16;
    return new Float32Array(bits.buffer);
  },
  I64: (buffer, start, count) => Float64Array.from(new BigInt64Array(buffer, start, count), Number),
  I32: (buffer, start, count) => new Float64Array(new Int32Array(buffer, start, count)),
  I16: (buffer, start, count) => new Float32Array(new Int16Array(buffer, start, count)),
  I8: (buffer, start, count) => new Float32Array(new Int8Array(buffer, start, count)),
  U8: (buffer, start, count) => new Float32Array(new Uint8Array(buffer, start, count)),
  BOOL: (buffer, start, count) => new Float32Array(new Uint8Array(buffer, start, count)),
};

/**
 * Encodes numbers as `dtype`, rounding to nearest, ties to even; integers are cut towards zero, as in PyTorch.
 *
 * Doubles pass through float32 on their way to sixteen bits, as in PyTorch.
 *
 * @param out receives the bytes; starts at a multiple of the element size
 * @throws UserError when an integer type cannot hold a value
 */
export function encode(dtype: PlainDType, values: Values, out: Uint8Array): void {
  encoders[dtype](values, out.buffer, out.byteOffset);
}

const encoders: { readonly [D in PlainDType]: (values: Values, buffer: ArrayBufferLike, start: number) => void } = {
  F64: (values, buffer, start) => new Float64Array(buffer, start, values.length).set(values),
  F32: (values, buffer, start) => new Float32Array(buffer, start, values.length).set(values),
  F16: (values, buffer, start) => {
    const [bits, to] = [floatBits(values), new Uint16Array(buffer, start, values.length)];
    for (let i = 0; i < to.length; i++) to[i] = f16FromF32Bits(bits[i]);
  },
  BF16: (values, buffer, start) => {
    const [bits, to] = [floatBits(values), new Uint16Array(buffer, start, values.length)];
    for (let i = 0; i < to.length; i++) to[i] = bf16FromF32Bits(bits[i]);
  },
  I64: (values, buffer, start) => {
    const to = new BigInt64Array(buffer, start, values.length);
    for (let i = 0; i < to.length; i++) to[i] = BigInt(whole(values[i], "I64", 2 ** 63));
  },
  I32: (values, buffer, start) => integers(values, new Int32Array(buffer, start, values.length), "I32"),
  I16: (values, buffer, start) => integers(values, new Int16Array(buffer, start, values.length), "I16"),
  I8: (values, buffer, start) => integers(values, new Int8Array(buffer, start, values.length), "I8"),
  U8: (values, buffer, start) => integers(values, new Uint8Array(buffer, start, values.length), "U8"),
  BOOL: (values, buffer, start) => {
    const to = new Uint8Array(buffer, start, values.length);
    for (let i = 0; i < to.length; i++) to[i] = values[i] === 0 ? 0 : 1;
  },
};

function floatBits(values: Values): Uint32Array {
  const single = values instanceof Float32Array ? values : Float32Array.from(values);
  return new Uint32Array(single.buffer, single.byteOffset, single.length);
}

function whole(value: number, dtype: PlainDType, limit: number): number {
  const cut = Math.trunc(value);
  if (cut >= -limit && cut < limit) return cut;
  throw new UserError(`${value} does not fit the element type ${dtype}`);
}

function integers(values: Values, out: Int32Array | Int16Array | Int8Array | Uint8Array, dtype: PlainDType): void {
  for (let i = 0; i < out.length; i++) {
    out[i] = whole(values[i], dtype, 2 ** 32);
    if (out[i] !== Math.trunc(values[i])) throw new UserError(`${values[i]} does not fit the element type ${dtype}`);
  }
}

/** What is to be done to a tensor on its way out: cast, then scale, then the element type of the output. */
export type Steps = { readonly cast?: PlainDType; readonly scale?: number; readonly out: PlainDType };

/**
 * Applies pending steps to decoded values.
 *
 * Order: round to `cast`; multiply by the factor, itself rounded to float32, in float32; round once to the type before
 * the multiplication. This is what PyTorch computes for `tensor.to(cast) * factor`, and mergekit writes.
 *
 * @returns values that {@link encode} rounds to the type of the output; may be `values` itself, changed
 */
export function applySteps(dtype: StoredDType, values: Values, { cast, scale }: Steps): Values {
  const before: PlainDType = isQuantDType(dtype) ? "F32" : dtype;
  const current = cast ?? before;
  const held = current === before ? values : rounded(current, values);
  if (scale === undefined) return held;
  if (!isFloatDType(current))
    throw new UserError(`Cannot scale a tensor of type ${current}`, { expected: "a floating-point type" });
  const factor = Math.fround(scale);
  for (let i = 0; i < held.length; i++) held[i] *= factor;
  return rounded(current, held);
}

function rounded(dtype: PlainDType, values: Values): Values {
  if (dtype === "F32" && values instanceof Float32Array) return values;
  const bytes = new Uint8Array(values.length * blockOf(dtype).bytes);
  encode(dtype, values, bytes);
  return decode(dtype, bytes);
}

/**
 * Every value a sixteen-bit type can have, sent through `steps`: the whole conversion as a table.
 *
 * A sixteen-bit tensor holds at most 65,536 different values, so converting one is a lookup per element.
 *
 * @returns the output's bits, indexed by the input's
 */
export function conversionTable(dtype: "F16" | "BF16", steps: Steps & { out: "F16" | "BF16" }): Uint16Array {
  const inputs = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const outputs = new Uint16Array(65536);
  const values = applySteps(dtype, decode(dtype, new Uint8Array(inputs.buffer)), steps);
  encode(steps.out, values, new Uint8Array(outputs.buffer));
  return outputs;
}
