/**
 * Records a pure function of tensors as a TensorFlow graph.
 *
 * While a trace is open the backend's binding is replaced by one that adds operations to the graph: TensorFlow infers
 * their types and shapes, nothing is computed and nothing is held.
 */
import { UserError } from "../errors.js";
import { isTensor, type Tensor } from "./tensor.js";
import { type Backend, type Binding, backend, dtypeCode, firstSymbolicId, tape } from "./tensorflow.js";
import { leaves, map } from "./tree.js";

/** A recorded function, before it is registered with TensorFlow. */
export type Traced<Out> = {
  /** Tensors from outside that the function used; they are inputs, behind the arguments. */
  readonly captured: readonly Tensor[];
  /** The result with each tensor replaced by where it comes from. */
  readonly outputs: Out;
  readonly operations: number;
  /** Registers the graph as a TensorFlow function; with `xla` it is compiled by XLA at its first call. */
  readonly register: (name: string, xla: boolean) => void;
};

/** Where an output of a traced function comes from: `i` is output `i` of the graph, `~i` is argument `i` passed through. */
export type Slot = number;

let current: string | undefined;

export function isTracing(): boolean {
  return current !== undefined;
}

/** Whether the addon can trace (a stock tfjs-node addon cannot). */
export function canTrace(): boolean {
  return backend().binding.traceBegin !== undefined;
}

/**
 * Traces `fn` and hands the open trace to `use`, which registers what it needs before the graph is forgotten.
 *
 * @param name Names the function in errors.
 * @throws UserError when `fn` reads a value or draws random numbers.
 */
export function trace<Args extends readonly unknown[], Out, R>(
  name: string,
  fn: (...args: Args) => Out,
  args: Args,
  use: (traced: Traced<unknown>) => R,
): R {
  const native = backend();
  const real = native.binding;
  const engine = tape();
  const realInputIds = native.getInputTensorIds;
  const captured = new Map<number, { tensor: Tensor; id: number }>();
  const recorder = recordingBinding(name, real);
  real.traceBegin!();
  native.binding = recorder.binding;
  native.getInputTensorIds = (tensors) => tensors.map((tensor) => symbolicId(native, tensor, captured, real));
  engine.startScope(`trace ${name}`);
  const previous = current;
  current = name;
  try {
    const inputs: Tensor[] = [];
    const symbols = map<Tensor, Tensor, Args>(args, (argument) => {
      const symbol = native.createOutputTensor(real.tracePlaceholder!(argument.shape, dtypeCode(argument.dtype, real)));
      inputs.push(symbol);
      return symbol;
    }) as unknown as Args;
    const result = fn(...symbols);
    const inputIds = inputs.map((tensor) => native.getInputTensorIds([tensor])[0]);
    const outputIds: number[] = [];
    const slots = map<unknown, unknown, unknown>(result, (leaf) => {
      if (!isTensor(leaf)) throw notATensor(name, leaf);
      const id = native.getInputTensorIds([leaf])[0];
      const argument = inputIds.indexOf(id);
      return argument >= 0 ? ~argument : outputIds.push(id) - 1;
    });
    const outside = [...captured.values()];
    return use({
      captured: outside.map((entry) => entry.tensor),
      outputs: slots,
      operations: recorder.count(),
      register: (functionName, xla) =>
        real.traceFunction!(functionName, [...inputIds, ...outside.map((entry) => entry.id)], outputIds, xla),
    });
  } finally {
    engine.endScope();
    current = previous;
    native.binding = real;
    native.getInputTensorIds = realInputIds;
    real.traceEnd!();
  }
}

function notATensor(name: string, leaf: unknown): UserError {
  return new UserError(`compile(${name}): the function returned ${typeof leaf}`, {
    expected: "a tree whose leaves are tensors",
  });
}

/** The symbolic id of a tensor; one from outside becomes an input of the function, never a baked value. */
function symbolicId(
  native: Backend,
  tensor: Tensor,
  captured: Map<number, { tensor: Tensor; id: number }>,
  real: Binding,
): number {
  const info = native.tensorMap.get((tensor as unknown as { dataId: object }).dataId);
  if (info.values !== null && info.values !== undefined) {
    // Made by TensorFlow.js itself in this trace (the gradient's seed): a constant of the graph.
    info.id = native.binding.createTensor(info.shape, info.dtype, info.values);
    info.values = null;
  }
  if (info.id >= firstSymbolicId) return info.id;
  const known = captured.get(info.id);
  if (known !== undefined) return known.id;
  const id = real.tracePlaceholder!(tensor.shape, info.dtype).id;
  captured.set(info.id, { tensor, id });
  return id;
}

const stateful = /^(Random|Stateful|Stateless|Multinomial|TruncatedNormal|ParameterizedTruncated)/;

function recordingBinding(name: string, real: Binding): { binding: Binding; count: () => number } {
  let operations = 0;
  const changed: Pick<Binding, "executeOp" | "createTensor" | "deleteTensor" | "tensorDataSync"> = {
    executeOp(op, attributes, inputs, outputs) {
      if (stateful.test(op)) {
        throw new UserError(`compile(${name}): the random operation ${op} was called`, {
          fix: "Draw the numbers outside with engine.random and pass them in",
        });
      }
      operations++;
      return real.traceOp!(op, attributes, inputs, outputs);
    },
    createTensor: (shape, dtype, values) => real.traceConstant!(shape, dtype, toTyped(values, dtype, real)).id,
    deleteTensor: () => undefined,
    tensorDataSync: () => {
      throw new UserError(`compile(${name}): a value was read while tracing`, {
        where: caller(),
        expected: "a function of tensors only, which has no numbers yet",
        fix: "Read after the compiled function has returned",
      });
    },
  };
  // The addon's own properties are read-only and not enumerable: inherit them, and define the four that change.
  const binding = Object.create(real, Object.getOwnPropertyDescriptors(changed)) as Binding;
  return { binding, count: () => operations };
}

function toTyped(values: ArrayBufferView | ArrayLike<number>, dtype: number, real: Binding): ArrayBufferView {
  if (ArrayBuffer.isView(values)) return values;
  if (dtype === real.TF_INT32) return Int32Array.from(values);
  return dtype === real.TF_BOOL ? Uint8Array.from(values) : Float32Array.from(values);
}

/** The first frame outside the engine and TensorFlow.js: the call that read. */
function caller(): string {
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  const outside = frames.find((frame) => !/tensorflow|[/\\]engine[/\\](?!.*\.test\.)/.test(frame)) ?? "";
  return `engine.read, called ${outside.trim()}`;
}

/** Every tensor of the arguments, in a fixed order. */
export function argumentTensors(name: string, args: readonly unknown[]): Tensor[] {
  return leaves<unknown>(args).map((leaf) => {
    if (isTensor(leaf)) return leaf;
    throw new UserError(`compile(${name}): an argument holds a ${typeof leaf}`, {
      expected: "trees of tensors, so that no value is baked into the graph",
      fix: "Pass engine.scalar(x) for a number",
    });
  });
}
