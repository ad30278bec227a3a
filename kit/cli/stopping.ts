/** Aborted when the process is asked to stop: by Ctrl-C, or by SIGTERM from whatever started it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Tells that work goes on when it is started again, and ends the process as a stopped one. */
export function stopped(): void {
  console.error("stopped after a checkpoint: start it again to go on");
  process.exitCode = 130;
}
