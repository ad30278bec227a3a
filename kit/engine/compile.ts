import { UserError } from "../errors.js";
import { executor, reasonOf } from "./executor.js";
import { currentTape } from "./primitive.js";
import { scope, share } from "./scope.js";
import { read, type Tensor } from "./tensor.js";
import { insides } from "./tensorflow.js";
import {
  argumentTensors,
  canTrace,
  type GraphBackend,
  isTracing,
  resultTensors,
  type Slot,
  type Traced,
  trace,
} from "./trace.js";
import { entries, leaves, map } from "./tree.js";

/** `graph`: TensorFlow's graph executor with oneDNN. `xla`: XLA. `eager`: no graph. */
export type ExecutionBackend = GraphBackend | "eager";

/** Operands of the products of two matrices. */
export type MatmulPrecision = "float32" | "bf16";

export type CompileOptions = {
  /** Names the function in messages. Default: the function's own name. */
  readonly name?: string;
  /** `auto` (default) measures `graph` and `xla` at the first call and keeps the faster. */
  readonly backend?: ExecutionBackend | "auto";
  /** `"announce"` (default) says once when another shape makes it trace again; `"expect"` is silent. */
  readonly newShapes?: "announce" | "expect";
  /**
   * `"bf16"` rounds the operands of products of two matrices to bfloat16: the linear layers and the head, forward and
   * backward. Products with more axes (attention, the delta rule) and all else stay float32, and so do their results under
   * `xla`; `graph` rounds those as well, which is what its kernels give. Default `"float32"`.
   */
  readonly matmul?: MatmulPrecision;
};

/** A compiled function, and what became of it. */
export type Compiled<Args extends readonly unknown[], Out> = {
  (...args: Args): Out;
  /** What each signature resolved to, in the order of tracing. */
  readonly traces: readonly TraceReport[];
};

export type TraceReport = {
  /** Shapes and element types of the arguments, of a long list the first. */
  readonly signature: string;
  readonly backend: ExecutionBackend;
  readonly matmul: MatmulPrecision;
  /** TensorFlow operations recorded. */
  readonly operations: number;
  /** Bytes of numbers that became part of the graph: axes, masks, tables. */
  readonly constantBytes: number;
  readonly traceMs: number;
  /** First call of each backend that was tried, which includes its compilation. */
  readonly firstCallMs: Partial<Record<ExecutionBackend, number>>;
  /** The fastest of three further calls of each backend, when `auto` compared them. */
  readonly steadyCallMs: Partial<Record<ExecutionBackend, number>>;
  /** Why XLA could not run it, when `auto` tried. */
  readonly refusedByXla?: string;
};

type Report = { -readonly [K in keyof TraceReport]: TraceReport[K] };

type Run<Args, Out> = (args: Args, inputs: readonly Tensor[]) => Out;

/** What is kept of a signature. The first `run` also measures, and puts the one it decides for in its own place. */
type Replay<Args, Out> = { run: Run<Args, Out>; readonly report: Report };

let functions = 0;
let warnedWithoutAddon = false;

/**
 * Turns a pure function of tensors into one that TensorFlow runs as a whole.
 *
 * The function is traced once per shape signature: nothing is computed while tracing, shapes are inferred, and each later
 * call replays the graph. Arguments and result are trees of tensors. A tensor it uses from outside becomes an input and
 * must stay alive. An argument that is returned unchanged is handed back without a copy.
 *
 * Called inside another compiled function it is inlined, and its products are as that one's. It cannot be differentiated from outside: compile the function
 * that contains the gradient.
 *
 * @throws UserError when the function reads a value, draws random numbers, or takes or returns something else than tensors,
 * and when bf16 products are asked of eager operations.
 */
export function compile<Args extends readonly unknown[], Out>(
  fn: (...args: Args) => Out,
  options: CompileOptions = {},
): Compiled<Args, Out> {
  const name = options.name ?? (fn.name || "anonymous");
  const replays = new Map<string, Replay<Args, Out>>();
  const traces: TraceReport[] = [];
  const call = (...args: Args): Out => {
    if (isTracing()) return fn(...args);
    if (currentTape() !== undefined) {
      throw new UserError(`compile(${name}): a compiled function was called under a gradient`, {
        fix: "Compile the function that takes the gradient",
      });
    }
    const inputs = argumentTensors(name, args);
    const signature = signatureOf(args);
    let replay = replays.get(signature);
    if (replay === undefined) {
      if (replays.size === 1 && options.newShapes !== "expect") {
        console.warn(`compile(${name}): tracing again for new shapes; each signature is traced once`);
      }
      replay = prepare(name, fn, args, signature, options);
      replays.set(signature, replay);
      traces.push(replay.report);
    }
    return replay.run(args, inputs);
  };
  return Object.assign(call, { traces });
}

