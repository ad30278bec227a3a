import { types } from "node:util";
import { UserError } from "../errors.js";
import { executor } from "./executor.js";
import { memory } from "./tensorflow.js";

/** Element types that live in memory. */
export type DType = "float32" | "int32" | "bool";

/** An array in TensorFlow's memory. It has no methods: operations are functions of this room. */
export interface Tensor {
  /** Size of each axis, outermost first; `[]` for a scalar. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Distinguishes tensors; not an index of anything. */
  readonly id: number;
}

/** Numbers in JavaScript's memory, row-major. */
export type Values = Float32Array | Int32Array | Uint8Array;

export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dataId" in value && "shape" in value && "dtype" in value;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/**
 * Copies numbers into TensorFlow's memory.
 *
 * @param values Row-major elements; changing them afterwards does not change the tensor.
 * @param shape Defaults to one axis.
 * @param dtype Defaults to that of the typed array, `float32` for plain numbers.
 * @throws UserError when the count of values and the shape disagree, or a value does not fit the element type.
 */
export function tensor(values: ArrayLike<number>, shape: readonly number[] = [values.length], dtype?: DType): Tensor {
  const kind = dtype ?? dtypeOf(values);
  if (values.length !== sizeOf(shape) || shape.some((axis) => !(axis >= 0))) {
    throw new UserError(`tensor: ${values.length} values do not fill the shape [${shape}]`, {
      expected: `${sizeOf(shape)} values`,
    });
  }
  return upload(toTyped(values, kind), shape, kind);
}

/** {@link tensor} of an array that nobody changes any more: TensorFlow keeps it instead of a copy where it can. */
export function upload(values: Values, shape: readonly number[], dtype: DType): Tensor {
  return executor().upload(values, shape, dtype);
}

/** A tensor without axes. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return tensor([value], [], dtype);
}

/**
 * Copies a tensor back into JavaScript.
 *
 * @returns Row-major values: `Float32Array`, `Int32Array`, or `Uint8Array` for `bool`.
 * @throws UserError inside `compile`, where a tensor has no value yet, and when it has been freed.
 */
export function read(x: Tensor): Values {
  return executor().read(x);
}

/** The single value of a tensor with one element. */
export function item(x: Tensor): number {
  if (x.size !== 1) {
    throw new UserError(`item: the tensor has ${x.size} elements`, { where: `shape [${x.shape}]`, expected: "one" });
  }
  return read(x)[0];
}

/** How many tensors no scope, `carry` or `free` has freed; those that the garbage collector freed count as well. */
export function liveTensors(): number {
  return memory().state.numTensors;
}

// `instanceof` would not know the arrays of a notebook, which lives in a realm of its own.
function dtypeOf(values: ArrayLike<number>): DType {
  if (types.isInt32Array(values)) return "int32";
  return types.isUint8Array(values) ? "bool" : "float32";
}

/** The values in a fresh array: the addon shares memory with the array it is given whenever that happens to lie at a multiple of 64. */
export function toTyped(values: ArrayLike<number>, dtype: DType): Values {
  if (dtype === "float32") return new Float32Array(values);
  if (dtype === "bool") return Uint8Array.from(values, (value) => (value ? 1 : 0));
  if (types.isInt32Array(values)) return values.slice();
  return Int32Array.from(values, (value) => {
    if ((value | 0) === value) return value;
    throw new UserError(`tensor: ${value} is not an int32`);
  });
}
