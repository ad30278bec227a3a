import { afterEach, describe, expect, it, vi } from "vitest";
import * as e from "./index.js";
import { integers, run } from "./primitive.js";
import { backend as door } from "./tensorflow.js";
import { close } from "./testing/compare.js";

const backends = ["eager", "graph", "xla"] as const;
const traced = ["graph", "xla"] as const;
const values = (x: e.Tensor): number[] => [...e.read(x)];

afterEach(() => vi.restoreAllMocks());

describe("what a compiled function may take and return", () => {
  it.each(backends)("trees of tensors, whatever their nesting (%s)", (backend) => {
    const swap = e.compile(
      ({ a, rest }: { a: e.Tensor; rest: e.Tensor[] }) => ({ sum: e.add(a, rest[0]), pair: [rest[1], e.neg(a)] }),
      { backend },
    );
    const result = swap({ a: e.tensor([1, 2]), rest: [e.tensor([3, 4]), e.tensor([5])] });
    expect(values(result.sum)).toEqual([4, 6]);
    expect(result.pair.map(values)).toEqual([[5], [-1, -2]]);
  });

  it.each(backends)("the same tensor twice (%s)", (backend) => {
    const twice = e.compile(
      (x: e.Tensor, y: e.Tensor) => {
        const sum = e.add(x, y);
        return [sum, sum, x];
      },
      { backend },
    );
    const x = e.tensor([1, 2]);
    const [a, b, c] = twice(x, x);
    e.free([x, a]);
    expect([values(b), values(c)]).toEqual([
      [2, 4],
      [1, 2],
    ]);
  });

  it.each(backends)("an argument returned unchanged, without a copy, each freed without the other (%s)", (backend) => {
    const keep = e.compile((x: e.Tensor, y: e.Tensor) => ({ x, sum: e.add(x, y) }), { backend });
    const x = e.tensor([1, 2]);
    const result = keep(x, e.tensor([1]));
    expect(result.x).not.toBe(x);
    e.free(x);
    expect(values(result.x)).toEqual([1, 2]);
    expect(() => e.read(x)).toThrow(/used after it had been freed/);
    const again = e.tensor([3, 4]);
    e.free(keep(again, e.tensor([1])).x);
    expect(values(again)).toEqual([3, 4]);
  });

  it.each(traced)("only arguments, without running anything (%s)", (backend) => {
    const same = e.compile((x: e.Tensor) => x, { backend });
    const x = e.tensor([7]);
    const execute = vi.spyOn(door().binding, "executeOp");
    const result = same(x);
    expect(execute).not.toHaveBeenCalled();
    expect(values(result)).toEqual([7]);
  });

  it("not a number as an argument", () => {
    const scale = e.compile((x: e.Tensor, factor: number) => e.mul(x, factor), { name: "scale" });
    expect(() => scale(e.tensor([1]), 2)).toThrow(
      "compile(scale): an argument holds the number 2: expected trees of tensors, so that no value is baked into the graph. Pass engine.scalar(x) for a number",
    );
  });

  it.each(backends)("neither a number, a promise nor nothing as a result (%s)", (backend) => {
    const x = e.tensor([1]);
    const returning = (value: unknown) => e.compile((_: e.Tensor) => value, { backend, name: "f" });
    expect(() => returning(1)(x)).toThrow("compile(f): the function returned the number 1: expected a tree of tensors");
    expect(() => returning({ x: [Promise.resolve()] })(x)).toThrow("the function returned a Promise");
    expect(() => returning(undefined)(x)).toThrow("the function returned nothing");
    expect(() => returning([])(x)).toThrow("the function returned nothing");
    expect(() => returning(null)(x)).toThrow("the function returned the object null");
  });
});

