/**
 * The child's side of a contestant: one JSON message a line on standard input, one reply a line on standard output.
 */
import { createInterface } from "node:readline";
import { peakBytes } from "./memory.js";

type Handlers = Readonly<Record<string, (message: never) => unknown>>;

/**
 * Answers messages until standard input ends. Every worker also answers `memory`.
 *
 * @param handlers by the message's `op`
 */
export function serve(handlers: Handlers): void {
  // What libraries print must not be taken for a reply.
  const reply = process.stdout.write.bind(process.stdout);
  console.log = console.error;
  const all: Handlers = { ...handlers, memory: () => ({ peakBytes: peakBytes() }) };
  const answer = async (line: string): Promise<void> => {
    try {
      const message = JSON.parse(line) as { op: string };
      const result = await all[message.op](message as never);
      reply(`${JSON.stringify({ ok: result ?? null })}\n`);
    } catch (error) {
      reply(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
    }
  };
  let queue = Promise.resolve();
  createInterface({ input: process.stdin }).on("line", (line) => {
    queue = queue.then(() => answer(line));
  });
}
