/** The operations of the engine as scalar functions, for the laws that hold of each. */

import type { Tensor } from "../index.js";
import * as e from "../index.js";

export type Case = {
  readonly name: string;
  readonly inputs: () => Tensor[];
  readonly fn: (...xs: Tensor[]) => Tensor;
};

/**
 * Inputs away from kinks, so that finite differences hold: |x| in [0.3, 1.3], and elements of two inputs at least 0.05
 * apart.
 */
function inputs(...shapes: number[][]): () => Tensor[] {
  return () =>
    shapes.map((shape, i) => {
      const uniform = e.random.uniformValues(e.random.fold(e.random.key(7), i), e.sizeOf(shape));
      return e.tensor(
        uniform.map((u, j) => (0.3 + Math.floor(u * 10) / 10 + 0.05 * i) * (j % 3 === 0 ? -1 : 1)),
        shape,
      );
    });
}

const positive = (x: Tensor): Tensor => e.add(e.abs(x), 0.1);

/** A weighted sum, so that each element has a gradient of its own. */
function weigh(x: Tensor): Tensor {
  const weights = e.tensor(
    Float32Array.from({ length: x.size }, (_, i) => Math.sin(i + 1)),
    x.shape,
  );
  return e.sum(e.mul(x, weights));
}

const ids = (): Tensor => e.tensor(Int32Array.of(3, 0, 3, 1, 2, 3), [2, 3]);

function unary(name: string, fn: (x: Tensor) => Tensor, shape: number[] = [2, 5]): Case {
  return { name, inputs: inputs(shape), fn: (x) => weigh(fn(x)) };
}

function binary(name: string, fn: (a: Tensor, b: Tensor) => Tensor, left: number[], right: number[]): Case {
  return { name, inputs: inputs(left, right), fn: (a, b) => weigh(fn(a, b)) };
}

export const cases: readonly Case[] = [
  unary("neg", e.neg),
  unary("exp", e.exp),
  unary("log", (x) => e.log(positive(x))),
  unary("sqrt", (x) => e.sqrt(positive(x))),
  unary("rsqrt", (x) => e.rsqrt(positive(x))),
  unary("square", e.square),
  unary("abs", e.abs),
  unary("sin", e.sin),
  unary("cos", e.cos),
  unary("tanh", e.tanh),
  unary("relu", e.relu),
  unary("sigmoid", e.sigmoid),
  unary("softplus", e.softplus),
  unary("silu", e.silu),
  unary("clip", (x) => e.clip(x, -3, 0)),
  unary("where", (x) => e.where(e.greater(x, 0), e.square(x), e.mul(x, 3))),
  binary("add, broadcast", e.add, [2, 3], [3]),
  binary("sub, broadcast", e.sub, [3], [2, 3]),
  binary("mul, broadcast both ways", e.mul, [2, 1], [1, 3]),
  binary("div, scalar", e.div, [2, 3], []),
  binary("maximum", e.maximum, [2, 3], [2, 3]),
  binary("minimum", e.minimum, [2, 3], [3]),
  unary("sum of an axis", (x) => e.sum(x, { axis: 0 })),
  unary("sum, kept", (x) => e.sum(x, { axis: -1, keep: true })),
  unary("sum of all", (x) => e.sum(x)),
  unary("mean", (x) => e.mean(x, { axis: [0, 2], keep: true }), [2, 3, 2]),
  unary("max", (x) => e.max(e.add(x, e.cast(e.range(0, 5), "float32")), { axis: -1 })),
  unary("min", (x) => e.min(e.add(x, e.cast(e.range(0, 5), "float32")), { axis: 1, keep: true })),
  unary("softmax", e.softmax),
  unary("logSoftmax", e.logSoftmax),
  unary("logSumExp", (x) => e.logSumExp(x)),
  unary("cumsum, last axis", (x) => e.cumsum(x)),
  unary("cumsum, first axis", (x) => e.cumsum(x, 0)),
  unary(
    "cumsum, middle axis, exclusive and reverse",
    (x) => e.cumsum(x, 1, { exclusive: true, reverse: true }),
    [2, 3, 2],
  ),
  unary("reshape", (x) => e.reshape(x, [5, -1])),
  unary("transpose", (x) => e.transpose(x, [2, 0, 1]), [2, 3, 2]),
  unary("transpose, last two", (x) => e.transpose(x), [2, 3, 2]),
  unary("slice", (x) => e.slice(x, [0, 1], [-1, 3])),
  unary("pad", (x) =>
    e.pad(x, [
      [1, 0],
      [2, 1],
    ]),
  ),
  unary("split", (x) => e.mul(...(e.split(x, [2, 2, 1]).slice(0, 2) as [Tensor, Tensor]))),
  unary("broadcastTo", (x) => e.broadcastTo(x, [3, 2, 5])),
  binary("concat", (a, b) => e.concat([a, b, a], 1), [2, 3], [2, 2]),
  binary("stack", (a, b) => e.stack([a, b], 1), [2, 3], [2, 3]),
  unary("gather of rows (embedding)", (x) => e.gather(x, ids()), [4, 3]),
  unary("gather along the last axis", (x) => e.gather(x, ids(), -1), [2, 4]),
  unary("gather along a middle axis", (x) => e.gather(x, ids(), 1), [2, 4, 2]),
  unary("segmentSum", (x) => e.segmentSum(x, ids(), 5), [2, 3, 2]),
  unary("one-hot product", (x) => e.matmul(e.oneHot(ids(), 4), x), [4, 3]),
  unary("causal mask", (x) => e.where(e.causalMask(3), x, e.full([3, 3], -2)), [3, 3]),
  binary("matmul", (a, b) => e.matmul(a, b), [2, 3], [3, 4]),
  binary("matmul, left transposed", (a, b) => e.matmul(a, b, { left: true }), [3, 2], [3, 4]),
  binary("matmul, right transposed", (a, b) => e.matmul(a, b, { right: true }), [2, 3], [4, 3]),
  binary("matmul, both transposed", (a, b) => e.matmul(a, b, { left: true, right: true }), [3, 2], [4, 3]),
  binary("matmul, batched", (a, b) => e.matmul(a, b), [2, 2, 3], [2, 3, 2]),
  binary("matmul, batch broadcast", (a, b) => e.matmul(a, b, { right: true }), [2, 1, 2, 3], [2, 4, 3]),
  binary("linear", e.matmulTransposed, [2, 2, 3], [4, 3]),
  binary("depthwise causal convolution", e.causalConvolution, [2, 5, 2], [3, 2]),
];
