/** The session: answers requests, runs cells in order, and stops the queue at the first error. */
import { setImmediate, setTimeout } from "node:timers";
import { HOST_SLOT, type Host } from "../host.js";
import { exit } from "./exit.js";
import { kernelInfo } from "./info.js";
import { completeReply, inspectReply } from "./lookup.js";
import { Runner } from "./runner.js";
import type { Sockets } from "./sockets.js";
import { type CellContext, Streams } from "./streams.js";
import { ownTimers } from "./timers.js";
import { asText, type ErrorContent } from "./traceback.js";
import { type Message, reply } from "./wire.js";

type Content = Readonly<Record<string, unknown>>;
type Channel = "shell" | "control";

/** After an error, requests count as "queued before it" until the socket has been silent this many times 4 ms. */
const SILENT_ROUNDS = 5;

/** One running kernel. */
export class Kernel {
  readonly #runner = new Runner();
  readonly #streams: Streams;
  readonly #history: { count: number; code: string }[] = [];
  readonly #queue: Message[] = [];
  readonly #finishers: (() => void)[] = [];
  #sockets: Sockets | undefined;
  #count = 0;
  #running: Message | undefined;
  #pumping = false;
  #arrived = 0;

  constructor() {
    this.#streams = new Streams(
      (cell, name, text) => this.#publish("stream", { name, text }, cell.request),
      () => this.#sockets?.iopub.inFlight ?? 0,
    );
    const host: Host = {
      display: (bundle, { id, update = false } = {}) => this.#display(bundle, id, update),
      atCellEnd: (finish) => void this.#finishers.push(finish),
    };
    Object.assign(globalThis, { [HOST_SLOT]: host });
    this.#runner.tslab.displaySlot.lastWriteDisplayData = ({ data, transient }, update) => {
      const id = transient.display_id;
      this.#display(data, typeof id === "string" ? id : undefined, update === true);
    };
    for (const event of ["unhandledRejection", "uncaughtException"] as const) {
      process.on(event, (thrown: unknown) => {
        this.#streams.write("stderr", `${event}: ${asText(this.#runner.describe(thrown))}`);
      });
    }
  }

  /** Takes the bound sockets and the process's streams into service. */
  open(sockets: Sockets): void {
    this.#sockets = sockets;
    this.#streams.install();
    ownTimers(this.#streams, this.#runner);
    this.#publish("status", { execution_state: "starting" }, undefined);
    setTimeout(() => this.#count === 0 && this.#runner.cells.warmUp(), 20);
  }

  /** Takes in one request; cells wait in line, everything else is answered at once. */
  receive(channel: Channel, request: Message): void {
    if (request.header.msg_type === "execute_request") {
      this.#arrived++;
      this.#queue.push(request);
      void this.#pump();
      return;
    }
    this.#status("busy", request);
    try {
      const answer = this.#answer(request);
      if (answer !== undefined) {
        const type = request.header.msg_type.replace("_request", "_reply");
        this.#sockets?.[channel].send(reply(type, answer, request));
      }
    } catch (error) {
      const { ename, evalue, traceback } = this.#runner.describe(error);
      const type = request.header.msg_type.replace("_request", "_reply");
      this.#sockets?.[channel].send(reply(type, { status: "error", ename, evalue, traceback }, request));
    }
    this.#status("idle", request);
    // A running cell is still running: say so again, or JupyterLab shows an idle kernel.
    if (this.#running !== undefined) this.#status("busy", this.#running);
    if (request.header.msg_type === "shutdown_request") void this.#shutdown();
  }

  #answer(request: Message): Content | undefined {
    const { content } = request;
    const code = String(content.code ?? "");
    const { cells, tslab } = this.#runner;
    switch (request.header.msg_type) {
      case "kernel_info_request":
        return kernelInfo(tslab.typescript.version);
      case "complete_request":
        return completeReply(cells, code, Number(content.cursor_pos));
      case "inspect_request":
        return inspectReply(cells, tslab.printQuickInfo, code, Number(content.cursor_pos));
      case "is_complete_request": {
        const { completed, indent = "" } = tslab.isCompleteCode(code);
        return completed ? { status: "complete" } : { status: "incomplete", indent };
      }
      case "history_request":
        return { status: "ok", history: this.#history.map(({ count, code }) => [0, count, code]) };
      case "comm_info_request":
        return { status: "ok", comms: {} };
      case "comm_open":
        this.#publish("comm_close", { comm_id: content.comm_id, data: {} }, request);
        return undefined;
      case "interrupt_request":
        this.#runner.interrupt();
        return { status: "ok" };
      case "shutdown_request":
        return { status: "ok", restart: content.restart === true };
      default:
        return undefined;
    }
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      // A turn of the event loop of its own: terminating a busy cell drops whatever shares its microtask queue.
      await new Promise((resolve) => setImmediate(resolve));
      this.#running = request;
      await this.#execute(request);
      this.#running = undefined;
    }
    this.#pumping = false;
  }

  async #execute(request: Message): Promise<void> {
    const { code = "", silent = false, store_history = true } = request.content;
    const source = String(code);
    this.#status("busy", request);
    if (!silent) {
      this.#count++;
      if (store_history) this.#history.push({ count: this.#count, code: source });
      this.#publish("execute_input", { code: source, execution_count: this.#count }, request);
    }
    const count = this.#count;
    const cell: CellContext = { request, count };
    this.#streams.begin(cell);
    const { error, result } = await this.#runner.run(source, count);
    for (const finish of this.#finishers.splice(0)) this.#streams.within(cell, () => this.#try(finish));
    this.#streams.flush();
    if (result !== undefined && !silent) {
      this.#publish("execute_result", { execution_count: count, data: result, metadata: {} }, request);
    }
    if (error !== undefined) this.#publish("error", error, request);
    const content: Content =
      error === undefined
        ? { status: "ok", execution_count: count, user_expressions: {}, payload: [] }
        : { status: "error", execution_count: count, ...(error satisfies ErrorContent) };
    const aborted = error !== undefined && request.content.stop_on_error !== false ? await this.#drainQueue() : [];
    this.#sockets?.shell.send(reply("execute_reply", content, request));
    this.#status("idle", request);
    for (const queued of aborted) {
      this.#status("busy", queued);
      this.#sockets?.shell.send(reply("execute_reply", { status: "aborted", execution_count: count }, queued));
      this.#status("idle", queued);
    }
  }

  /** Everything that was asked for before the error is known to the client: wait until the socket stays empty. */
  async #drainQueue(): Promise<Message[]> {
    for (let silent = 0, seen = this.#arrived; silent < SILENT_ROUNDS; ) {
      await new Promise((resolve) => setTimeout(resolve, 4));
      silent = this.#sockets?.shellReadable() || this.#arrived !== seen ? 0 : silent + 1;
      seen = this.#arrived;
    }
    return this.#queue.splice(0);
  }

  #display(data: Content, id: string | undefined, update: boolean): void {
    this.#streams.flush();
    const transient = id === undefined ? {} : { display_id: id };
    const type = update ? "update_display_data" : "display_data";
    this.#publish(type, { data, metadata: {}, transient }, this.#streams.cell?.request, update ? id : undefined);
  }

  #status(state: "busy" | "idle", request: Message): void {
    this.#publish("status", { execution_state: state }, request);
  }

  #publish(type: string, content: Content, request: Message | undefined, replaces?: string): void {
    const topic = [Buffer.from(`kernel.${type}`)];
    this.#sockets?.iopub.send(reply(type, content, request, topic), replaces);
  }

  #try(finish: () => void): void {
    try {
      finish();
    } catch (error) {
      this.#streams.write("stderr", asText(this.#runner.describe(error)));
    }
  }

  async #shutdown(): Promise<void> {
    this.#streams.flush();
    await Promise.all([
      this.#sockets?.control.drained(),
      this.#sockets?.shell.drained(),
      this.#sockets?.iopub.drained(),
    ]);
    this.#runner.close();
    this.#sockets?.close();
    exit(0);
  }
}