function signatureOf(args: readonly unknown[]): string {
  return entries<Tensor>(args)
    .map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`)
    .join(" ");
}

function shortened(signature: string): string {
  const leaves = signature.split(" ");
  return leaves.length <= 8 ? signature : `${leaves.slice(0, 8).join(" ")} and ${leaves.length - 8} more`;
}

/** Traces the function and registers it, or finds that it cannot. Runs nothing. */
function prepare<Args extends readonly unknown[], Out>(
  name: string,
  fn: (...args: Args) => Out,
  args: Args,
  signature: string,
  { backend: wanted = "auto", matmul = "float32" }: CompileOptions,
): Replay<Args, Out> {
  const chosen = withAddon(wanted);
  if (chosen === "eager" && matmul === "bf16") throw new UserError(...noRounding(name, wanted));
  const report: Report = {
    signature: shortened(signature),
    backend: chosen === "auto" ? "graph" : chosen,
    matmul,
    operations: 0,
    constantBytes: 0,
    traceMs: 0,
    firstCallMs: {},
    steadyCallMs: {},
  };
  if (chosen === "eager") return { run: eagerly(name, fn), report };

  const start = performance.now();
  const backends: readonly GraphBackend[] = chosen === "auto" ? ["graph", "xla"] : [chosen];
  // One trace serves both backends, except where products differ.
  const traces = matmul === "bf16" ? backends.map((backend) => [backend]) : [backends];
  const candidates = traces.flatMap((group) =>
    trace(
      name,
      fn,
      args,
      (traced) => {
        Object.assign(report, { operations: traced.operations, constantBytes: traced.constantBytes });
        return group.map((backend): Candidate<Args, Out> => {
          const functionName = `kintsugi_${name.replace(/\W/g, "_")}_${functions++}_${backend}`;
          traced.register(functionName, backend === "xla");
          return { backend, run: replayOf<Args, Out>(name, functionName, traced) };
        });
      },
      matmul === "bf16" ? group[0] : undefined,
    ),
  );
  report.traceMs = performance.now() - start;

  const replay: Replay<Args, Out> = {
    run(args, inputs) {
      if (candidates.length > 1) {
        const { backend, run } = faster(candidates, args, inputs, report);
        Object.assign(report, { backend });
        replay.run = run;
        return run(args, inputs);
      }
      const start = performance.now();
      const result = candidates[0].run(args, inputs);
      report.firstCallMs = { [report.backend]: performance.now() - start };
      replay.run = candidates[0].run;
      return result;
    },
    report,
  };
  return replay;
}

/** No graph. The result shares nothing with the arguments, as a replayed one. */
function eagerly<Args extends readonly unknown[], Out>(name: string, fn: (...args: Args) => Out): Run<Args, Out> {
  return (args) => scope(() => map<Tensor, Tensor, unknown>(resultTensors(name, fn(...args)), share) as Out);
}

type Candidate<Args, Out> = { readonly backend: ExecutionBackend; readonly run: Run<Args, Out> };

/** Calls each candidate once, then in turns three times more: the function is pure, so no call is lost. */
function faster<Args extends readonly unknown[], Out>(
  candidates: readonly Candidate<Args, Out>[],
  args: Args,
  inputs: readonly Tensor[],
  report: Report,
): Candidate<Args, Out> {
  const once = ({ run }: Candidate<Args, Out>): number => {
    const start = performance.now();
    // Reading waits for a device that has only been given the work.
    scope(() => read(leaves<Tensor>(run(args, inputs))[0]));
    return performance.now() - start;
  };
  const able = candidates.filter((candidate) => {
    try {
      report.firstCallMs = { ...report.firstCallMs, [candidate.backend]: once(candidate) };
      return true;
    } catch (error) {
      if (candidate.backend !== "xla") throw error;
      report.refusedByXla = (error as Error).message;
      return false;
    }
  });
  const steady = able.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 3; round++) {
    for (const [i, candidate] of able.entries()) steady[i] = Math.min(steady[i], once(candidate));
  }
  report.steadyCallMs = Object.fromEntries(able.map(({ backend }, i) => [backend, steady[i]]));
  return able[steady.indexOf(Math.min(...steady))];
}

/** Runs the registered TensorFlow function and puts its outputs into place. */
function replayOf<Args, Out>(name: string, functionName: string, { captured, outputs }: Traced): Run<Args, Out> {
  const count = leaves<Slot>(outputs).filter((slot) => slot >= 0).length;
  return (_, inputs) => {
    if (captured.some((tensor) => insides(tensor).isDisposed)) {
      throw new UserError(`compile(${name}): a tensor it uses from outside has been freed`, {
        fix: "Pass it as an argument, or keep it alive",
      });
    }
    const made = count === 0 ? [] : launch(name, functionName, [...inputs, ...captured], count);
    return map<Slot, Tensor, unknown>(outputs, (slot) => (slot >= 0 ? made[slot] : share(inputs[~slot]))) as Out;
  };
}

function launch(name: string, functionName: string, inputs: readonly Tensor[], outputs: number): Tensor[] {
  try {
    return executor().execute(functionName, inputs, [], outputs);
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw new UserError(`compile(${name}): ${reasonOf(error)}`);
  }
}

function noRounding(name: string, wanted: ExecutionBackend | "auto"): ConstructorParameters<typeof UserError> {
  const what = `compile(${name}): eager products are float32, not bf16`;
  return wanted === "eager"
    ? [what, { fix: 'Choose the backend "graph" or "xla", or matmul "float32"' }]
    : [what, { where: "this TensorFlow addon cannot trace", fix: "`npm run doctor` tells how to rebuild it" }];
}

/** Without our addon nothing can be traced: say so once and go on eagerly, which is slower and correct. */
function withAddon(wanted: ExecutionBackend | "auto"): ExecutionBackend | "auto" {
  if (wanted === "eager" || canTrace()) return wanted;
  if (!warnedWithoutAddon) {
    warnedWithoutAddon = true;
    console.warn(
      "compile: this TensorFlow addon cannot trace; running eagerly. `npm run doctor` tells how to rebuild it",
    );
  }
  return "eager";
}
