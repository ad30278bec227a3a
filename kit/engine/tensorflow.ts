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
  traceBegin?(): void;
  tracePlaceholder?(shape: readonly number[], dtype: number): Described;
  traceConstant?(shape: readonly number[], dtype: number, values: ArrayBufferView): Described;
  traceOp?(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Described[];
  traceFunction?(name: string, inputs: readonly number[], outputs: readonly number[], xla: boolean): void;
  traceEnd?(): void;
};

/** The parts of the package's backend that the engine uses. */
type Backend = {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(described: Described): Tensor;
  incRef(dataId: object): void;
  readonly tensorMap: { get(dataId: object): Stored; has(dataId: object): boolean };
};

/** What the package's backend knows of one tensor's memory; `refCount` is 0 once it has been freed. */
type Stored = { readonly id: number; refCount: number };

/** The parts of the package's own engine that this one uses: its stack of scopes and its count of live tensors. */
type Memory = {
  startScope(name: string): void;
  endScope(survivors: readonly Tensor[]): void;
  makeTensorFromTensorInfo(info: Tensor): Tensor;
  readonly state: { readonly numTensors: number; readonly activeScope: OpenScope | null };
};

/** A scope and the tensors that were made in it. */
export type OpenScope = { readonly track: readonly Tensor[] };

/** What the package keeps in a tensor beside the public fields. */
type Insides = { readonly dataId: object; readonly isDisposed: boolean; id: number; kept: boolean; dispose(): void };

export function insides(x: Tensor): Insides {
  return x as unknown as Insides;
}

let loaded: typeof TensorFlow | undefined;

function tensorflow(): typeof TensorFlow {
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

export function memory(): Memory {
  return tensorflow().engine() as unknown as Memory;
}

/** Prepares the process for TensorFlow, without loading it: for packages that may load it by themselves. */
export function prepareTensorFlow(): void {
  // TensorFlow's start-up notes are not for the reader of a notebook; a real error is still printed.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // NVIDIA's libraries would multiply float32 with 10 bits of mantissa, which running sums of many decays do not survive.
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  restoreUtilFunctions(createRequire(import.meta.url)("node:util"));
}

function load(): typeof TensorFlow {
  prepareTensorFlow();
  const require = createRequire(import.meta.url);
  let package_: typeof TensorFlow;
  try {
    package_ = require("@tensorflow/tfjs-node-gpu") as typeof TensorFlow;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UserError(`TensorFlow did not load: ${reason}`, { fix: "Run `npm run doctor` to see what is missing" });
  }
  package_.enableProdMode();
  ignoreSymbolicDeletions(package_.backend() as unknown as Backend);
  return package_;
}

/** tfjs-node calls two functions of `util` that Node 23 dropped. */
function restoreUtilFunctions(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** Ids at or above this one name tensors of a trace (see `native/trace_binding.cc`). */
const firstSymbolicId: number = 2 ** 40;

export function isSymbolic(id: number): boolean {
  return id >= firstSymbolicId;
}

/** The package's scopes free the tensors of a trace like any others, but there is nothing to free. */
function ignoreSymbolicDeletions(native: Backend): void {
  const real = native.binding;
  const deleteTensor = (id: number): void => {
    if (!isSymbolic(id)) real.deleteTensor(id);
  };
  // The addon's own properties are read-only and not enumerable: inherit them.
  native.binding = Object.create(real, { deleteTensor: { value: deleteTensor } }) as Binding;
}

/** Where the tensors of finished traces lived. */
const symbolicData = new WeakSet<object>();

/** A tensor for what the addon describes. */
export function wrap(described: Described): Tensor {
  const made = backend().createOutputTensor(described);
  if (isSymbolic(described.id)) symbolicData.add(insides(made).dataId);
  freeWhenUnreachable(made);
  return made;
}

const unreachable = new FinalizationRegistry<Stored>((stored) => {
  if (stored.refCount > 0) backend().binding.deleteTensor(stored.id);
});
const watched = new WeakSet<object>();

/**
 * Frees a tensor outside every scope once no variable reaches it: a notebook makes such tensors, and nobody writes `free`
 * there. It happens between turns of the event loop, some time after the last use.
 */
export function freeWhenUnreachable(x: Tensor): void {
  const { dataId } = insides(x);
  if (memory().state.activeScope !== null || watched.has(dataId)) return;
  watched.add(dataId);
  unreachable.register(dataId, backend().tensorMap.get(dataId));
}

/**
 * The addon's id of a tensor.
 *
 * @throws UserError when the tensor has been freed, or escaped from a trace.
 */
export function idOf(x: Tensor): number {
  const native = backend();
  const { dataId, isDisposed } = insides(x);
  if (!isDisposed && native.tensorMap.has(dataId)) return native.getInputTensorIds([x])[0];
  throw symbolicData.has(dataId)
    ? new UserError("a tensor made inside compile() was used outside of it", {
        fix: "Return it from the compiled function",
      })
    : new UserError(`a tensor of shape [${x.shape}] was used after it had been freed`, {
        where: "scope and carry free what is not in their result",
      });
}

/** The number TensorFlow gives an element type. */
export function dtypeCode(dtype: DType, binding: Binding = backend().binding): number {
  if (dtype === "float32") return binding.TF_FLOAT;
  return dtype === "int32" ? binding.TF_INT32 : binding.TF_BOOL;
}
