/**
 * Records a pure function of tensors as a TensorFlow graph.
 *
 * While a trace is open operations go to a recorder that adds them to the graph: TensorFlow infers their types and shapes,
 * nothing is computed and nothing is held.
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.js";
import { byRows, hiddenOne, type Turned } from "./bfloat16.js";
import { callers, hasPlace, isEngine } from "./caller.js";
import { type Executor, executeWith, executor, isConstant } from "./executor.js";
import { scope } from "./scope.js";
import { isTensor, type Tensor, type Values } from "./tensor.js";
import {
  type Attribute,
  type Binding,
  backend,
  type Described,
  dtypeCode,
  idOf,
  insides,
  isSymbolic,
  wrap,
} from "./tensorflow.js";
import { leaves, map } from "./tree.js";

/** A recorded function, before it is registered with TensorFlow. */
export type Traced = {
  /** Tensors from outside that the function used; they are inputs, behind the arguments. */
  readonly captured: readonly Tensor[];
  /** The result with each tensor replaced by where it comes from. */
  readonly outputs: unknown;
  readonly operations: number;
  /** Bytes of numbers that became part of the graph: axes, masks, tables. */
  readonly constantBytes: number;
  /** Registers the graph as a TensorFlow function; with `xla` it is compiled by XLA at its first call. */
  readonly register: (name: string, xla: boolean) => void;
};

/** The backends that run a traced function as a whole: TensorFlow's graph executor with oneDNN, and XLA. */
export type GraphBackend = "graph" | "xla";

/** Where an output of a traced function comes from: `i` is output `i` of the graph, `~i` is argument `i` passed through. */
export type Slot = number;

type Addon = Required<Binding>;

/** Whether a trace is open. */
export function isTracing(): boolean {
  return executor().tracing !== undefined;
}

/** Whether the addon can trace (a stock tfjs-node addon cannot). */
export function canTrace(): boolean {
  return backend().binding.traceBegin !== undefined;
}

/**
 * Traces `fn` and hands the open trace to `use`, which registers what it needs before the graph is forgotten.
 *
 * @param name Names the function in errors.
 * @param rounded The backend for which operands of products of two matrices are rounded to bfloat16; not at all by default.
 * @throws UserError when `fn` reads a value, draws random numbers or returns something else than tensors.
 */
export function trace<Args extends readonly unknown[], R>(
  name: string,
  fn: (...args: Args) => unknown,
  args: Args,
  use: (traced: Traced) => R,
  rounded?: GraphBackend,
): R {
  const addon = backend().binding as Addon;
  addon.traceBegin();
  try {
    return scope(() => {
      const recorder = new Recorder(name, addon, rounded);
      const inputs: Tensor[] = [];
      const symbols = map<Tensor, Tensor, Args>(args, (argument) => {
        inputs.push(recorder.placeholder(argument));
        return inputs[inputs.length - 1];
      }) as unknown as Args;
      const result = executeWith(recorder, () => fn(...symbols));
      const inputIds = inputs.map(idOf);
      const outputIds: number[] = [];
      const outputs = map<unknown, Slot, unknown>(resultTensors(name, result), (leaf) => {
        const id = recorder.idOf(leaf as Tensor);
        const argument = inputIds.indexOf(id);
        return argument >= 0 ? ~argument : outputIds.push(id) - 1;
      });
      const outside = [...recorder.captured.values()];
      const ends = [...inputIds, ...outside.map(({ id }) => id)];
      return use({
        captured: outside.map(({ tensor }) => tensor),
        outputs,
        operations: recorder.operations,
        constantBytes: recorder.constantBytes,
        register: (functionName, xla) => addon.traceFunction(functionName, ends, outputIds, xla),
      });
    });
  } finally {
    addon.traceEnd();
  }
}

/** Forgets the open trace, if there is one. */
export function endTrace(): void {
  (backend().binding as Partial<Addon>).traceEnd?.();
}

/** TensorFlow's number for the element type. */
const bfloat16 = 14;

const stateful = /^(Random|Stateful|Stateless|Multinomial|TruncatedNormal|ParameterizedTruncated)/;

/** Adds operations to the open graph. */
class Recorder implements Executor {
  operations = 0;
  constantBytes = 0;
  /** Tensors from outside by their memory, each with the id of its placeholder. */
  readonly captured: Map<object, { readonly tensor: Tensor; readonly id: number }> = new Map();

  readonly multiply: Executor["multiply"];

  private readonly constants = new Map<string, Described>();
  /** The id of {@link hiddenOne}. */
  private one?: number;

  constructor(
    readonly tracing: string,
    private readonly addon: Addon,
    rounded?: GraphBackend,
  ) {
    if (rounded === "xla") {
      const wide = (a: Tensor, b: Tensor, right: boolean): Tensor => this.wideProduct(a, b, right);
      this.multiply = (a, b, turned) => byRows(a, b, turned, wide);
    } else if (rounded === "graph") {
      this.multiply = (a, b, turned) => this.narrowProduct(a, b, turned);
    }
  }

  placeholder({ shape, dtype }: Tensor): Tensor {
    return wrap(this.addon.tracePlaceholder(shape, dtypeCode(dtype)));
  }

