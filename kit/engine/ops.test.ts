import { describe, expect, it } from "vitest";
import * as e from "./index.js";
import { cases } from "./testing/cases.js";
import { close, differences } from "./testing/compare.js";

describe.each(cases)("$name", ({ inputs, fn }) => {
  const tensors = inputs();

  it("has the gradient that finite differences give", () => {
    const { analytic, numeric } = differences(fn, tensors);
    for (const [i, gradient] of analytic.entries()) close(gradient, numeric[i], 2e-3);
  });

  it("has a gradient that can be differentiated again", () => {
    // Squared, so that the gradient depends on the inputs even where the operation is linear.
    const squared = (...xs: e.Tensor[]) => e.square(fn(...xs));
    const slope = (...xs: e.Tensor[]) => {
      const { gradients } = e.valueAndGradient((params) => squared(...params), xs);
      return gradients.map((g, i) => e.mul(e.sum(g), i + 1)).reduce((a, b) => e.add(a, b));
    };
    const { analytic, numeric } = differences(slope, tensors);
    for (const [i, gradient] of analytic.entries()) close(gradient, numeric[i], 5e-3);
  });

  it.each(["graph", "xla"] as const)("gives the same value and gradient compiled (%s)", (backend) => {
    const both = (...xs: e.Tensor[]) => e.valueAndGradient((params) => fn(...params), xs);
    const eager = both(...tensors);
    const compiled = e.compile(both, { backend })(...tensors);
    close(e.read(compiled.value), e.read(eager.value), 1e-5);
    for (const [i, gradient] of compiled.gradients.entries()) {
      close(e.read(gradient), e.read(eager.gradients[i]), 1e-5);
    }
  });
});

it("zero and minus zero are two constants of a compiled function", () => {
  const both = (x: e.Tensor) => [0, -0].map((zero) => e.div(1, e.mul(x, zero)));
  expect(e.compile(both, { backend: "graph" })(e.scalar(1)).map(e.item)).toEqual([Infinity, -Infinity]);
});

it.each([{}, { right: true }])(
  "a product of matrices [B, 1, I, K] with one for all keeps to its memory (%j)",
  (how) => {
    const [matrices, one] = [e.random.normal(e.random.key(1), [8, 1, 4, 6]), e.random.normal(e.random.key(2), [6, 6])];
    const each = Array.from({ length: 8 }, (_, b) => {
      const matrix = e.reshape(e.narrow(matrices, 0, b, 1), [4, 6]);
      return Array.from(e.read(e.matmul(matrix, one, how)));
    });
    const product = e.compile((a: e.Tensor, b: e.Tensor) => e.matmul(a, b, how), { backend: "graph" });
    // TensorFlow's batched form writes behind its result; what it breaks there is found out some time later.
    for (let i = 0; i < 300; i++) e.scope(() => close(e.read(product(matrices, one)), each.flat(), 1e-6));
  },
);
