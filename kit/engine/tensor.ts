import { UserError } from "../errors.js";
import { backend, dtypeCode, tape } from "./tensorflow.js";

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
 * @param values Row-major elements; a typed array is copied, not kept.
 * @param shape Defaults to one axis.
 * @param dtype Defaults to that of the typed array, `float32` for plain numbers.
 * @throws UserError when the count of values and the shape disagree.
 */
export function tensor(values: ArrayLike<number>, shape: readonly number[] = [values.length], dtype?: DType): Tensor {
  const kind = dtype ?? dtypeOf(values);
  const data = toTyped(values, kind);
  if (data.length !== sizeOf(shape)) {
    throw new UserError(`tensor: ${data.length} values do not fill the shape [${shape}]`, {
      expected: `${sizeOf(shape)} values`,
    });
  }
  // Upload now: the package would keep the JavaScript copy until the first use, which doubles the memory of a checkpoint.
  const native = backend();
  const code = dtypeCode(kind, native.binding);
  const id = native.binding.createTensor(shape, code, data);
  return native.createOutputTensor({ id, shape: [...shape], dtype: code });
}

/** A tensor without axes. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return tensor([value], [], dtype);
}

/**
 * Copies a tensor back into JavaScript.
 *
 * @returns Row-major values: `Float32Array`, `Int32Array`, or `Uint8Array` for `bool`.
 * @throws UserError inside `compile`, where a tensor has no value yet.
 */
export function read(x: Tensor): Values {
  const native = backend();
  return native.binding.tensorDataSync(native.getInputTensorIds([x])[0]);
}

/** The single value of a tensor with one element. */
export function item(x: Tensor): number {
  if (x.size !== 1) {
    throw new UserError(`item: the tensor has ${x.size} elements`, { where: `shape [${x.shape}]`, expected: "one" });
  }
  return read(x)[0];
}

/** How many tensors are alive in this process. */
export function liveTensors(): number {
  return tape().state.numTensors;
}

function dtypeOf(values: ArrayLike<number>): DType {
  if (values instanceof Int32Array) return "int32";
  return values instanceof Uint8Array ? "bool" : "float32";
}

function toTyped(values: ArrayLike<number>, dtype: DType): Values {
  if (dtype === "float32") return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === "int32") return values instanceof Int32Array ? values : Int32Array.from(values);
  return values instanceof Uint8Array ? values : Uint8Array.from(values, (value) => (value ? 1 : 0));
}
