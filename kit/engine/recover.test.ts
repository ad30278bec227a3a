/** What is left of an engine whose code was terminated, and what is not. */
import { runInThisContext } from "node:vm";
import { afterEach, expect, it } from "vitest";
import * as e from "./index.js";
import { RECOVER_SLOT, type RecoverSlot } from "./recoverSlot.js";

const slots = globalThis as RecoverSlot & { __endless__?: () => unknown };

afterEach(() => {
  delete slots.__endless__;
});

/** Runs something endless until V8 ends it, as the watchdog of a kernel does: no `catch`, no `finally`. */
function terminate(endless: () => unknown): void {
  slots.__endless__ = endless;
  expect(() => runInThisContext("__endless__()", { timeout: 100 })).toThrow("timed out");
  slots[RECOVER_SLOT]?.();
}

const spin = (): never => {
  for (;;);
};
/** A tensor of which there is more than one, and no end. */
const endless = (x: e.Tensor): e.Tensor => e.mul(e.exp(x), spin());
const x = e.tensor([1, 2, 3]);

/** What a broken engine refuses: a compiled function, a gradient, a read, and freeing. */
function expectSound(live: number): void {
  expect(e.liveTensors()).toBe(live);
  const compiled = e.compile((a: e.Tensor) => e.mul(a, 2), { backend: "graph" });
  const result = e.scope(() => ({
    twice: [...e.read(compiled(x))],
    gradient: [...e.read(e.valueAndGradient((a) => e.sum(e.mul(a, a)), x).gradients)],
  }));
  expect(result).toEqual({ twice: [2, 4, 6], gradient: [2, 4, 6] });
  expect(e.liveTensors()).toBe(live);
}

it("goes on after scopes, and frees what they had made", () => {
  const live = e.liveTensors();
  terminate(() => e.scope(() => [e.exp(x), e.scope(() => endless(x))]));
  expectSound(live);
});

const stuck = {
  forward: (a: e.Tensor) =>
    e.customGradient(
      [a],
      () => ({ value: endless(a) }),
      () => [],
    ),
  // The second of what it saves is never there.
  save: (a: e.Tensor) =>
    e.customGradient(
      [a],
      () => ({ value: e.exp(a), save: Object.defineProperty([a, a], 1, { get: spin }) }),
      () => [],
    ),
  backward: (a: e.Tensor) =>
    e.customGradient(
      [a],
      () => ({ value: e.exp(a), save: [a] }),
      (dy) => [() => endless(dy)],
    ),
};

it.each<[string, (a: e.Tensor) => e.Tensor]>([
  ["the function of a gradient", endless],
  ["the value of an operation", stuck.forward],
  ["what an operation saves", stuck.save],
  ["the backward pass", stuck.backward],
  ["a gradient inside of the gradient", (a) => e.valueAndGradient((b) => e.sum(stuck.backward(b)), e.exp(a)).gradients],
])("goes on after %s, and frees what the tape had saved", (_, fn) => {
  const live = e.liveTensors();
  const gradient = (): unknown => e.valueAndGradient((a) => e.sum(fn(e.exp(e.mul(a, a)))), x);
  terminate(gradient);
  expectSound(live);
  terminate(() => e.compile(gradient)());
  expectSound(live);
});

it("goes on after a trace", () => {
  const live = e.liveTensors();
  terminate(() => e.compile(endless)(x));
  expectSound(live);
});

it("leaves alone what waits between two steps", async () => {
  async function* steps(): AsyncGenerator<number> {
    let state = { total: e.scalar(0) };
    for (;;) {
      state = e.carry(state, ({ total }) => ({ total: e.add(total, 1) }));
      yield e.item(state.total);
    }
  }
  const running = steps();
  await running.next();
  const live = e.liveTensors();
  terminate(() => e.scope(() => endless(x)));
  expect((await running.next()).value).toBe(2);
  expectSound(live);
});
