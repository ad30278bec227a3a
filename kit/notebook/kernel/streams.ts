/** What cells print: collected into few messages, each under the cell that caused it. */
import { StringDecoder } from "node:string_decoder";
import { clearTimeout, setTimeout } from "node:timers";
import type { Message } from "./wire.js";

/** A cell that runs or ran: the request that asked for it and its execution count. */
export type CellContext = { readonly request: Message; readonly count: number };

type StreamName = "stdout" | "stderr";
type Pending = { readonly cell: CellContext; readonly name: StreamName; text: string };

const MAX_CHARACTERS = 64 * 1024;
/** What has been collected leaves after this long, if the cell lets the event loop turn. */
const SOON_MS = 40;
/** So many messages may leave at once: what is printed before a long blocking call is seen before it. */
const BURST = 20;
/** Then this many a second: fewer, the more messages are under way because a cell blocks the event loop. */
const perSecond = (backlog: number): number => (backlog < 100 ? 10 : backlog < 250 ? 1 : 0.1);

/** The output streams of the process, handed to cells. */
export class Streams {
  readonly #send: (cell: CellContext, name: StreamName, text: string) => void;
  readonly #backlog: () => number;
  #owner: CellContext | undefined;
  #latest: CellContext | undefined;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #allowance = BURST;
  #refilledAt = 0;

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

  /** Starts a cell: what is printed belongs to it until the next one starts. What earlier cells printed is not held against it. */
  begin(cell: CellContext): void {
    this.#latest = cell;
    if (this.#backlog() < BURST) this.#allowance = BURST;
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
    if (this.#mayLeave() || this.#pending.text.length > MAX_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), SOON_MS);
  }

  /** Sends what has been collected. Displays call this first, so that order is kept. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#send(pending.cell, pending.name, pending.text);
  }

  #mayLeave(): boolean {
    const now = Date.now();
    const refill = ((now - this.#refilledAt) / 1000) * perSecond(this.#backlog());
    this.#allowance = Math.min(BURST, this.#allowance + refill);
    this.#refilledAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}
