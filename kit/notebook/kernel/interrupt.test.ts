import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start(tmpdir());
  await kernel.execute("let turns = 0;");
});
afterAll(async () => {
  await kernel.stop();
});

/** Runs a cell, interrupts it once it has printed "ready", and gives the reply and how long the interrupt took. */
async function interrupted(
  code: string,
  how: () => unknown = () => kernel.interrupt(),
): Promise<{ name: unknown; ms: number; stdout: string }> {
  const already = readied();
  const running = kernel.execute(code);
  for (let i = 0; i < 1_000 && readied() === already; i++) await sleep(20);
  await sleep(150);
  const began = Date.now();
  how();
  const { reply, stdout } = await running;
  return { name: reply.ename, ms: Date.now() - began, stdout };
}

const readied = (): number =>
  kernel.log.filter(({ header, content }) => header.msg_type === "stream" && String(content.text).includes("ready"))
    .length;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it.each([
  ["a busy loop", 'console.log("ready");\nwhile (true) turns++;'],
  [
    "a busy loop after an await",
    'await new Promise((resolve) => setTimeout(resolve, 10));\nconsole.log("ready");\nwhile (true) turns++;',
  ],
  ["a loop of awaits that never turns the event loop", 'console.log("ready");\nfor (;;) await null;'],
  ["an await that never ends", 'console.log("ready");\nawait new Promise(() => {});'],
  [
    "a busy loop in a timer",
    'setTimeout(() => { console.log("ready"); while (true); }, 10);\nawait new Promise((resolve) => setTimeout(resolve, 5_000));',
  ],
])("interrupts %s within two seconds", async (_, code) => {
  const { name, ms } = await interrupted(code);
  expect(name).toBe("Interrupted");
  expect(ms).toBeLessThan(2_000);
  expect((await kernel.execute("turns >= 0")).reply.status).toBe("ok");
});

it("runs finally blocks, closes generators, and leaves what was computed", async () => {
  const { name, stdout } = await interrupted(`const seen: number[] = [];
async function* steps() {
  try {
    for (let i = 0; ; i++) { await new Promise((resolve) => setTimeout(resolve, 20)); if (i === 5) console.log("ready"); yield i; }
  } finally { console.log("closed"); }
}
for await (const i of steps()) seen.push(i);`);
  expect(name).toBe("Interrupted");
  expect(stdout).toBe("ready\nclosed\n");
  const after = await kernel.execute(
    "const count = seen.length;\nawait new Promise((resolve) => setTimeout(resolve, 100));\ncount === seen.length && count > 3",
  );
  expect(after.published.find(({ type }) => type === "execute_result")?.content.data).toEqual({ "text/plain": "true" });
});

it("stops a loop inside a library at its next call back into the cell", async () => {
  const { name } =
    await interrupted(`const library = new Function("callback", "return (async () => { for (;;) { await new Promise((r) => setTimeout(r, 20)); callback(); } })()");
let calls = 0;
await library(() => { if (++calls === 5) console.log("ready"); });`);
  expect(name).toBe("Interrupted");
  await sleep(100);
  const first = await kernel.execute("const seenCalls = calls;\nseenCalls > 3");
  expect(first.published.find(({ type }) => type === "execute_result")?.content.data).toEqual({ "text/plain": "true" });
  await sleep(200);
  const second = await kernel.execute("calls === seenCalls");
  expect(second.published.find(({ type }) => type === "execute_result")?.content.data).toEqual({
    "text/plain": "true",
  });
});

it("stops what is queued behind the interrupted cell", async () => {
  const queued: Promise<unknown>[] = [];
  const { name } = await interrupted('console.log("ready");\nwhile (true);', () => {
    queued.push(kernel.execute("'next'"));
    setTimeout(() => kernel.interrupt(), 50);
  });
  expect(name).toBe("Interrupted");
  expect(await queued[0]).toMatchObject({ reply: { status: "aborted" } });
});

it("takes an interrupt as a message, and one that comes too late", async () => {
  const { name } = await interrupted(
    'console.log("ready");\nawait new Promise(() => {});',
    () => void kernel.send("interrupt_request", {}, "control"),
  );
  expect(name).toBe("Interrupted");
  kernel.interrupt();
  await sleep(300);
  expect((await kernel.execute("'alive'")).reply.status).toBe("ok");
});
