import type { PlainDType, QuantDType, StoredDType } from "../engine/ref.js";

/** A typed array that can hold tensor values. */
export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Element types weights are computed with. */
export type FloatDType = "F64" | "F32" | "F16" | "BF16";

/** What PyTorch and `config.json` call them. */
export const torchNames: { readonly [D in FloatDType]: string } = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** Element types in the order the safetensors library lays tensors out in a file, last first, so that each is aligned. */
export const plainDTypes: readonly PlainDType[] = [
  "BOOL",
  "U8",
  "I8",
  "I16",
  "F16",
  "BF16",
  "I32",
  "F32",
  "F64",
  "I64",
];

/** A storage block: so many elements in so many bytes. A plain type is a block of one. */
export type Block = { readonly elements: number; readonly bytes: number };

const blocks: { readonly [D in StoredDType]: Block } = {
  F64: { elements: 1, bytes: 8 },
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  I64: { elements: 1, bytes: 8 },
  I32: { elements: 1, bytes: 4 },
  I16: { elements: 1, bytes: 2 },
  I8: { elements: 1, bytes: 1 },
  U8: { elements: 1, bytes: 1 },
  BOOL: { elements: 1, bytes: 1 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q8_0: { elements: 32, bytes: 34 },
  TQ1_0: { elements: 256, bytes: 54 },
  TQ2_0: { elements: 256, bytes: 66 },
};

/** How many elements and bytes one storage block of `dtype` has. */
export function blockOf(dtype: StoredDType): Block {
  return blocks[dtype];
}

/** Whether `name` is an element type this kit reads. */
export function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(blocks, name);
}

/** Whether `name` is an element type safetensors files hold. */
export function isPlainDType(name: string): name is PlainDType {
  return isStoredDType(name) && !isQuantDType(name);
}

/** Whether `dtype` is a block format that must be dequantised before it can be written. */
export function isQuantDType(dtype: StoredDType): dtype is QuantDType {
  return blocks[dtype].elements > 1;
}

/** Whether `dtype` holds floating-point numbers. */
export function isFloatDType(dtype: StoredDType): dtype is FloatDType {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** Number of elements of `shape`; `NaN` when it cannot be counted exactly in a double. */
export function elementCount(shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER) return Number.NaN;
  }
  return count;
}

/** Bytes of a tensor in storage; `NaN` when too large to count or when its elements do not fill whole blocks. */
export function byteLength(dtype: StoredDType, shape: readonly number[]): number {
  const { elements, bytes } = blocks[dtype];
  const length = (elementCount(shape) / elements) * bytes;
  return Number.isSafeInteger(length) ? length : Number.NaN;
}
