/**
 * How an operation of this room is made: TensorFlow operations for its value, and operations of this room for its
 * gradient. The package's own operations are not used, because several read values on the host or build whole arrays of
 * ones there, neither of which can be traced, and because two of its gradients are wrong.
 */
import type { DType, Tensor } from "./tensor.js";
import { type Attribute, backend, dtypeCode, tape } from "./tensorflow.js";

/** A short list of integers that an operation takes as an input: axes, sizes, paddings. */
export type Integers = { readonly integers: readonly number[]; readonly shape: readonly number[] };

/** An attribute TensorFlow cannot infer from the inputs. */
export type AttributeValue = boolean | string | { readonly int: number } | { readonly dtype: DType };

/** Axes or sizes, as a vector. */
export function integers(values: readonly number[]): Integers {
  return { integers: values, shape: [values.length] };
}

/** One integer, as a scalar. */
export function integer(value: number): Integers {
  return { integers: [value], shape: [] };
}

/**
 * Runs one TensorFlow operation, or adds it to the graph that is being traced.
 *
 * @param op TensorFlow's name of the operation.
 * @returns Its outputs, without a gradient.
 */
export function execute(
  op: string,
  inputs: readonly (Tensor | Integers)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  outputs = 1,
): Tensor[] {
  const native = backend();
  const { binding } = native;
  const temporary: number[] = [];
  const ids = inputs.map((input) => {
    if (!("integers" in input)) return native.getInputTensorIds([input])[0];
    const id = binding.createTensor(input.shape, binding.TF_INT32, Int32Array.from(input.integers));
    temporary.push(id);
    return id;
  });
  try {
    const described = binding.executeOp(op, encode(attributes), ids, outputs);
    return described.map((output) => native.createOutputTensor(output));
  } finally {
    for (const id of temporary) binding.deleteTensor(id);
  }
}

function encode(attributes: Readonly<Record<string, AttributeValue>>): Attribute[] {
  const { binding } = backend();
  return Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "boolean") return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === "string") return { name, type: binding.TF_ATTR_STRING, value };
    if ("int" in value) return { name, type: binding.TF_ATTR_INT, value: value.int };
    return { name, type: binding.TF_ATTR_TYPE, value: dtypeCode(value.dtype, binding) };
  });
}

/** What a gradient receives: the gradient of the output and the tensors the forward pass saved. */
export type Backward = (dy: Tensor, saved: readonly Tensor[]) => readonly (() => Tensor)[];

/**
 * An operation with a gradient.
 *
 * @param inputs The tensors it may be differentiated by.
 * @param forward Computes the output and names what the gradient needs.
 * @param backward One function per input, called only for inputs that need a gradient. It may use `saved` and `dy`; an
 *   input that was not saved may be gone by then.
 */
export function primitive(
  inputs: readonly Tensor[],
  forward: () => { readonly value: Tensor; readonly save?: readonly Tensor[] },
  backward: Backward,
): Tensor {
  return tape().runKernelFunc({
    forwardFunc: (_: unknown, save: (tensors: readonly Tensor[]) => void) => {
      const { value, save: kept = [] } = forward();
      save(kept);
      return value;
    },
    backwardsFunc: (dy: Tensor, saved: readonly Tensor[]) => Object.fromEntries(backward(dy, saved).entries()),
    inputs: Object.fromEntries(inputs.entries()),
  });
}

/** An operation without a gradient, such as a comparison. */
export function constantPrimitive(op: string, inputs: readonly (Tensor | Integers)[], attributes = {}): Tensor {
  return execute(op, inputs, attributes)[0];
}
