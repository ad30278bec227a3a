import { writeSync } from "node:fs";
import { setTimeout } from "node:timers";
import { Reply, Router, XPublisher } from "zeromq";
import { type Connection, decode, encode, type Message } from "./wire.js";

/** Sends under way at most: what waits behind them can still be replaced by newer pictures. */
const MAX_IN_FLIGHT = 400;

/**
 * No send waits for the socket: with a timeout, zeromq.js delays every 513th by a turn of the event loop and throws at the
 * next one in the same turn. Nothing is lost by it: publishers have no limit here, and routers drop what nobody takes anyway.
 */
const AT_ONCE = { sendTimeout: 0 } as const;

/** How long requests wait for a subscriber: some clients never listen. */
const SUBSCRIPTION_MS = 3_000;

/** A socket that keeps order, never has too many sends under way, and lets a newer picture replace a waiting one. */
export class Outlet {
  readonly #send: (frames: (Uint8Array | string)[]) => Promise<void>;
  readonly #key: string;
  readonly #waiting: { message: Message; replaces: string | undefined }[] = [];
  #inFlight = 0;

  constructor(send: (frames: (Uint8Array | string)[]) => Promise<void>, key: string) {
    this.#send = send;
    this.#key = key;
  }

  /** How many sends the event loop has not confirmed yet: grows while a cell blocks it. */
  get inFlight(): number {
    return this.#inFlight + this.#waiting.length;
  }

  /**
   * Sends a message in order, at once when possible.
   *
   * @param message the message
   * @param replaces an older waiting message with this same name may be overwritten
   */
  send(message: Message, replaces?: string): void {
    if (this.#waiting.length === 0 && this.#inFlight < MAX_IN_FLIGHT) {
      this.#fire(message);
      return;
    }
    const last = this.#waiting.at(-1);
    if (replaces !== undefined && last?.replaces === replaces) last.message = message;
    else this.#waiting.push({ message, replaces });
  }

  /** Resolves when everything handed over so far has left, or after a second. */
  async drained(): Promise<void> {
    for (let i = 0; i < 200 && this.inFlight > 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #fire(message: Message): void {
    this.#inFlight++;
    const done = (): void => {
      this.#inFlight--;
      while (this.#waiting.length > 0 && this.#inFlight < MAX_IN_FLIGHT) this.#fire(this.#waiting.shift()!.message);
    };
    this.#send(encode(this.#key, message)).then(done, done);
  }
}

/** The five bound sockets of a kernel. */
export type Sockets = {
  readonly shell: Outlet;
  readonly control: Outlet;
  readonly iopub: Outlet;
  /** Whether requests wait in the shell socket that have not been read yet. */
  readonly shellReadable: () => boolean;
  readonly close: () => void;
};

/**
 * Binds the sockets of a connection file and hands every request on.
 *
 * @param connection addresses and signing key
 * @param receive called with each request of the shell and the control channel
 * @returns the bound sockets
 * @throws Error when a port is taken
 */
export async function bind(
  connection: Connection,
  receive: (channel: "shell" | "control", message: Message) => void,
): Promise<Sockets> {
  const shell = new Router(AT_ONCE);
  const control = new Router(AT_ONCE);
  const stdin = new Router();
  const iopub = new XPublisher({ ...AT_ONCE, sendHighWaterMark: 0 });
  const heartbeat = new Reply();
  const at = (port: number): string =>
    connection.transport === "ipc"
      ? `ipc://${connection.ip}-${port}`
      : `${connection.transport}://${connection.ip}:${port}`;
  await Promise.all([
    shell.bind(at(connection.shell_port)),
    control.bind(at(connection.control_port)),
    stdin.bind(at(connection.stdin_port)),
    iopub.bind(at(connection.iopub_port)),
    heartbeat.bind(at(connection.hb_port)),
  ]);
  const listen = async (channel: "shell" | "control", socket: Router): Promise<void> => {
    for await (const frames of socket) {
      try {
        receive(channel, decode(connection.key, frames));
      } catch (error) {
        writeSync(2, `kernel: a message was dropped: ${String(error)}\n`);
      }
    }
  };
  // What is published before somebody listens is lost. A client asks on the shell as soon as it has connected, and on a busy
  // machine that request may overtake its subscription: so requests wait for the first one.
  const listenWhenHeard = async (): Promise<void> => {
    await Promise.race([iopub.receive(), new Promise((resolve) => setTimeout(resolve, SUBSCRIPTION_MS).unref())]);
    await listen("shell", shell);
  };
  const echo = async (): Promise<void> => {
    for await (const frames of heartbeat) await heartbeat.send(frames);
  };
  for (const loop of [listenWhenHeard(), listen("control", control), echo()]) loop.catch(() => {});
  return {
    shell: new Outlet((frames) => shell.send(frames), connection.key),
    control: new Outlet((frames) => control.send(frames), connection.key),
    iopub: new Outlet((frames) => iopub.send(frames), connection.key),
    shellReadable: () => shell.readable,
    close: () => {
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}
