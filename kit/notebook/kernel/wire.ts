import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** The header every Jupyter message carries (protocol 5.3). */
export type Header = {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
};

/** One Jupyter message; `identities` are the routing frames of the socket it came from. */
export type Message = {
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  readonly parent: Header | Record<string, never>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
};

/** What the connection file says: where to bind and how to sign. */
export type Connection = {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
};

const DELIMITER = Buffer.from("<IDS|MSG>");
const session = randomUUID();

/**
 * Reads one message off the wire.
 *
 * @param key the signing key of the connection; empty switches signatures off
 * @param frames routing identities, delimiter, signature, then header, parent, metadata and content as JSON
 * @returns the message
 * @throws Error when the delimiter is missing, the signature is wrong or a frame is not JSON
 */
export function decode(key: string, frames: readonly Buffer[]): Message {
  const at = frames.findIndex((frame) => frame.equals(DELIMITER));
  if (at < 0) throw new Error("message without delimiter");
  const body = frames.slice(at + 2, at + 6);
  if (body.length < 4) throw new Error("message with missing frames");
  if (key !== "") {
    const expected = Buffer.from(sign(key, body));
    const actual = frames[at + 1];
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) throw new Error("wrong signature");
  }
  const [header, parent, metadata, content] = body.map((frame) => JSON.parse(frame.toString("utf8")));
  return { identities: frames.slice(0, at), header, parent, metadata, content };
}

/**
 * Writes one message for the wire.
 *
 * @param key the signing key of the connection
 * @param message the message
 * @returns the frames to send
 */
export function encode(key: string, message: Message): (Uint8Array | string)[] {
  const body = [message.header, message.parent, message.metadata, message.content].map((part) => JSON.stringify(part));
  return [...message.identities, DELIMITER, key === "" ? "" : sign(key, body), ...body];
}

/**
 * A message that answers, or belongs to, another one.
 *
 * @param type its message type
 * @param content its content, plain JSON
 * @param parent the request it belongs to; without one it stands alone
 * @param identities where to route it: the request's on a router socket, a topic on the publisher
 * @returns the message, under a new id
 */
export function reply(
  type: string,
  content: Readonly<Record<string, unknown>>,
  parent: Message | undefined,
  identities: readonly Uint8Array[] = parent?.identities ?? [],
): Message {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: parent?.header.username ?? "kernel",
    date: new Date().toISOString(),
    version: "5.3",
  };
  return { identities, header, parent: parent?.header ?? {}, metadata: {}, content };
}

function sign(key: string, body: readonly (Uint8Array | string)[]): string {
  const hash = createHmac("sha256", key);
  for (const part of body) hash.update(part);
  return hash.digest("hex");
}
