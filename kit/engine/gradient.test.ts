import { describe, expect, it } from "vitest";
import * as e from "./index.js";
import { close, differences } from "./testing/compare.js";

const values = (x: e.Tensor): number[] => [...e.read(x)];

describe("valueAndGradient", () => {
  it("keeps the nesting of the parameters and gives zeros to those that play no part", () => {
    const params = { a: e.tensor([1, 2]), list: [{ b: e.tensor([3]) }, e.tensor([5, 6])] as const };
    const { value, gradients } = e.valueAndGradient(({ a, list }) => e.sum(e.mul(a, list[0].b)), params);
    expect(e.item(value)).toBe(9);
    expect([values(gradients.a), values(gradients.list[0].b), values(gradients.list[1])]).toEqual([
      [3, 3],
      [3],
      [0, 0],
    ]);
  });

  it("adds up the ways by which a parameter is reached, each gradient a tensor of its own", () => {
    // The gradient of a sum is handed to both its terms: freeing or adding to one must not touch the other.
    const params = { a: e.tensor([1, 2]), b: e.tensor([3, 4]) };
    const loss = ({ a, b }: typeof params) => e.add(e.sum(e.square(a)), e.sum(e.sub(e.add(a, b), e.add(b, b))));
    const { gradients } = e.valueAndGradient(loss, params);
    expect([values(gradients.a), values(gradients.b)]).toEqual([
      [3, 5],
      [-1, -1],
    ]);
    e.free(gradients.a);
    expect(values(gradients.b)).toEqual([-1, -1]);
  });

  it("gives both operands their part when they are one tensor", () => {
    const at = (fn: (x: e.Tensor) => e.Tensor) => values(e.valueAndGradient(fn, e.tensor([3, 5])).gradients);
    expect(at((x) => e.sum(e.sub(x, x)))).toEqual([0, 0]);
    expect(at((x) => e.sum(e.mul(x, x)))).toEqual([6, 10]);
    expect(at((x) => e.sum(e.div(x, x)))).toEqual([0, 0]);
    expect(at((x) => e.sum(e.maximum(x, x)))).toEqual([1, 1]);
    expect(at((x) => e.sum(e.minimum(x, x)))).toEqual([1, 1]);
    expect(at((x) => e.sum(e.where(e.greater(x, 4), x, x)))).toEqual([1, 1]);
    expect(at((x) => e.sum(e.concat([x, x])))).toEqual([2, 2]);
  });

  it.each(["eager", "graph", "xla"] as const)("is that of each leaf, even if two are one tensor (%s)", (backend) => {
    const x = e.tensor([3, 5]);
    const fn = (params: { a: e.Tensor; b: e.Tensor }) =>
      e.valueAndGradient(({ a, b }) => e.sum(e.mul(a, e.square(b))), params).gradients;
    const { a, b } = e.compile(fn, { backend })({ a: x, b: x });
    expect([values(a), values(b)]).toEqual([
      [9, 25],
      [18, 50],
    ]);
    // The sum of both is 3x², whose gradient is 6x.
    const total = (y: e.Tensor) => {
      const inner = fn({ a: y, b: y });
      return e.sum(e.add(inner.a, inner.b));
    };
    expect(values(e.compile((y: e.Tensor) => e.valueAndGradient(total, y).gradients, { backend })(x))).toEqual([
      18, 30,
    ]);
  });

  it("of a parameter itself is one", () => {
    const { value, gradients } = e.valueAndGradient((x) => x, e.scalar(3));
    expect([e.item(value), e.item(gradients)]).toEqual([3, 1]);
  });

  it("leaves alive exactly the value and the gradients", () => {
    const x = e.random.normal([1, 2], [4, 4]);
    const loss = (y: e.Tensor) =>
      e.mean(
        e.square(
          e.softmax(
            e.matmul(
              e.silu(y),
              e.scope(() => e.exp(e.neg(y))),
            ),
          ),
        ),
      );
    const before = e.liveTensors();
    e.valueAndGradient(loss, x);
    expect(e.liveTensors()).toBe(before + 2);
    e.valueAndGradient((y) => e.sum(e.square(e.valueAndGradient(loss, y).gradients)), x);
    expect(e.liveTensors()).toBe(before + 4);
  });

  it("may be taken of a gradient, to any depth", () => {
    // x⁴: 4x³, 12x², 24x.
    const power = (x: e.Tensor) => e.square(e.square(x));
    const slope = (fn: (x: e.Tensor) => e.Tensor) => (x: e.Tensor) => e.valueAndGradient(fn, x).gradients;
    expect(e.item(slope(slope(slope(power)))(e.scalar(3)))).toBe(72);
    const compiled = e.compile(slope(slope(power)), { backend: "xla" });
    expect(e.item(compiled(e.scalar(3)))).toBe(108);
  });

  it("does not flow through steps, casts and stopGradient", () => {
    const loss = (x: e.Tensor) =>
      e.sum(e.mul(x, e.add(e.add(e.round(x), e.stopGradient(x)), e.cast(e.cast(x, "int32"), "float32"))));
    expect(values(e.valueAndGradient(loss, e.tensor([2.75])).gradients)).toEqual([3 + 2.75 + 2]);
  });

  it("is shared among ties of an extreme, and is zero for booleans' losers", () => {
    const at = (fn: (x: e.Tensor) => e.Tensor) => values(e.valueAndGradient(fn, e.tensor([2, 1, 2])).gradients);
    expect(at((x) => e.max(x))).toEqual([0.5, 0, 0.5]);
    expect(at((x) => e.sum(e.maximum(x, 2)))).toEqual([1, 0, 1]);
    expect(at((x) => e.sum(e.minimum(2, x)))).toEqual([0, 1, 0]);
    expect(at((x) => e.sum(e.clip(x, 1.5, 3)))).toEqual([1, 0, 1]);
  });

  it("refuses what is not a scalar, and parameters that are not float32", () => {
    const x = e.tensor([1, 2]);
    expect(() => e.valueAndGradient((y) => y, x)).toThrow(
      "gradient: the function returned [2]: expected a float32 scalar",
    );
    expect(() => e.valueAndGradient(() => 3 as unknown as e.Tensor, x)).toThrow("the function returned number");
    expect(() => e.valueAndGradient((y) => e.sum(y), e.range(0, 2))).toThrow(
      "gradient: a leaf is not a float32 tensor",
    );
  });

  it("frees what it saved when the function or a gradient throws", () => {
    const x = e.tensor([1, 2]);
    const before = e.liveTensors();
    const failing = (): never => {
      throw new Error("mine");
    };
    const halfway = (y: e.Tensor) => {
      e.sum(e.exp(y));
      return failing();
    };
    expect(() => e.valueAndGradient(halfway, x)).toThrow("mine");
    const broken = (y: e.Tensor) =>
      e.customGradient(
        [y],
        () => ({ value: e.sum(y), save: [y] }),
        () => [failing],
      );
    expect(() => e.valueAndGradient((y) => broken(e.exp(y)), x)).toThrow("mine");
    expect(e.liveTensors()).toBe(before);
    expect(values(e.valueAndGradient((y) => e.sum(e.square(y)), x).gradients)).toEqual([2, 4]);
  });
});

