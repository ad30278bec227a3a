import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close, differences } from "../engine/testing/compare.js";
import { crossEntropy, headCrossEntropy, ignored } from "./index.js";

const scores = () => e.tensor([1, -2, 0.5, 3, 0, -1, 0.25, 2, -0.5, 1, 1, 1], [4, 3]);
const targets = () => e.tensor(Int32Array.of(2, 0, ignored, 1));

/** The definition, in float64. */
function reference(): number {
  const [rows, ids] = [e.read(scores()), e.read(targets())];
  let total = 0;
  let count = 0;
  for (const [r, id] of ids.entries()) {
    if (id < 0) continue;
    const row = [0, 1, 2].map((c) => rows[r * 3 + c]);
    total += Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[id];
    count++;
  }
  return total / count;
}

describe("crossEntropy", () => {
  it.each(["eager", "graph", "xla"] as const)(
    "is the mean negative log-likelihood of the counted rows (%s)",
    (backend) => {
      const compiled = e.compile(crossEntropy, { backend });
      expect(e.item(compiled(scores(), targets()))).toBeCloseTo(reference(), 6);
    },
  );

  it("has the gradient that finite differences give, zero for rows left out", () => {
    const { analytic, numeric } = differences((x) => crossEntropy(x, targets()), [scores()]);
    close(analytic[0], numeric[0], 1e-3);
    expect(Math.max(...analytic[0].slice(6, 9).map(Math.abs))).toBe(0);
  });

  it("is 0 when every row is left out", () => {
    expect(e.item(crossEntropy(scores(), e.full([4], ignored, "int32")))).toBe(0);
  });

  it("survives scores of 1e4", () => {
    const far = e.tensor([1e4, -1e4], [1, 2]);
    expect(e.item(crossEntropy(far, e.tensor(Int32Array.of(1))))).toBe(2e4);
  });
});

describe("headCrossEntropy", () => {
  const x = () => e.random.normal(e.random.key(3), [4, 5], 2);
  const matrix = () => e.random.normal(e.random.key(4), [3, 5], 2);
  const written = (rows: e.Tensor, table: e.Tensor, ids: e.Tensor) =>
    crossEntropy(e.matmul(rows, table, { right: true }), ids);
  const judge = (fn: typeof written) => (rows: e.Tensor, table: e.Tensor, ids: e.Tensor) =>
    e.valueAndGradient(([r, t]) => e.mul(fn(r, t, ids), 3), [rows, table] as const);

  it.each(["eager", "graph", "xla"] as const)(
    "is the cross-entropy of the scores, and so are its gradients (%s)",
    (backend) => {
      for (const ids of [targets(), e.full([4], ignored, "int32"), e.tensor(Int32Array.of(1, 1, 1, 0))]) {
        const expected = judge(written)(x(), matrix(), ids);
        const got = e.compile(judge(headCrossEntropy), { backend })(x(), matrix(), ids);
        close(e.read(got.value), e.read(expected.value), 1e-6);
        for (const i of [0, 1] as const) close(e.read(got.gradients[i]), e.read(expected.gradients[i]), 1e-6);
      }
    },
  );

  it("survives scores of 1e4", () => {
    const far = e.tensor([100, -100], [1, 2]);
    const table = e.tensor([50, -50, -50, 50], [2, 2]);
    const loss = (rows: e.Tensor) => headCrossEntropy(rows, table, e.tensor(Int32Array.of(1)));
    const { value, gradients } = e.valueAndGradient(loss, far);
    expect(e.item(value)).toBe(2e4);
    expect([...e.read(gradients)]).toEqual([100, -100]);
  });
});
