/**
 * The only door to TensorFlow.js. It opens at the first tensor operation: a command that only reads headers never pays
 * for TensorFlow (370 MB of memory, half a second).
 */
import { createRequire } from "node:module";
import type * as TensorFlow from "@tensorflow/tfjs-node-gpu";
import { UserError } from "../errors.js";
import type { DType, Tensor } from "./tensor.js";

/** What an eager operation or a traced one returns about each output. */
export type Described = { readonly id: number; readonly shape: number[]; readonly dtype: number };

export type Attribute = { readonly name: string; readonly type: number; readonly value: unknown };

/** The addon's methods: the package's own, and those that `native/trace_binding.cc` adds (absent from a stock addon). */
export type Binding = {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Described[];
  getNumOfTensors(): number;
  traceBegin?(): void;
  tracePlaceholder?(shape: readonly number[], dtype: number): Described;
  traceConstant?(shape: readonly number[], dtype: number, values: ArrayBufferView): Described;
  traceOp?(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Described[];
  traceFunction?(name: string, inputs: readonly number[], outputs: readonly number[], xla: boolean): void;
  traceEnd?(): void;
};

/** The parts of the package's backend that the engine uses; `binding` is replaced while tracing. */
export type Backend = {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(described: Described): Tensor;
  readonly tensorMap: {
    get(dataId: object): { id: number; values: ArrayBufferView | null; dtype: number; shape: number[] };
    has(dataId: object): boolean;
  };
};

let loaded: typeof TensorFlow | undefined;

/** TensorFlow.js on the native backend, loaded on first use. */
export function tensorflow(): typeof TensorFlow {
  loaded ??= load();
  return loaded;
}

/** Whether TensorFlow has been loaded in this process. */
export function isLoaded(): boolean {
  return loaded !== undefined;
}

export function backend(): Backend {
  return tensorflow().backend() as unknown as Backend;
}

/** TensorFlow.js' own engine: its gradient tape, its scopes and its table of live tensors. */
export function tape(): any {
  return tensorflow().engine();
}

function load(): typeof TensorFlow {
  // TensorFlow's start-up notes are not for the reader of a notebook; a real error is still printed.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  const require = createRequire(import.meta.url);
  restoreUtilFunctions(require("node:util"));
  let package_: typeof TensorFlow;
  try {
    package_ = require("@tensorflow/tfjs-node-gpu") as typeof TensorFlow;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UserError(`TensorFlow did not load: ${reason}`, { fix: "Run `npm run doctor` to see what is missing" });
  }
  package_.enableProdMode();
  guardSymbolicTensors(package_.backend() as unknown as Backend);
  return package_;
}

/** tfjs-node calls two functions of `util` that Node 23 dropped. */
function restoreUtilFunctions(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** Ids at or above this one name tensors of a trace (see `native/trace_binding.cc`). */
export const firstSymbolicId: number = 2 ** 40;

/** A tensor that escaped from a trace has no value; say so instead of failing deep inside TensorFlow. */
function guardSymbolicTensors(native: Backend): void {
  const inputIds = native.getInputTensorIds.bind(native);
  const realBinding = native.binding;
  native.getInputTensorIds = (tensors) => {
    const ids = inputIds(tensors);
    if (native.binding === realBinding && ids.some((id) => id >= firstSymbolicId)) {
      throw new UserError("a tensor made inside compile() was used outside of it", {
        fix: "Return it from the compiled function",
      });
    }
    return ids;
  };
}

/** The number TensorFlow gives an element type. */
export function dtypeCode(dtype: DType, binding: Binding): number {
  if (dtype === "float32") return binding.TF_FLOAT;
  return dtype === "int32" ? binding.TF_INT32 : binding.TF_BOOL;
}
