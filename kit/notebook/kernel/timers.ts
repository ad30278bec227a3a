/**
 * Timers that cells start: what they print later goes to the cell that started them, and they can be interrupted.
 *
 * AsyncLocalStorage would follow promises too, but with it Node aborts when busy code is terminated.
 */
import { Script } from "node:vm";
import type { Runner } from "./runner.js";
import type { Streams } from "./streams.js";

const NAMES = ["setTimeout", "setInterval", "setImmediate"] as const;
const CALL = "__timer__";

type Callback = (...parts: unknown[]) => unknown;
type Timer = (callback: Callback, ...parts: unknown[]) => unknown;

/**
 * Replaces the global timers. Modules of the kernel import theirs from `node:timers`, which stay as they are.
 *
 * @param streams knows the current cell
 * @param runner is told of an interrupt
 */
export function ownTimers(streams: Streams, runner: Runner): void {
  const script = new Script(`${CALL}()`, { filename: "node:timer" });
  const slots = globalThis as Record<string, unknown>;
  const interruptible = (run: () => unknown): void => {
    const outer = slots[CALL];
    slots[CALL] = run;
    try {
      runner.watched(() => script.runInThisContext({ breakOnSigint: true }));
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
      runner.interrupt();
    } finally {
      slots[CALL] = outer;
    }
  };
  for (const name of NAMES) {
    const original = globalThis[name] as unknown as Timer;
    const owned: Timer = (callback, ...parts) => {
      if (typeof callback !== "function") return original(callback, ...parts);
      const { cell } = streams;
      const run: Callback = (...values) => streams.within(cell, () => interruptible(() => callback(...values)));
      return original(run, ...parts);
    };
    // util.promisify(setTimeout) works through a symbol property.
    Object.defineProperties(owned, Object.getOwnPropertyDescriptors(original));
    slots[name] = owned;
  }
}
