/** What cells print: collected into few messages, each under the cell that caused it. */
import { StringDecoder } from "node:string_decoder";
import { clearTimeout, setTimeout } from "node:timers";
import type { Message } from "./wire.js";

/** A cell that runs or ran: the request that asked for it and its execution count. */
export type CellContext = { readonly request: Message; readonly count: number };

type StreamName = "stdout" | "stderr";
type Pending = { readonly cell: CellContext; readonly name: StreamName; text: string };

const MAX_CHARACTERS = 64 * 1024;
/** A turn of the event loop flushes after this long … */
const SOON_MS = 40;
/** … and a cell that blocks it, after this long: longer the more messages are under way. */
const blockedMs = (backlog: number): number => (backlog < 100 ? 100 : backlog < 250 ? 1_000 : 10_000);

/** The output streams of the process, handed to cells. */
export class Streams {
  readonly #send: (cell: CellContext, name: StreamName, text: string) => void;
  readonly #backlog: () => number;
  #owner: CellContext | undefined;
  #latest: CellContext | undefined;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushed = 0;

  /**
   * @param send sends one stream message
   * @param backlog how many sends are under way
   */
  constructor(send: (cell: CellContext, name: StreamName, text: string) => void, backlog: () => number) {
    this.#send = send;
    this.#backlog = backlog;
  }

  /** The cell whose code runs now, or whose timer fired; otherwise the latest one. */
  get cell(): CellContext | undefined {
    return this.#owner ?? this.#latest;
  }

  /** Starts a cell: what is printed belongs to it until the next one starts. */
  begin(cell: CellContext): void {
    this.#latest = cell;
  }

  /** Runs code, until it returns, as a part of a cell that may have ended long ago. */
  within<T>(cell: CellContext | undefined, run: () => T): T {
    const before = this.#owner;
    this.#owner = cell;
    try {
      return run();
    } finally {
      this.#owner = before;
    }
  }

  /** Puts the process's own streams under this collector. */
  install(): void {
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = new StringDecoder("utf8");
      const write = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
        this.write(name, typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk)));
        const callback = typeof encoding === "function" ? encoding : done;
        if (typeof callback === "function") process.nextTick(callback);
        return true;
      };
      process[name].write = write as typeof process.stdout.write;
    }
  }

  /** Adds text to a stream of the current cell. Text before the first cell is dropped into the server's log. */
  write(name: StreamName, text: string): void {
    const cell = this.cell;
    if (cell === undefined || text === "") return;
    if (this.#pending !== undefined && (this.#pending.cell !== cell || this.#pending.name !== name)) this.flush();
    this.#pending ??= { cell, name, text: "" };
    this.#pending.text += text;
    const overdue = Date.now() - this.#flushed > blockedMs(this.#backlog());
    if (overdue || this.#pending.text.length > MAX_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), SOON_MS);
  }

  /** Sends what has been collected. Displays call this first, so that order is kept. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushed = Date.now();
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#send(pending.cell, pending.name, pending.text);
  }
}
