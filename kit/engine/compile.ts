import { UserError } from "../errors.js";
import { scope, share } from "./scope.js";
import { isTensor, read, type Tensor } from "./tensor.js";
import { backend, tape } from "./tensorflow.js";
import { argumentTensors, canTrace, isTracing, type Slot, type Traced, trace } from "./trace.js";
import { entries, map } from "./tree.js";

/** `graph`: TensorFlow's graph executor with oneDNN. `xla`: XLA. `eager`: no graph. `auto`: whichever measures faster. */
export type ExecutionBackend = "graph" | "xla" | "eager";

export type CompileOptions = {
  /** Names the function in messages. Default: the function's own name. */
  readonly name?: string;
  readonly backend?: ExecutionBackend | "auto";
  /** `"announce"` (default) says once when another shape makes it trace again; `"expect"` is silent. */
  readonly newShapes?: "announce" | "expect";
};

/** A compiled function, and what became of it. */
export type Compiled<Args extends readonly unknown[], Out> = {
  (...args: Args): Out;
  /** What each traced signature resolved to, in the order of tracing. */
  readonly traces: readonly TraceReport[];
};

export type TraceReport = {
  /** Shapes and element types of the arguments. */
  readonly signature: string;
  readonly backend: ExecutionBackend;
  /** TensorFlow operations recorded. */
  readonly operations: number;
  readonly traceMs: number;
  /** First call of each backend that was tried, which includes its compilation. */
  readonly firstCallMs: Partial<Record<ExecutionBackend, number>>;
  /** Second call of each backend that was tried, when `auto` compared them. */
  readonly secondCallMs: Partial<Record<ExecutionBackend, number>>;
};

type Replay<Out> = { readonly run: (inputs: readonly Tensor[]) => Out; readonly report: TraceReport };

let functions = 0;
let warnedWithoutAddon = false;

/**
 * Turns a pure function of tensors into one that TensorFlow runs as a whole.
 *
 * The function is traced once per shape signature: nothing is computed while tracing, shapes are inferred, and each later
 * call replays the graph. Arguments and result are trees of tensors. A tensor it uses from outside becomes an input and
 * must stay alive. An argument that is returned unchanged is handed back without a copy.
 *
 * Called inside another compiled function it is inlined. It cannot be differentiated from outside: compile the function
 * that contains the gradient.
 *
 * @throws UserError when the function reads a value, draws random numbers, or takes or returns something else than tensors.
 */
export function compile<Args extends readonly unknown[], Out>(
  fn: (...args: Args) => Out,
  options: CompileOptions = {},
): Compiled<Args, Out> {
  const name = options.name ?? (fn.name || "anonymous");
  const replays = new Map<string, Replay<Out>>();
  const traces: TraceReport[] = [];
  const call = (...args: Args): Out => {
    if (isTracing()) return fn(...args);
    if (tape().state.gradientDepth > 0) {
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
      replay = build(name, fn, args, signature, options.backend ?? "auto");
      replays.set(signature, replay);
      traces.push(replay.report);
    }
    return replay.run(inputs);
  };
  return Object.assign(call, { traces });
}

function signatureOf(args: readonly unknown[]): string {
  return entries<Tensor>(args)
    .map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`)
    .join(" ");
}

function build<Args extends readonly unknown[], Out>(
  name: string,
  fn: (...args: Args) => Out,
  args: Args,
  signature: string,
  wanted: ExecutionBackend | "auto",
): Replay<Out> {
  const chosen = withAddon(wanted);
  if (chosen === "eager") {
    const report = { signature, backend: chosen, operations: 0, traceMs: 0, firstCallMs: {}, secondCallMs: {} };
    return { run: (inputs) => scope(() => fn(...(withTensors(args, inputs) as Args))), report };
  }
  const start = performance.now();
  const candidates: readonly ExecutionBackend[] = chosen === "auto" ? ["graph", "xla"] : [chosen];
  const { runs, operations } = trace(name, fn, args, (traced) => ({
    operations: traced.operations,
    runs: candidates.map((candidate) => {
      const functionName = `kintsugi_${name.replace(/\W/g, "_")}_${functions++}_${candidate}`;
      traced.register(functionName, candidate === "xla");
      return [candidate, replayOf<Out>(name, functionName, traced)] as const;
    }),
  }));
  const traceMs = performance.now() - start;
  const timed = runs.map(([candidate, run]) => time(candidate, run, argumentTensors(name, args), chosen === "auto"));
  const best = timed.reduce((a, b) => (b.steadyMs < a.steadyMs ? b : a));
  const report = {
    signature,
    backend: best.candidate,
    operations,
    traceMs,
    firstCallMs: Object.fromEntries(timed.map((t) => [t.candidate, t.firstMs])),
    secondCallMs: Object.fromEntries(timed.map((t) => [t.candidate, t.steadyMs])),
  };
  return { run: best.run, report };
}

type Timed<Out> = {
  readonly candidate: ExecutionBackend;
  readonly run: (inputs: readonly Tensor[]) => Out;
  readonly firstMs: number;
  readonly steadyMs: number;
};

/** Calls a candidate once, and when it is to be compared three times more: the function is pure, so no call is lost. */
function time<Out>(
  candidate: ExecutionBackend,
  run: (inputs: readonly Tensor[]) => Out,
  inputs: readonly Tensor[],
  compare: boolean,
): Timed<Out> {
  const once = (): number => {
    const start = performance.now();
    scope(() => {
      for (const [, leaf] of entries<Tensor>(run(inputs)).slice(0, 1)) read(leaf);
    });
    return performance.now() - start;
  };
  try {
    const firstMs = once();
    return { candidate, run, firstMs, steadyMs: compare ? Math.min(once(), once(), once()) : 0 };
  } catch (error) {
    // Among several candidates one that cannot run is only slower than all others: XLA lacks some operations.
    if (!compare || candidate === "graph") throw error;
    return { candidate, run, firstMs: Number.POSITIVE_INFINITY, steadyMs: Number.POSITIVE_INFINITY };
  }
}

/** A function of the argument tensors that runs the registered TensorFlow function and puts its outputs into place. */
function replayOf<Out>(
  name: string,
  functionName: string,
  traced: Traced<unknown>,
): (inputs: readonly Tensor[]) => Out {
  const { captured, outputs } = traced;
  const count = entries<Slot>(outputs).filter(([, slot]) => slot >= 0).length;
  return (inputs) => {
    if (captured.some((tensor) => (tensor as unknown as { isDisposed: boolean }).isDisposed)) {
      throw new UserError(`compile(${name}): a tensor it uses from outside has been freed`, {
        fix: "Pass it as an argument, or keep it alive",
      });
    }
    const native = backend();
    const ids = native.getInputTensorIds([...inputs, ...captured]);
    const made = count === 0 ? [] : native.binding.executeOp(functionName, [], ids, count);
    const tensors = made.map((described) => native.createOutputTensor(described));
    return map<Slot, Tensor, unknown>(outputs, (slot) => (slot >= 0 ? tensors[slot] : share(inputs[~slot]))) as Out;
  };
}

function withTensors(args: readonly unknown[], inputs: readonly Tensor[]): unknown {
  let next = 0;
  return map<unknown, unknown, readonly unknown[]>(args, (leaf) => (isTensor(leaf) ? inputs[next++] : leaf));
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