describe("customGradient", () => {
  /** Rounds forward, passes the gradient straight through. */
  const straightThrough = (x: e.Tensor) =>
    e.customGradient(
      [x],
      () => ({ value: e.round(x) }),
      (dy) => [() => dy],
    );

  it.each(["eager", "graph", "xla"] as const)("replaces the gradient (%s)", (backend) => {
    const loss = (x: e.Tensor) => e.sum(e.mul(straightThrough(x), e.tensor([2, 3])));
    const { value, gradients } = e.compile((x: e.Tensor) => e.valueAndGradient(loss, x), { backend })(
      e.tensor([1.4, 2.6]),
    );
    expect([e.item(value), values(gradients)]).toEqual([11, [2, 3]]);
  });

  it("may return its input, or a tensor made before, without mixing up their gradients", () => {
    const doubled = (x: e.Tensor) =>
      e.customGradient(
        [x],
        () => ({ value: x }),
        (dy) => [() => e.mul(dy, 2)],
      );
    expect(values(e.valueAndGradient((x) => e.sum(doubled(x)), e.tensor([1])).gradients)).toEqual([2]);
    const before = (x: e.Tensor) => {
      const tripled = e.mul(x, 3);
      return e.customGradient(
        [x],
        () => ({ value: tripled }),
        (dy) => [() => dy],
      );
    };
    expect(values(e.valueAndGradient((x) => e.sum(before(x)), e.tensor([1])).gradients)).toEqual([1]);
  });

  it("may hand on a saved tensor or one of the caller's, neither of which is freed with the gradient", () => {
    const constant = e.tensor([5, 7]);
    const fn = (x: e.Tensor) =>
      e.customGradient(
        [x],
        () => ({ value: e.sum(x), save: [x] }),
        (_, [saved]) => [() => e.add(saved, constant)],
      );
    const plain = (x: e.Tensor) =>
      e.customGradient(
        [x],
        () => ({ value: e.sum(x) }),
        () => [() => constant],
      );
    const saving = (x: e.Tensor) =>
      e.customGradient(
        [x],
        () => ({ value: e.sum(x), save: [x] }),
        (_, saved) => [() => saved[0]],
      );
    const x = e.tensor([1, 2]);
    const { gradients } = e.valueAndGradient((y) => e.add(e.add(fn(y), plain(y)), saving(y)), x);
    expect(values(gradients)).toEqual([12, 18]);
    e.free(gradients);
    expect([values(x), values(constant)]).toEqual([
      [1, 2],
      [5, 7],
    ]);
  });

  it("is one entry: what the forward pass computes on its way is not differentiated", () => {
    const fn = (x: e.Tensor) =>
      e.customGradient(
        [x],
        () => ({ value: e.sum(e.exp(x)) }),
        (dy) => [() => e.mul(dy, 1)],
      );
    expect(values(e.valueAndGradient((x) => fn(e.reshape(x, [1])), e.scalar(2)).gradients)).toEqual([1]);
  });
});

