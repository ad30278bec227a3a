import { discardDrafts } from "../source/drafts.js";

/** What a shell says of a process that a signal ended: 128 and the signal's number. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

const signals = ["SIGTERM", "SIGINT"] as const;

/** Writes a model. Asked to stop meanwhile, the process takes its drafts along and ends as a stopped one. */
export async function writing<T>(write: () => Promise<T>): Promise<T> {
  for (const signal of signals) process.on(signal, end);
  try {
    return await write();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

function end(signal: (typeof signals)[number]): void {
  discardDrafts();
  process.exit(codes[signal]);
}

/** Aborted when the process is asked to stop: by Ctrl-C, or by SIGTERM from whatever started it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of signals) {
    process.once(signal, () => {
      stop.abort();
      ignoreFor(1000, signal);
    });
  }
  return stop.signal;
}

/** What a whole group is sent comes a second time from whatever started us; asked again later, the process ends at once. */
function ignoreFor(ms: number, signal: NodeJS.Signals): void {
  const nothing = (): void => undefined;
  process.on(signal, nothing);
  setTimeout(() => process.off(signal, nothing), ms).unref();
}

/** Tells that work goes on when it is started again, and ends the process as a stopped one. */
export function stopped(): void {
  console.error("stopped after a checkpoint: start it again to go on");
  process.exitCode = codes.SIGINT;
}
