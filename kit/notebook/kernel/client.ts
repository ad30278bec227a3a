/** A Jupyter client for tests: starts the built kernel as its own process and talks to it over the wire. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer, Subscriber } from "zeromq";
import { type Connection, decode, encode, type Message, reply } from "./wire.js";

/** The content of a message, looked into by tests. */
export type Content = Record<string, unknown>;

/** What running a cell brought: the reply, everything published for it, and the text of its streams. */
export type Run = {
  readonly reply: Content;
  readonly published: readonly { readonly type: string; readonly content: Content }[];
  readonly stdout: string;
  readonly stderr: string;
};

/** The built kernel, wherever this file runs from. */
export const KERNEL_PATH: string = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "./main.js" : "../../dist/notebook/kernel/main.js", import.meta.url),
);

type Waiting = { replies: Message[]; published: Message[]; idle: boolean; wake: () => void };

/** A kernel process and its sockets. */
export class KernelClient {
  readonly child: ChildProcess;
  /** Every published message, in order. */
  readonly log: Message[] = [];
  serverLog = "";
  readonly #key = "test-key";
  readonly #folder = mkdtempSync(join(tmpdir(), "kintsugi-kernel-"));
  readonly #shell = new Dealer();
  readonly #control = new Dealer();
  readonly #iopub = new Subscriber();
  readonly #waiting = new Map<string, Waiting>();

  private constructor(connection: Connection, cwd: string, listenAfterMs: number) {
    const file = join(this.#folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection));
    this.child = spawn(process.execPath, [KERNEL_PATH, "--config-path", file], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.serverLog += chunk.toString();
      });
    }
    this.#shell.connect(`tcp://127.0.0.1:${connection.shell_port}`);
    this.#control.connect(`tcp://127.0.0.1:${connection.control_port}`);
    for (const socket of [this.#shell, this.#control]) void this.#listen(socket);
    setTimeout(() => {
      this.#iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
      this.#iopub.subscribe();
      void this.#subscribe();
    }, listenAfterMs);
  }

  /**
   * Starts a kernel and waits until it answers on all channels.
   *
   * @param cwd the notebook's folder
   */
  static async start(cwd: string): Promise<KernelClient> {
    for (let attempt = 0; ; attempt++) {
      const client = await KernelClient.launch(cwd, 0);
      if (await client.#answers()) return client;
      await client.stop();
      // Between asking for a port and binding it, another process may have taken it.
      if (attempt === 4 || !client.serverLog.includes("Address already in use")) {
        throw new Error(`the kernel did not start: ${client.serverLog}`);
      }
    }
  }

  /** Starts a kernel and does not wait for it; what it publishes is listened to only after a while. */
  static async launch(cwd: string, listenAfterMs: number): Promise<KernelClient> {
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5);
    const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port };
    const connection = { transport: "tcp", ip: "127.0.0.1", key: "test-key", ...ports } as const;
    return new KernelClient(connection, cwd, listenAfterMs);
  }

  /** Whether the kernel answers on its channels, within a while. */
  async #answers(): Promise<boolean> {
    for (let attempt = 0; attempt < 60 && this.child.exitCode === null; attempt++) {
      // The subscription is only known to work when a status message has come through.
      await Promise.race([this.request("kernel_info_request", {}), sleep(500)]);
      if (this.log.some(({ content }) => content.execution_state === "idle")) return true;
    }
    return false;
  }

  /** Sends a request without waiting; the result resolves with everything that belongs to it. */
  send(type: string, content: Content, channel: "shell" | "control" = "shell"): Promise<Run> {
    const message = reply(type, content, undefined);
    const waiting: Waiting = { replies: [], published: [], idle: false, wake: () => {} };
    this.#waiting.set(message.header.msg_id, waiting);
    const socket = channel === "shell" ? this.#shell : this.#control;
    const done = new Promise<void>((resolve) => {
      waiting.wake = () => waiting.idle && waiting.replies.length > 0 && resolve();
    });
    void socket.send(encode(this.#key, message));
    return done.then(() => summary(waiting));
  }

  /** A request that is not a cell; resolves with the content of its reply. */
  async request(type: string, content: Content, channel: "shell" | "control" = "shell"): Promise<Content> {
    return (await this.send(type, content, channel)).reply;
  }

  /** Runs a cell to its end. */
  execute(code: string, options: Content = {}): Promise<Run> {
    return this.send("execute_request", { code, silent: false, store_history: true, stop_on_error: true, ...options });
  }

  /** Everything published for cells that had the same request as `run`, including what came after its end. */
  published(type: string): Content[] {
    return this.log.filter(({ header }) => header.msg_type === type).map(({ content }) => content);
  }

  /** Sends the signal Jupyter sends. */
  interrupt(): void {
    this.child.kill("SIGINT");
  }

  /** Asks the kernel to end and waits for its exit. */
  async stop(): Promise<number | null> {
    const exited = this.child.exitCode === null ? once(this.child, "exit") : undefined;
    if (exited !== undefined) {
      void this.send("shutdown_request", { restart: false }, "control");
      const killer = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(killer);
    }
    for (const socket of [this.#shell, this.#control, this.#iopub]) socket.close();
    rmSync(this.#folder, { recursive: true, force: true });
    return this.child.exitCode;
  }

  async #listen(socket: Dealer): Promise<void> {
    for await (const frames of socket) {
      const message = decode(this.#key, frames);
      const waiting = this.#waiting.get(String(message.parent.msg_id));
      waiting?.replies.push(message);
      waiting?.wake();
    }
  }

  async #subscribe(): Promise<void> {
    for await (const frames of this.#iopub) {
      const message = decode(this.#key, frames);
      this.log.push(message);
      const waiting = this.#waiting.get(String(message.parent.msg_id));
      if (waiting === undefined) continue;
      if (message.content.execution_state === "idle") waiting.idle = true;
      else waiting.published.push(message);
      waiting.wake();
    }
  }
}

function summary({ replies, published }: Waiting): Run {
  const stream = (name: string): string =>
    published
      .filter(({ header, content }) => header.msg_type === "stream" && content.name === name)
      .map(({ content }) => content.text)
      .join("");
  return {
    reply: replies[0].content,
    published: published.map(({ header, content }) => ({ type: header.msg_type, content })),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
