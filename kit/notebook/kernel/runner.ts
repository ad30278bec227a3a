/** Runs one cell after the other: compile, execute, show the result, describe what went wrong. */
import { setImmediate, setTimeout } from "node:timers";
import { inspect } from "node:util";
import { RECOVER_SLOT, type RecoverSlot } from "../../engine/recoverSlot.js";
import { bundleOf } from "../rendering.js";
import { Cells } from "./cells.js";
import { createGuard, GUARD, guardCell } from "./guard.js";
import { type InterruptSwitch, listenForInterrupts } from "./interrupt.js";
import { CodeMaps } from "./maps.js";
import { describeDiagnostics, describeThrown, type ErrorContent } from "./traceback.js";
import { type Converted, type Executor, loadTslab, type Tslab } from "./tslab.js";

/** How a cell ended: with a bundle for its last expression, perhaps, or with an error. */
export type Outcome = { readonly error?: ErrorContent; readonly result?: Readonly<Record<string, unknown>> };

/** Waiting code answers an interrupt at once; what does not is abandoned after this long. */
const ABANDON_MS = 300;
/** A signal that already ended a cell may be reported a second time, this much later. */
const ECHO_MS = 600;

/** The compiler and executor of one kernel. */
export class Runner {
  readonly tslab: Tslab;
  readonly cells: Cells;
  readonly #maps = new CodeMaps();
  readonly #stopped = new Set<number>();
  readonly #guard = createGuard((cell) => this.#running === 0 && this.#stopped.has(cell));
  readonly #executor: Executor;
  readonly #interrupts: InterruptSwitch;
  #last: { value: unknown } | undefined;
  #thrown: { value: unknown } | undefined;
  /** The number of the run in progress, 0 between runs. */
  #running = 0;
  #runs = 0;
  #interruptedAt = 0;

  constructor() {
    this.tslab = loadTslab(
      (first, second) => this.#maps.keep(first, second),
      (ts) => guardCell(ts, () => this.cells.count),
    );
    this.cells = new Cells(this.tslab, this.#maps, (work) => this.#shielded(work));
    Object.assign(globalThis, { [GUARD]: this.#guard });
    const converters = { node: this.cells, browser: this.cells, close: () => this.cells.close() };
    this.#executor = this.tslab.createExecutor(process.cwd(), converters, {
      log: (value) => {
        this.#last = { value };
      },
      error: (...values) => {
        if (values.length === 1) this.#thrown ??= { value: values[0] };
      },
    });
    this.#interrupts = listenForInterrupts(() => this.interrupt());
  }

  /**
   * Runs a cell.
   *
   * @param code its source
   * @param count its execution count
   * @returns how it ended; never rejects
   */
  async run(code: string, count: number): Promise<Outcome> {
    this.cells.begin(count);
    this.#last = this.#thrown = undefined;
    this.#running = ++this.#runs;
    let ok = false;
    try {
      ok = await this.watched(() => this.#executor.execute(code));
    } catch (error) {
      this.#thrown ??= { value: error };
    }
    // An interrupt that ended synchronous code is told late, or not at all.
    if (!ok) recoverEngine();
    await new Promise((resolve) => setImmediate(resolve)); // rejections nobody handles are reported in this turn
    this.cells.commit(ok, this.#executor.locals);
    const outcome = await this.#outcome(ok, code, count);
    // Not before: a display may run functions of a cell that was stopped.
    this.#running = 0;
    return outcome;
  }

  /** Stops the running cell: first whatever it waits for, then, if it does not react, the cell is left behind. */
  interrupt(): void {
    // Code that blocked the thread has been terminated by now.
    recoverEngine();
    if (this.#running === 0 && Date.now() - this.#interruptedAt < ECHO_MS) return;
    this.#guard.interrupt();
    const run = this.#running;
    if (run !== 0) setTimeout(() => this.#running === run && this.#executor.interrupt(), ABANDON_MS);
  }

  /** The description of an error that no cell carries, such as an unhandled rejection. */
  describe(thrown: unknown): ErrorContent {
    return describeThrown(thrown, this.#maps);
  }

  /** Runs synchronous code that has a watchdog of its own. */
  watched<T>(work: () => T): T {
    return this.#interrupts.watched(work);
  }

  close(): void {
    this.#interrupts.close();
    this.#executor.close();
  }

  async #outcome(ok: boolean, code: string, count: number): Promise<Outcome> {
    const failure = this.#failure(ok, code, count);
    if (failure?.ename === "Interrupted") {
      this.#interruptedAt = Date.now();
      this.#stopped.add(count);
    }
    if (failure !== undefined) return { error: failure };
    if (this.#last === undefined) return {};
    try {
      return { result: await render(this.#last.value) };
    } catch (error) {
      // A value may print itself with code of its own, and that may throw as any code of the cell.
      return { error: this.describe(error) };
    }
  }

  #failure(ok: boolean, code: string, count: number): ErrorContent | undefined {
    const { diagnostics } = this.cells;
    if (diagnostics.length > 0) return describeDiagnostics(diagnostics, code, count);
    if (ok) return undefined;
    return describeThrown(this.#thrown?.value, this.#maps);
  }

  #shielded(work: () => Converted): Converted {
    const converted = this.#interrupts.shielded(work);
    if (this.#interrupts.pending()) throw new Error("Interrupted asynchronously");
    return converted;
  }
}

/** Termination skips `finally`, with which the engine closes what it has opened. */
function recoverEngine(): void {
  (globalThis as RecoverSlot)[RECOVER_SLOT]?.();
}

async function render(value: unknown): Promise<Readonly<Record<string, unknown>>> {
  try {
    const bundle = await bundleOf(value);
    if (bundle !== undefined) return bundle;
  } catch (error) {
    return { "text/plain": `${inspect(value, { depth: 1 })}\n(its display failed: ${String(error)})` };
  }
  return { "text/plain": inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 }) };
}
