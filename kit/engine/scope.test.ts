import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import * as e from "./index.js";

describe("scope", () => {
  it("frees what it made and keeps the tensors of its result, however nested", () => {
    const before = e.liveTensors();
    let lost = e.scalar(0);
    const { a, list } = e.scope(() => {
      lost = e.scalar(1);
      return { a: e.add(lost, 1), list: [[e.scalar(3)], "text", null, undefined] as const };
    });
    expect(e.liveTensors()).toBe(before + 3);
    expect([e.item(a), e.item(list[0][0])]).toEqual([2, 3]);
    expect(() => e.item(lost)).toThrow("a tensor of shape [] was used after it had been freed (scope and carry free");
  });

  it("does not touch tensors from outside, nor those of a scope around it", () => {
    const outside = e.scalar(1);
    e.scope(() => {
      const around = e.scalar(2);
      expect(e.scope(() => [outside, around])).toEqual([outside, around]);
      e.scope(() => e.add(outside, around));
      expect(e.item(around)).toBe(2);
    });
    expect(e.item(outside)).toBe(1);
  });

  it("frees everything when the function throws", () => {
    const before = e.liveTensors();
    expect(() =>
      e.scope(() => {
        e.scope(() => e.ones([3]));
        e.ones([2]);
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect(e.liveTensors()).toBe(before);
    e.free(e.scope(() => e.ones([2])));
    expect(e.liveTensors()).toBe(before);
  });

  it("refuses an asynchronous function, of this realm or a notebook's", () => {
    const before = e.liveTensors();
    const refusal = "scope: the function is asynchronous. Await before or after the scope, not inside";
    expect(() => e.scope(async () => e.ones([2]))).toThrow(refusal);
    expect(() => e.scope(async () => Promise.reject(new Error("lost")))).toThrow(refusal);
    expect(() => e.scope(runInNewContext("async () => 1"))).toThrow(refusal);
    expect(e.liveTensors()).toBe(before);
  });

  it("keeps a shared tensor alive under its other name", () => {
    const shared = e.scope(() => e.share(e.tensor([4])));
    expect([...e.read(shared)]).toEqual([4]);
    const again = e.share(shared);
    e.free(shared);
    expect(() => e.read(shared)).toThrow("used after it had been freed");
    expect([...e.read(again)]).toEqual([4]);
  });
});

describe("carry", () => {
  it("frees the old state but for what the new one holds on to", () => {
    let state = { weights: e.ones([2]), fixed: e.scalar(5), count: e.scalar(0) };
    const before = e.liveTensors();
    for (let i = 0; i < 20; i++) {
      state = e.carry(state, ({ weights, fixed, count }) => {
        e.exp(weights);
        return { weights: e.mul(weights, 2), fixed, count: e.add(count, 1) };
      });
      expect(e.liveTensors()).toBe(before);
    }
    expect([...e.read(state.weights), e.item(state.fixed), e.item(state.count)]).toEqual([2 ** 20, 2 ** 20, 5, 20]);
  });

  it("keeps the old state when the step throws", () => {
    const state = { x: e.scalar(3) };
    const before = e.liveTensors();
    expect(() =>
      e.carry(state, ({ x }) => {
        e.neg(x);
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect([e.item(state.x), e.liveTensors()]).toEqual([3, before]);
  });
});

describe("free", () => {
  it("frees a tree once, and takes it twice", () => {
    const before = e.liveTensors();
    const tree = { a: e.scalar(1), b: [e.scalar(2), 3, null] };
    e.free(tree);
    e.free(tree);
    expect(e.liveTensors()).toBe(before);
    expect(() => e.neg(tree.a)).toThrow("used after it had been freed");
  });
});
