/**
 * Who carries out operations: TensorFlow at once, or, while `compile` traces, the recorder that adds them to a graph.
 */
import { UserError } from "../errors.js";
import type { Turned } from "./bfloat16.js";
import type { DType, Tensor, Values } from "./tensor.js";
import { type Attribute, backend, dtypeCode, idOf, wrap } from "./tensorflow.js";

/** A few numbers that an operation takes as an input: axes, sizes, a factor. Not a tensor: nobody has to free it. */
export type Constant = { readonly values: Values; readonly shape: readonly number[]; readonly constant: DType };

export type Input = Tensor | Constant;

export function isConstant(input: Input): input is Constant {
  return "constant" in input;
}

export type Executor = {
  /** The compiled function that is being traced. */
  readonly tracing?: string;
  readonly execute: (
    op: string,
    inputs: readonly Input[],
    attributes: readonly Attribute[],
    outputs: number,
  ) => Tensor[];
  /** A tensor of values that nobody changes any more. */
  readonly upload: (values: Values, shape: readonly number[], dtype: DType) => Tensor;
  readonly read: (x: Tensor) => Values;
  /** A product of two matrices of lower precision, where the function that is traced was given one. */
  readonly multiply?: (a: Tensor, b: Tensor, turned: Turned) => Tensor;
};

const eager: Executor = {
  execute(op, inputs, attributes, outputs) {
    const { binding } = backend();
    const temporary: number[] = [];
    try {
      const ids = inputs.map((input) => {
        if (!isConstant(input)) return idOf(input);
        const id = binding.createTensor(input.shape, dtypeCode(input.constant, binding), input.values);
        temporary.push(id);
        return id;
      });
      return binding.executeOp(op, attributes, ids, outputs).map(wrap);
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  },
  upload(values, shape, dtype) {
    const code = dtypeCode(dtype);
    return wrap({ id: backend().binding.createTensor(shape, code, values), shape: [...shape], dtype: code });
  },
  read: (x) => backend().binding.tensorDataSync(idOf(x)),
};

let current = eager;

export function executor(): Executor {
  return current;
}

/** Runs `fn` with another executor. */
export function executeWith<T>(other: Executor, fn: () => T): T {
  const previous = current;
  current = other;
  try {
    return fn();
  } finally {
    current = previous;
  }
}

/** Operations are carried out at once again, whoever was to carry them out. */
export function executeAtOnce(): void {
  current = eager;
}

/** What TensorFlow says about inputs it does not take, with their shapes, which it does not always say. */
export function refused(op: string, inputs: readonly Input[], error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  const shown = inputs.map((input) =>
    isConstant(input) ? `${[...input.values]}` : `${input.dtype}[${input.shape.join(", ")}]`,
  );
  return new UserError(`${op}(${shown.join(", ")}): ${reasonOf(error)}`);
}

/** TensorFlow's message without the addon's heading and the names of nodes. */
export function reasonOf(error: Error): string {
  const message = /Message: (.*)/.exec(error.message)?.[1] ?? error.message.split("\n")[0];
  return message
    .replace(/ for '\{\{node.*$/, "")
    .replace(/^\{\{.*?\}\} /, "")
    .replace(/^\w+: /, "");
}
