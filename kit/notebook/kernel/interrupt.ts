/** The main thread's side of the interrupt; {@link sentinel.ts} is the other. */
import { Worker } from "node:worker_threads";

const UNANSWERED = 1;
const SHIELD = 2;
const IN_SCRIPT = 3;

/** Listens for SIGINT even while cells block the thread. */
export type InterruptSwitch = {
  /** Runs work that must not be torn in the middle (compiling a cell); an interrupt meanwhile waits until it ends. */
  readonly shielded: <T>(work: () => T) => T;
  /** Runs work that Node's own watchdog guards: a blocked thread is then woken by a second signal. */
  readonly watched: <T>(work: () => T) => T;
  /** Whether an interrupt has come that the main thread has not handled yet. */
  readonly pending: () => boolean;
  readonly close: () => void;
};

/**
 * Starts listening.
 *
 * @param onInterrupt called on the main thread, as soon as it is free
 * @returns the switch
 */
export function listenForInterrupts(onInterrupt: () => void): InterruptSwitch {
  const shared = new Int32Array(new SharedArrayBuffer(16));
  const worker = new Worker(new URL("./sentinel.js", import.meta.url), {
    workerData: shared,
    stdout: true,
    stderr: true,
  });
  worker.on("message", () => {
    Atomics.store(shared, UNANSWERED, 0);
    Atomics.notify(shared, UNANSWERED);
    onInterrupt();
  });
  worker.on("error", () => process.on("SIGINT", onInterrupt));
  worker.unref();
  const counted =
    (slot: number) =>
    <T>(work: () => T): T => {
      Atomics.add(shared, slot, 1);
      try {
        return work();
      } finally {
        Atomics.sub(shared, slot, 1);
      }
    };
  return {
    shielded: counted(SHIELD),
    watched: counted(IN_SCRIPT),
    pending: () => Atomics.load(shared, UNANSWERED) !== 0,
    close: () => void worker.terminate(),
  };
}
