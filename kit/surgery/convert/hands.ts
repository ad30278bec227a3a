/** What a conversion does to the leaves of a model: at once in memory, later and one at a time on disk. */
import { mul, read, type Tensor, tensor } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import { writtenDType } from "../../weights/chunks.js";
import { type FloatDType, isFloatDType } from "../../weights/dtypes.js";
import { readRef, type TensorSource, type TensorValues } from "../../weights/index.js";

/** Numbers of a leaf, row-major. */
type Values = Float32Array;

export type Hand<Leaf> = {
  /** A leaf times a power of two. */
  readonly scaled: (leaf: Leaf, factor: number) => Leaf;
  /** A leaf of other numbers made from those of a leaf. */
  readonly reworked: (leaf: Leaf, shape: readonly number[], rework: (values: Values) => Values) => Leaf;
  /** A leaf of new numbers. */
  readonly made: (shape: readonly number[], values: () => Values) => Leaf;
};

export const inMemory: Hand<Tensor> = {
  scaled: (leaf, factor) => mul(leaf, factor),
  reworked: (leaf, shape, rework) => tensor(rework(read(leaf) as Float32Array), shape),
  made: (shape, values) => tensor(values(), shape),
};

/**
 * Leaves on disk stay there with a factor pending, or become functions that are called when they are written.
 *
 * @param dtype element type of new leaves
 */
export function onDisk(dtype: FloatDType): Hand<TensorSource> {
  const later = (dtype: FloatDType, shape: readonly number[], values: () => Values): TensorValues => ({
    dtype,
    shape,
    values,
  });
  return {
    scaled: (leaf, factor) =>
      isRef(leaf)
        ? { ...leaf, scale: (leaf.scale ?? 1) * factor }
        : later(floatOf(leaf), leaf.shape, () => valuesOf(leaf).map((value) => value * factor)),
    reworked: (leaf, shape, rework) => later(floatOf(leaf), shape, () => rework(valuesOf(leaf))),
    made: (shape, values) => later(dtype, shape, values),
  };
}

function isRef(leaf: TensorSource): leaf is TensorRef {
  return "file" in leaf;
}

/** The element type a leaf is written as; float32 for what is not a floating-point number. */
export function floatOf(leaf: TensorSource): FloatDType {
  const dtype = isRef(leaf) ? writtenDType(leaf) : leaf.dtype;
  return isFloatDType(dtype) ? dtype : "F32";
}

function valuesOf(leaf: TensorSource): Values {
  if (isRef(leaf)) return readRef(leaf);
  const values = typeof leaf.values === "function" ? leaf.values() : leaf.values;
  return Float32Array.from(values as ArrayLike<number>);
}