describe("tensors from outside", () => {
  it.each(traced)("become inputs, never baked values (%s)", (backend) => {
    const [a, b] = [e.tensor(new Float32Array(5000).fill(2)), e.tensor(new Float32Array(5000).fill(3))];
    const f = e.compile((x: e.Tensor) => e.add(e.mul(x, a), e.mul(a, b)), { backend });
    expect(values(f(e.scalar(10)))[4999]).toBe(26);
    expect(values(f(e.scalar(1)))[0]).toBe(8);
    expect(f.traces[0].constantBytes).toBeLessThan(100);
  });

  it.each(traced)("made inside become constants, equal ones a single one (%s)", (backend) => {
    const table = (value: number) => e.tensor(new Float32Array(1000).fill(value));
    const f = e.compile((x: e.Tensor) => e.add(e.mul(e.add(x, table(1)), table(1)), table(2)), { backend });
    expect(values(f(e.scalar(3)))[999]).toBe(6);
    expect(f.traces[0].constantBytes).toBe(8000);
  });

  it.each(traced)("may be returned, and outlive the original (%s)", (backend) => {
    const outside = e.tensor([1, 2]);
    const result = e.compile((x: e.Tensor) => [e.neg(x), outside], { backend })(e.scalar(1));
    e.free(outside);
    expect(values(result[1])).toEqual([1, 2]);
  });

  it.each(traced)("must stay alive (%s)", (backend) => {
    const outside = e.tensor([1]);
    const f = e.compile((x: e.Tensor) => e.add(x, outside), { backend, name: "f" });
    f(e.scalar(1));
    e.free(outside);
    expect(() => f(e.scalar(1))).toThrow(
      "compile(f): a tensor it uses from outside has been freed. Pass it as an argument, or keep it alive",
    );
  });

  it("made inside and taken outside are refused", () => {
    let escaped = e.scalar(0);
    e.compile(
      (x: e.Tensor) => {
        escaped = e.neg(x);
        return e.neg(escaped);
      },
      { backend: "graph" },
    )(e.scalar(1));
    for (const use of [() => e.read(escaped), () => e.add(escaped, 1), () => e.share(escaped)]) {
      expect(use).toThrow(
        "a tensor made inside compile() was used outside of it. Return it from the compiled function",
      );
    }
    const other = e.compile((x: e.Tensor) => e.add(x, escaped), { backend: "graph" });
    expect(() => other(e.scalar(1))).toThrow("a tensor made inside compile() was used outside of it");
  });
});

describe("what tracing refuses", () => {
  const where = /\(at .*compile\.test\.ts:\d+:\d+.*\)/;

  it.each([
    ["read", (x: e.Tensor) => e.tensor(e.read(x))],
    ["item", (x: e.Tensor) => e.scalar(e.item(x))],
    [
      "nonFinite",
      (x: e.Tensor) => {
        e.nonFinite({ x });
        return x;
      },
    ],
    [
      "assertFinite",
      (x: e.Tensor) => {
        e.assertFinite({ x }, "x");
        return x;
      },
    ],
  ] as const)("%s, naming the call and its line", (call, fn) => {
    const compiled = e.compile(fn, { backend: "graph", name: "step" });
    expect(() => compiled(e.scalar(1))).toThrow(`compile(step): ${call}() asked for a value while tracing (at `);
    expect(() => compiled(e.scalar(1))).toThrow(where);
  });

  it.each([
    ["random.normal", () => e.random.normal([1, 2], [2])],
    ["random.uniform", () => e.random.uniform([1, 2], [2])],
  ])("%s, naming it", (call, draw) => {
    const compiled = e.compile((x: e.Tensor) => e.add(x, draw()), { backend: "graph" });
    expect(() => compiled(e.scalar(1))).toThrow(`${call} was called inside compile()`);
  });

  it("random operations of TensorFlow", () => {
    const noise = (x: e.Tensor) =>
      e.add(x, run("RandomStandardNormal", [integers([1])], { dtype: { dtype: "float32" } }));
    expect(() => e.compile(noise, { backend: "graph", name: "noise" })(e.scalar(1))).toThrow(
      "compile(noise): the random operation RandomStandardNormal was called. Draw the numbers outside",
    );
  });

  it("a gradient from outside", () => {
    const compiled = e.compile((x: e.Tensor) => e.square(x), { backend: "graph", name: "square" });
    expect(() => e.valueAndGradient((x) => compiled(x), e.scalar(3))).toThrow(
      "compile(square): a compiled function was called under a gradient. Compile the function that takes the gradient",
    );
  });

  it("shapes that do not fit, saying which", () => {
    const compiled = e.compile((x: e.Tensor, y: e.Tensor) => e.add(x, y), { backend: "graph" });
    expect(() => compiled(e.ones([2, 3]), e.ones([4]))).toThrow(
      "AddV2(float32[2, 3], float32[4]): Dimensions must be equal",
    );
  });
});

