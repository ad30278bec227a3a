import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient, type Run } from "./client.js";

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

const resultOf = ({ published }: Run): unknown => published.find(({ type }) => type === "execute_result")?.content.data;
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
  expect(resultOf(after)).toEqual({ "text/plain": "true" });
});

it("stops a loop inside a library at its next call back into the cell", async () => {
  const { name } =
    await interrupted(`const library = new Function("callback", "return (async () => { for (;;) { await new Promise((r) => setTimeout(r, 20)); callback(); } })()");
let calls = 0;
await library(() => { if (++calls === 5) console.log("ready"); });`);
  expect(name).toBe("Interrupted");
  await sleep(100);
  const first = await kernel.execute("const seenCalls = calls;\nseenCalls > 3");
  expect(resultOf(first)).toEqual({ "text/plain": "true" });
  await sleep(200);
  const second = await kernel.execute("calls === seenCalls");
  expect(resultOf(second)).toEqual({ "text/plain": "true" });
});

it.each([
  ["a method", "const listener = { call() { TICK } };"],
  ["a method of a class", "class Listener { static async call() { TICK } }\nconst listener = Listener;"],
  ["an accessor", "const listener = { get call() { TICK return Math.random; } };"],
  [
    "a constructor",
    `class Base { constructor(readonly one: number) {} }
class Listener extends Base { readonly two = this.one + 1; constructor() { super(1); if (this.two === 2) TICK } }
const listener = { call: Reflect.construct.bind(undefined, Listener, []) };`,
  ],
])("stops a loop inside a library that calls %s", async (_, listener) => {
  const { name } = await interrupted(`let calls = 0;
${listener.replace("TICK", 'if (++calls === 5) console.log("ready");')}
const library = new Function("listener", "return (async () => { for (;;) { await new Promise((r) => setTimeout(r, 20)); await listener.call(); } })()");
await library(listener);`);
  expect(name).toBe("Interrupted");
  await sleep(100);
  const { stdout } = await kernel.execute("console.log(calls)");
  await sleep(200);
  expect(Number(stdout)).toBeGreaterThan(3);
  expect(await kernel.execute("console.log(calls)")).toMatchObject({ stdout });
});

it("shows what a stopped cell has made by its own display", async () => {
  await interrupted(
    'const shown = { [Symbol.for("Jupyter.display")]() { return { "text/plain": "mine" }; } };\nconsole.log("ready");\nwhile (true);',
  );
  expect(resultOf(await kernel.execute("shown"))).toEqual({ "text/plain": "mine" });
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

it("leaves the engine whole, wherever a cell was stopped in it, and a training that waits", async () => {
  const bare = kernel;
  kernel = await KernelClient.start(fileURLToPath(new URL("../../../notebooks", import.meta.url)));
  try {
    await kernel.execute(`import { engine } from "kintsugi";
const x = engine.tensor([1, 2, 3]);
const endless = (a: engine.Tensor): engine.Tensor => { const b = engine.exp(a); console.log("ready"); for (;;); return b; };
async function* training() {
  for (let state = engine.scalar(0); ; ) { state = engine.carry(state, (s) => engine.add(s, 1)); yield engine.item(state); }
}
const steps = training();
await steps.next();
const live = engine.liveTensors();`);
    const sound = `const twice = engine.compile((a: engine.Tensor) => engine.mul(a, 2), { backend: "graph" });
engine.scope(() => \`\${engine.read(twice(x))} and \${engine.liveTensors() - live}\`) + \` and \${engine.liveTensors() - live}\``;
    for (const code of [
      "engine.valueAndGradient((a) => engine.sum(endless(engine.mul(a, a))), x);",
      "await null;\nengine.valueAndGradient((a) => engine.sum(endless(engine.mul(a, a))), x);",
      "engine.compile(endless)(x);",
      "await null;\nengine.compile(endless)(x);",
      "setTimeout(() => engine.scope(() => endless(x)), 10);\nawait new Promise(() => {});",
    ]) {
      expect((await interrupted(code)).name).toBe("Interrupted");
      expect(resultOf(await kernel.execute(sound)), code).toEqual({ "text/plain": "'2,4,6 and 1 and 0'" });
    }
    expect(resultOf(await kernel.execute("(await steps.next()).value"))).toEqual({ "text/plain": "2" });
  } finally {
    await kernel.stop();
    kernel = bare;
  }
});
