/** The completions server on a port of this machine. */

import type { Server, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { app, type ServeOptions } from "./app.js";

export type ListenOptions = ServeOptions & {
  /** Default 8000; 0 for any that is free. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Most seconds for a client to send its request; default 30. */
  readonly maxSendSeconds?: number;
};

/** A server that runs. */
export type Serving = {
  /** `http://host:port`, as programs on this machine reach it. */
  readonly url: string;
  /** Whether it listens at all addresses of this machine, so that others reach it at theirs. */
  readonly everywhere: boolean;
  /** Takes no more requests, answers those it has, ends; clients that do not read their answers are cut off. */
  readonly close: () => Promise<void>;
};

/**
 * Refuses what can be refused before there is a model.
 *
 * @throws UserError for a port that is none, an empty key, or a host beyond this machine without a key
 */
export function checkListening({ port, host, apiKey }: ListenOptions): void {
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new UserError(`${port} is no port`, { where: "serve", expected: "0 to 65535" });
  }
  if (apiKey === "") throw new UserError("the key is empty", { where: "serve", expected: "at least one character" });
  if (host !== undefined && apiKey === undefined && !["127.0.0.1", "::1", "localhost"].includes(host)) {
    throw new UserError(`${host} can be reached from other machines`, {
      where: "serve",
      fix: "Set a key with --api-key",
    });
  }
}

/**
 * Serves a model to lm-evaluation-harness and other clients of completions.
 *
 * @throws UserError as {@link checkListening} and {@link app} do, and for a port that is taken
 */
export async function serve(speaker: Speaker, options: ListenOptions = {}): Promise<Serving> {
  checkListening(options);
  const { port = 8000, host = "127.0.0.1" } = options;
  const { fetch, drain } = app(speaker, options);
  const server = createAdaptorServer({ fetch, serverOptions: patience(options) }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  // An address that stands for all of a machine is none to ask.
  const all = Object.hasOwn(loopback, host);
  const reached = all ? loopback[host] : host;
  return {
    url: `http://${reached.includes(":") ? `[${reached}]` : reached}:${actual}`,
    everywhere: all,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      await drain();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), LEAVING_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** Addresses that stand for all of a machine, and how it reaches itself there. */
const loopback: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Time for clients to read their last answers. */
const LEAVING_MS = 5000;

/** How long a connection may take for what: a client that sends nothing, or a byte now and then, holds no place for ever. */
function patience({ maxSendSeconds = 30 }: ListenOptions): ServerOptions {
  const ms = 1000 * maxSendSeconds;
  return {
    // Small answers leave at once.
    noDelay: true,
    headersTimeout: ms,
    requestTimeout: ms,
    connectionsCheckingInterval: Math.min(1000, ms / 2),
  };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `${host}:${port}`;
  if (error.code === "EADDRINUSE")
    return new UserError("the port is in use", { where, fix: "Choose another with --port" });
  if (error.code === "EACCES") return new UserError("the port may not be used", { where, fix: "Choose one from 1024" });
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return new UserError("this machine has no such address", { where });
  return error;
}
