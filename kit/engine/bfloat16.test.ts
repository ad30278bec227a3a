import { afterEach, describe, expect, it, vi } from "vitest";
import * as e from "./index.js";
import { backend as door } from "./tensorflow.js";
import { close } from "./testing/compare.js";

const traced = ["graph", "xla"] as const;

/** Half to even, as the hardware rounds. */
function toBfloat16(value: number): number {
  const word = new Uint32Array(Float32Array.of(value).buffer);
  word[0] += 0x7fff + ((word[0] >>> 16) & 1);
  word[0] &= 0xffff0000;
  return new Float32Array(word.buffer)[0];
}

const rounded = (x: e.Tensor): e.Tensor => e.tensor([...e.read(x)].map(toBfloat16), x.shape);
const draw = (name: string, shape: readonly number[]): e.Tensor =>
  e.random.normal(e.random.fold(e.random.key(3), name), shape);
const farthest = (a: e.Tensor, b: e.Tensor): number => {
  const values = e.read(b);
  return Math.max(...e.read(a).map((value, i) => Math.abs(value - values[i])));
};

afterEach(() => vi.restoreAllMocks());

const turns = [
  ["", {}],
  ["left", { left: true }],
  ["right", { right: true }],
  ["both", { left: true, right: true }],
] as const;
// A left operand that is smaller, and one that is larger than the right one.
const sizes = [
  [24, 40, 72],
  [72, 40, 24],
] as const;

describe.each(traced)("bf16 products (%s)", (backend) => {
  it.each(turns)("are products of the rounded operands, transposed: %s", (_, turn: e.Transposed) => {
    for (const [I, K, J] of sizes) {
      const [a, b] = [draw("a", turn.left ? [K, I] : [I, K]), draw("b", turn.right ? [J, K] : [K, J])];
      const times = (x: e.Tensor, y: e.Tensor): e.Tensor => e.matmul(x, y, turn);
      const product = e.compile(times, { backend, matmul: "bf16" })(a, b);
      expect([product.dtype, product.shape]).toEqual(["float32", [I, J]]);
      // oneDNN rounds the product too, XLA keeps it.
      close(e.read(product), e.read(times(rounded(a), rounded(b))), backend === "graph" ? 2 ** -8 : 1e-5);
      expect(farthest(product, times(a, b))).toBeGreaterThan(1e-3);
    }
  });

  it("are those of gradients as well", () => {
    const [x, weight, dy] = [draw("x", [40, 24]), draw("w", [72, 24]), draw("dy", [40, 72])];
    const loss = (params: { x: e.Tensor; weight: e.Tensor }): e.Tensor =>
      e.sum(e.mul(e.matmul(params.x, params.weight, { right: true }), dy));
    const gradients = (matmul: e.MatmulPrecision) =>
      e.compile((params: { x: e.Tensor; weight: e.Tensor }) => e.valueAndGradient(loss, params).gradients, {
        backend,
        matmul,
      })({ x, weight });
    const [got, exact] = [gradients("bf16"), gradients("float32")];
    const tolerance = backend === "graph" ? 2 ** -8 : 1e-5;
    close(e.read(got.x), e.read(e.matmul(rounded(dy), rounded(weight))), tolerance);
    close(e.read(got.weight), e.read(e.matmul(rounded(dy), rounded(x), { left: true })), tolerance);
    expect(farthest(got.x, exact.x)).toBeGreaterThan(1e-3);
  });

  // What XLA may rearrange must still be a product that its kernels take.
  it.each([
    ["its left operand transposed", (a: e.Tensor, b: e.Tensor) => e.matmul(e.transpose(e.transpose(a)), b)],
    ["its result transposed", (a: e.Tensor, b: e.Tensor) => e.transpose(e.matmul(a, b))],
    ["multiplied again", (a: e.Tensor, b: e.Tensor) => e.matmul(e.transpose(e.matmul(a, b)), a)],
    [
      "taken as heads",
      (a: e.Tensor, b: e.Tensor) => e.transpose(e.reshape(e.matmul(a, b), [3, 3, 5, 4]), [0, 2, 1, 3]),
    ],
    ["one row", (a: e.Tensor, b: e.Tensor) => e.matmul(e.narrow(a, 0, 0, 1), b)],
    ["one column", (a: e.Tensor, b: e.Tensor) => e.matmul(a, e.narrow(b, 1, 0, 1))],
    ["one term", (a: e.Tensor, b: e.Tensor) => e.matmul(e.narrow(a, 1, 0, 1), e.narrow(b, 0, 0, 1))],
  ] as const)("may have %s, and a gradient", (_, fn) => {
    const [a, b] = [draw("a", [9, 12]), draw("b", [12, 20])];
    const judge = (x: e.Tensor, y: e.Tensor) =>
      e.valueAndGradient(([u, v]) => e.sum(e.square(fn(u, v))), [x, y] as const);
    const [got, exact] = [e.compile(judge, { backend, matmul: "bf16" })(a, b), judge(a, b)];
    for (const i of [0, 1] as const) close(e.read(got.gradients[i]), e.read(exact.gradients[i]), 0.02);
  });

  it("leave products with more axes and everything else as it is", () => {
    const [a, b] = [draw("a", [2, 9, 8]), draw("b", [2, 8, 7])];
    const fn = (x: e.Tensor, y: e.Tensor): e.Tensor => e.exp(e.mul(e.matmul(x, y), e.sum(x)));
    const of = (matmul: e.MatmulPrecision) => [...e.read(e.compile(fn, { backend, matmul })(a, b))];
    expect(of("bf16")).toEqual(of("float32"));
  });

  it("take operands from outside, and the precision of the function they are inlined into", () => {
    const [x, outside] = [draw("x", [9, 8]), draw("w", [7, 8])];
    const linear = e.compile((y: e.Tensor) => e.matmulTransposed(y, outside), { backend: "graph" });
    const outer = e.compile((y: e.Tensor) => linear(y), { backend, matmul: "bf16" });
    const expected = e.matmul(rounded(x), rounded(outside), { right: true });
    close(e.read(outer(x)), e.read(expected), backend === "graph" ? 2 ** -8 : 1e-5);
    expect([outer.traces[0].matmul, linear.traces.length]).toEqual(["bf16", 0]);
  });
});

it("auto compares the backends with bf16 products too", () => {
  const f = e.compile((x: e.Tensor) => e.matmul(x, x), { matmul: "bf16" });
  const x = draw("x", [32, 32]);
  close(e.read(f(x)), e.read(e.matmul(rounded(x), rounded(x))), 2 ** -8);
  expect(Object.keys(f.traces[0].firstCallMs).sort()).toEqual(["graph", "xla"]);
});

describe("eager operations have float32 products", () => {
  const f = (backend: e.ExecutionBackend | "auto") =>
    e.compile((x: e.Tensor) => e.matmul(x, x), { backend, matmul: "bf16", name: "f" });

  it("chosen", () => {
    expect(() => f("eager")(e.ones([2, 2]))).toThrow(
      'compile(f): eager products are float32, not bf16. Choose the backend "graph" or "xla", or matmul "float32"',
    );
  });

  it("for want of an addon that traces", () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const native = door();
    const { binding } = native;
    native.binding = Object.create(binding, { traceBegin: { value: undefined } });
    try {
      expect(() => f("auto")(e.ones([2, 2]))).toThrow(
        "compile(f): eager products are float32, not bf16 (this TensorFlow addon cannot trace). `npm run doctor`",
      );
    } finally {
      native.binding = binding;
    }
  });
});
