/**
 * How an operation of this room is made: TensorFlow operations for its value, and operations of this room for its
 * gradient. The package's own operations and gradients are not used: several read values on the host or build whole
 * arrays of ones there, neither of which can be traced, and two of its gradients are wrong.
 */
import { type Constant, executor, type Input, refused } from "./executor.js";
import { free, scope, share } from "./scope.js";
import { type DType, isTensor, type Tensor, toTyped } from "./tensor.js";
import { type Attribute, backend, dtypeCode, insides, memory, type OpenScope } from "./tensorflow.js";

/** A list of integers that an operation takes as an input: axes, sizes, paddings. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]): Constant {
  return constant(values, shape, "int32");
}

/** One integer, as a scalar. */
export function integer(value: number): Constant {
  return integers([value], []);
}

export function constant(values: readonly number[], shape: readonly number[], dtype: DType): Constant {
  return { values: toTyped(values, dtype), shape, constant: dtype };
}

/** An operand: a tensor, or a number, which takes the element type of its partner. */
export type Operand = Tensor | number;

/** Operands as inputs of one operation; two numbers meet as float32. */
export function lift(operands: readonly Operand[]): Input[] {
  const dtype = operands.find(isTensor)?.dtype ?? "float32";
  return operands.map((x) => (isTensor(x) ? x : constant([x], [], dtype)));
}

/** An attribute TensorFlow cannot infer from the inputs. */
export type AttributeValue = boolean | { readonly int: number } | { readonly dtype: DType };

/**
 * Runs one TensorFlow operation, or adds it to the graph that is being traced.
 *
 * @param op TensorFlow's name of the operation.
 * @returns Its outputs, without a gradient.
 */
export function execute(
  op: string,
  inputs: readonly Input[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  outputs = 1,
): Tensor[] {
  try {
    return executor().execute(op, inputs, encode(attributes), outputs);
  } catch (error) {
    throw refused(op, inputs, error);
  }
}

/** An operation with one output and without a gradient, such as a comparison. */
export function run(
  op: string,
  inputs: readonly Input[],
  attributes?: Readonly<Record<string, AttributeValue>>,
): Tensor {
  return execute(op, inputs, attributes)[0];
}

function encode(attributes: Readonly<Record<string, AttributeValue>>): Attribute[] {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return [];
  const { binding } = backend();
  return entries.map(([name, value]) => {
    if (typeof value === "boolean") return { name, type: binding.TF_ATTR_BOOL, value };
    if ("int" in value) return { name, type: binding.TF_ATTR_INT, value: value.int };
    return { name, type: binding.TF_ATTR_TYPE, value: dtypeCode(value.dtype, binding) };
  });
}

/** What a gradient receives: the gradient of the output and the tensors the forward pass saved. */
export type Backward = (dy: Tensor, saved: readonly Tensor[]) => readonly (() => Tensor)[];

/** The value of an operation, and what its gradient needs. */
export type Forward = () => { readonly value: Tensor; readonly save?: readonly Tensor[] };

/** One operation that `valueAndGradient` recorded. */
export type Entry = {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly backward: Backward;
};

/** The entries of the gradient that is being taken, in order; absent when none is. */
let tape: Entry[] | undefined;

/** The tapes of the gradients that are being taken, by the scope around each. */
const tapes = new WeakMap<object, readonly Entry[]>();

export function currentTape(): Entry[] | undefined {
  return tape;
}

export function withTape<T>(other: Entry[] | undefined, fn: () => T): T {
  const previous = tape;
  tape = other;
  if (other !== undefined) tapes.set(memory().state.activeScope ?? other, other);
  try {
    return fn();
  } finally {
    tape = previous;
  }
}

/** Gives up the gradient that is being taken inside a scope, if there is one, and frees what its tape has saved. */
export function dropTape(scope: OpenScope): void {
  tape = undefined;
  for (const { saved } of tapes.get(scope) ?? []) free(saved);
  // Held for an entry that was not written any more: the scope frees it like any other.
  for (const x of scope.track) insides(x).kept = false;
}

/**
 * An operation with a gradient.
 *
 * @param inputs The tensors it may be differentiated by.
 * @param forward Computes the output and names what the gradient needs.
 * @param backward One function per input, called only for inputs that need a gradient. It may use `saved` and `dy`; an
 *   input that was not saved may be gone by then.
 */
export function primitive(inputs: readonly Tensor[], forward: Forward, backward: Backward): Tensor {
  const onto = tape;
  let saved: readonly Tensor[] = [];
  // What `forward` computes on its way is one entry, not several.
  const output = withTape(undefined, () =>
    scope(() => {
      const { value, save = [] } = forward();
      if (onto !== undefined) saved = save.map(hold);
      return value;
    }),
  );
  onto?.push({ inputs, output, saved, backward });
  return output;
}

/** A tensor that outlives every scope until the tape frees it. To the tape it is the one it was made from. */
function hold(x: Tensor): Tensor {
  const held = share(x);
  insides(held).kept = true;
  insides(held).id = x.id;
  return held;
}
