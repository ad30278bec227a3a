/**
 * A thread that notices SIGINT while a cell blocks the main thread.
 *
 * Signals reach JavaScript only through the event loop of the main thread, which a busy cell does not turn. Node's own
 * watchdog (`breakOnSigint`) works in any thread, so this one sleeps inside it. It tells the main thread; when that does
 * not answer, the JavaScript running there is terminated through the inspector, as a debugger's stop button does.
 */
import { Session } from "node:inspector";
import { runInThisContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";

/** Slots of the shared memory between the threads; slot 0 is only slept on. */
const UNANSWERED = 1;
const SHIELD = 2;
const IN_SCRIPT = 3;
/** How long the main thread may take to answer before it counts as blocked. */
const PATIENCE_MS = 250;

const shared = workerData as Int32Array;

function onSignal(): void {
  const ticket = Atomics.add(shared, UNANSWERED, 1) + 1;
  parentPort?.postMessage("interrupt");
  while (Atomics.wait(shared, UNANSWERED, ticket, PATIENCE_MS) === "timed-out") {
    if (Atomics.load(shared, SHIELD) !== 0) continue;
    // The innermost watchdog gets a signal. While this thread is awake, that is the main thread's, if it has one.
    if (Atomics.load(shared, IN_SCRIPT) !== 0) process.kill(process.pid, "SIGINT");
    else terminateMain();
    return;
  }
}

function terminateMain(): void {
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.terminateExecution");
  session.disconnect();
}

// The outer watchdog stays on while the inner one is renewed, so that no signal falls between two naps.
Object.assign(globalThis, {
  __nap__: () => {
    for (;;) {
      try {
        runInThisContext("Atomics.wait(__shared__, 0, 0)", { breakOnSigint: true });
      } catch {
        onSignal();
      }
    }
  },
  __shared__: shared,
});
for (;;) {
  try {
    runInThisContext("__nap__()", { breakOnSigint: true });
  } catch {
    onSignal();
  }
}
