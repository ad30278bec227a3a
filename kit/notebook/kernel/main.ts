/** The Jupyter kernel: `node main.js --config-path FILE`, where FILE is the connection file Jupyter writes. */
import { readFileSync, writeSync } from "node:fs";
import { setInterval } from "node:timers";
import { parseArgs } from "node:util";
import { exit } from "./exit.js";
import { Kernel } from "./kernel.js";
import { bind } from "./sockets.js";
import type { Connection } from "./wire.js";

Error.stackTraceLimit = 50;
keepOutOfCells();
start().catch((error: unknown) => {
  writeSync(2, `kernel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  exit(1);
});

async function start(): Promise<void> {
  const { values } = parseArgs({ options: { "config-path": { type: "string" } }, strict: false });
  const path = values["config-path"];
  if (typeof path !== "string") throw new Error("usage: node main.js --config-path FILE");
  const connection = JSON.parse(readFileSync(path, "utf8")) as Connection;
  const kernel = new Kernel();
  const sockets = await bind(connection, (channel, message) => kernel.receive(channel, message));
  kernel.open(sockets);
  endWithParent();
}

/** A kernel whose server died has nobody left to shut it down. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && exit(0), 2_000).unref();
}

/** Node's warning about `require` of ES modules is noise in a cell, and `process.exit` would take the kernel along. */
function keepOutOfCells(): void {
  const emit = process.emitWarning.bind(process) as (...parts: unknown[]) => void;
  process.emitWarning = (...parts: unknown[]): void => {
    const [warning, options] = parts;
    const type = typeof options === "string" ? options : (options as { type?: string } | undefined)?.type;
    const name = warning instanceof Error ? warning.name : type;
    const text = warning instanceof Error ? warning.message : String(warning);
    if (name === "ExperimentalWarning" && /require\(|ES Module/.test(text)) return;
    emit(...parts);
  };
  process.exit = (code?: number | string | null): never => {
    throw new Error(`process.exit(${code ?? ""}) would stop the kernel; use the restart button`);
  };
}