describe("where TensorFlow.js is wrong or slow", () => {
  it("the gradient of cumsum along any axis is right", () => {
    for (const axis of [0, 1, 2]) {
      const weights = e.random.normal([5, axis], [2, 3, 4]);
      const { analytic, numeric } = differences(
        (x) => e.sum(e.mul(e.cumsum(x, axis), weights)),
        [e.random.normal([6, axis], [2, 3, 4])],
      );
      close(analytic[0], numeric[0], 1e-3);
    }
  });

  it("an embedding's gradient reads no index on the host and adds up repeated rows", () => {
    const loss = (table: e.Tensor, ids: e.Tensor) =>
      e.valueAndGradient((t) => e.sum(e.gather(t, ids)), table).gradients;
    const ids = e.tensor(Int32Array.of(1, 1, 0));
    for (const backend of ["graph", "xla"] as const) {
      expect(values(e.compile(loss, { backend })(e.ones([3, 2]), ids))).toEqual([1, 1, 2, 2, 0, 0]);
    }
  });

  it("no gradient reaches a row that segmentSum drops", () => {
    const ids = e.tensor(Int32Array.of(0, -1, 1));
    const { gradients } = e.valueAndGradient((rows) => e.sum(e.segmentSum(rows, ids, 2)), e.full([3, 2], 4));
    expect([...e.read(gradients)]).toEqual([1, 1, 0, 0, 1, 1]);
  });

  it("the gradient of a sum bakes no array of ones", () => {
    const step = e.compile((x: e.Tensor) => e.valueAndGradient((y) => e.sum(e.mean(y, { axis: 0 })), x), {
      backend: "graph",
    });
    close(e.read(step(e.ones([300, 200])).gradients), new Float32Array(60_000).fill(1 / 300), 1e-6);
    expect(step.traces[0].constantBytes).toBeLessThan(100);
  });

  it("values are copied in, whatever the address of their array", () => {
    for (let i = 0; i < 64; i++) {
      const array = new Float32Array(64).fill(1);
      const x = e.tensor(array);
      array.fill(7);
      expect(e.read(x)[0]).toBe(1);
      e.free(x);
    }
  });
});