  /** The symbolic id of a tensor; one from outside becomes an input of the function, never a baked value. */
  idOf(x: Tensor): number {
    const own = idOf(x);
    if (isSymbolic(own)) return own;
    const { dataId } = insides(x);
    const known = this.captured.get(dataId);
    if (known !== undefined) return known.id;
    const { id } = this.addon.tracePlaceholder(x.shape, dtypeCode(x.dtype));
    this.captured.set(dataId, { tensor: x, id });
    return id;
  }

  readonly execute: Executor["execute"] = (op, inputs, attributes, outputs) => {
    if (stateful.test(op)) {
      throw new UserError(`compile(${this.tracing}): the random operation ${op} was called`, {
        fix: "Draw the numbers outside with engine.random and pass them in",
      });
    }
    this.operations++;
    const ids = inputs.map((input) =>
      isConstant(input) ? this.constant(input.values, input.shape, dtypeCode(input.constant)).id : this.idOf(input),
    );
    return this.addon.traceOp(op, attributes, ids, outputs).map(wrap);
  };

  /** Operands in bfloat16; sums and result in float32. */
  private wideProduct(a: Tensor, b: Tensor, right: boolean): Tensor {
    const { TF_ATTR_BOOL: flag, TF_ATTR_TYPE: type, TF_FLOAT: value } = this.addon;
    const attributes = [
      { name: "Tout", type, value },
      { name: "adj_x", type: flag, value: false },
      { name: "adj_y", type: flag, value: right },
    ];
    const product = this.add("BatchMatMulV3", attributes, [this.bfloat16(a), this.bfloat16(b)]);
    this.one ??= this.idOf(hiddenOne(a));
    return wrap(this.add("Mul", [], [product.id, this.one]));
  }

  /** Operands and result in bfloat16, as the graph's kernels (oneDNN) have it. */
  private narrowProduct(a: Tensor, b: Tensor, { left, right }: Turned): Tensor {
    const { TF_ATTR_BOOL: type } = this.addon;
    const attributes = [
      { name: "transpose_a", type, value: left },
      { name: "transpose_b", type, value: right },
    ];
    const product = this.add("MatMul", attributes, [this.bfloat16(a), this.bfloat16(b)]);
    return wrap(this.add("Cast", this.destination(this.addon.TF_FLOAT), [product.id]));
  }

  /** The id of a rounded copy. A tensor of bfloat16 exists nowhere else, so that it has no `DType`. */
  private bfloat16(x: Tensor): number {
    return this.add("Cast", this.destination(bfloat16), [this.idOf(x)]).id;
  }

  private destination(value: number): Attribute[] {
    return [{ name: "DstT", type: this.addon.TF_ATTR_TYPE, value }];
  }

  private add(op: string, attributes: readonly Attribute[], inputs: readonly number[]): Described {
    this.operations++;
    return this.addon.traceOp(op, attributes, inputs, 1)[0];
  }

  readonly upload: Executor["upload"] = (values, shape, dtype) => wrap(this.constant(values, shape, dtypeCode(dtype)));

  readonly read: Executor["read"] = () => {
    const { call, from } = entrance();
    throw new UserError(`compile(${this.tracing}): ${call}() asked for a value while tracing`, {
      where: `at ${from}`,
      expected: "a function of tensors only, which have no numbers yet",
      fix: "Read after the compiled function has returned",
    });
  };

  /** Equal numbers become one constant: axes and factors by the hundred, and a table that each layer makes anew. */
  private constant(values: Values, shape: readonly number[], dtype: number): Described {
    // −0 is another constant than 0, though they print alike.
    const short = (): string => Array.from(values, (value) => (Object.is(value, -0) ? "-0" : value)).join();
    const content = values.length <= 8 ? short() : createHash("sha256").update(values).digest("base64");
    const key = `${dtype}[${shape}]${content}`;
    let made = this.constants.get(key);
    if (made === undefined) {
      made = this.addon.traceConstant(shape, dtype, values);
      this.constants.set(key, made);
      this.constantBytes += values.byteLength;
    }
    return made;
  }
}

/** The engine's function that was called from outside the engine, and from where. */
function entrance(): { call: string; from: string } {
  const frames = callers().filter(hasPlace);
  const outside = frames.findIndex((frame) => !isEngine(frame));
  return { call: frames[outside - 1]?.name ?? "read", from: frames[outside]?.at ?? "an unknown place" };
}

/** Every tensor of the arguments, in a fixed order. */
export function argumentTensors(name: string, args: readonly unknown[]): Tensor[] {
  return leaves<unknown>(args).map((leaf) => {
    if (isTensor(leaf)) return leaf;
    throw new UserError(`compile(${name}): an argument holds ${kindOf(leaf)}`, {
      expected: "trees of tensors, so that no value is baked into the graph",
      fix: "Pass engine.scalar(x) for a number",
    });
  });
}

/** The result of a function that is compiled, all of whose leaves are tensors. */
export function resultTensors<T>(name: string, result: T): T {
  const found = leaves<unknown>(result);
  const other = found.find((leaf) => !isTensor(leaf));
  if (found.length > 0 && other === undefined) return result;
  throw new UserError(`compile(${name}): the function returned ${found.length === 0 ? "nothing" : kindOf(other)}`, {
    expected: "a tree of tensors",
  });
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return `the ${typeof value} ${String(value)}`;
  return `a ${Object.getPrototypeOf(value)?.constructor?.name ?? "object"}`;
}