describe("after an exception", () => {
  it.each([...traced, "eager"] as const)("the engine works on, and nothing stays alive (%s)", (backend) => {
    const failing = e.compile(
      (x: e.Tensor) =>
        e.scope(
          () =>
            e.valueAndGradient((y) => {
              e.sum(e.square(e.exp(y)));
              throw new Error("mine");
            }, x).value,
        ),
      { backend },
    );
    const x = e.tensor([1, 2]);
    const before = e.liveTensors();
    for (let i = 0; i < 3; i++) expect(() => failing(x)).toThrow("mine");
    expect(e.liveTensors()).toBe(before);
    const square = e.compile((y: e.Tensor) => e.square(y), { backend });
    expect(values(square(x))).toEqual([1, 4]);
    expect(values(e.valueAndGradient((y) => e.sum(e.square(y)), x).gradients)).toEqual([2, 4]);
    expect(e.liveTensors()).toBe(before + 3);
  });

  it("in the replayed graph, the message is TensorFlow's and the next call runs", () => {
    const rows = e.compile((x: e.Tensor, ids: e.Tensor) => e.gather(x, ids), { backend: "graph", name: "rows" });
    const x = e.tensor([1, 2]);
    expect(() => rows(x, e.tensor(Int32Array.of(5)))).toThrow("compile(rows): indices[0] = 5 is not in [0, 2)");
    expect(values(rows(x, e.tensor(Int32Array.of(1))))).toEqual([2]);
    expect(rows.traces.length).toBe(1);
  });
});

describe("signatures", () => {
  it.each(traced)("a new shape, type or nesting traces again, and says so once (%s)", (backend) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    let runs = 0;
    const f = e.compile(
      (x: unknown) => {
        runs++;
        return e.tree.leaves<e.Tensor>(x).map((leaf) => e.mul(leaf, 2));
      },
      { backend, name: "double" },
    );
    for (const x of [e.ones([2]), e.ones([3]), e.ones([2]), e.ones([2], "int32"), { x: e.ones([2]) }, e.ones([3])])
      f(x);
    expect(runs).toBe(4);
    expect(f.traces.map((t) => t.signature)).toEqual(["0:float32[2]", "0:float32[3]", "0:int32[2]", "0.x:float32[2]"]);
    expect(warn.mock.calls).toEqual([["compile(double): tracing again for new shapes; each signature is traced once"]]);
  });

  it("of many leaves is reported in short", () => {
    const f = e.compile((xs: e.Tensor[]) => e.concat(xs), { backend: "graph" });
    f(Array.from({ length: 300 }, () => e.ones([1])));
    expect(f.traces[0].signature).toMatch(/^0\.0:float32\[1\] .* 0\.7:float32\[1\] and 292 more$/);
  });

  it("an expected new shape is silent", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const f = e.compile((x: e.Tensor) => e.neg(x), { backend: "graph", newShapes: "expect" });
    f(e.ones([2]));
    f(e.ones([3]));
    expect(warn).not.toHaveBeenCalled();
  });

  it("a compiled function inside another is inlined", () => {
    const inner = e.compile((x: e.Tensor) => e.square(x), { backend: "xla" });
    const outer = e.compile((x: e.Tensor) => e.valueAndGradient((y) => e.sum(inner(y)), x), { backend: "graph" });
    const { value, gradients } = outer(e.tensor([1, 2]));
    expect([values(value), values(gradients)]).toEqual([[5], [2, 4]]);
    expect([inner.traces.length, outer.traces.length]).toEqual([0, 1]);
  });
});

describe("what is reported", () => {
  it("auto keeps the faster of graph and XLA", () => {
    const f = e.compile((x: e.Tensor) => e.sum(e.exp(e.mul(x, 2))), { name: "f" });
    const x = e.ones([100, 100]);
    close(e.read(f(x)), [1e4 * Math.exp(2)], 1e-5);
    const [{ backend, steadyCallMs, firstCallMs, traceMs, operations }] = f.traces;
    expect(Object.keys(firstCallMs).sort()).toEqual(["graph", "xla"]);
    expect(steadyCallMs[backend]).toBe(Math.min(steadyCallMs.graph!, steadyCallMs.xla!));
    expect([operations, traceMs > 0]).toEqual([3, true]);
  });

  it("auto takes the graph for what XLA cannot run, and says why", () => {
    const f = e.compile((x: e.Tensor) => run("Dawsn", [x]), { name: "dawson" });
    close(e.read(f(e.scalar(1))), [0.5380795], 1e-6);
    expect(f.traces[0].backend).toBe("graph");
    expect(f.traces[0].refusedByXla).toMatch(/^compile\(dawson\): .*Dawsn/);
  });

  it.each(backends)("a chosen backend runs each call once (%s)", (backend) => {
    let runs = 0;
    const f = e.compile(
      (x: e.Tensor) => {
        runs++;
        return e.neg(x);
      },
      { backend },
    );
    f(e.scalar(1));
    f(e.scalar(2));
    expect(runs).toBe(backend === "eager" ? 2 : 1);
    expect(f.traces[0].backend).toBe(backend);
    expect(Object.keys(f.traces[0].firstCallMs)).toEqual(backend === "eager" ? [] : [backend]);
  });
});
