/** Aborted when the process is asked to stop: by Ctrl-C, or by SIGTERM from whatever started it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
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
  process.exitCode = 130;
}
