import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close, differences } from "../engine/testing/compare.js";
import { init, llama } from "../model/index.js";
import { distillation, headCrossEntropy, headDistillation, ignored, nextTokenLoss } from "./index.js";

const x = () => e.random.normal(e.random.key(3), [4, 5], 1);
const matrix = () => e.random.normal(e.random.key(4), [3, 5], 1);
const taught = () => e.random.normal(e.random.key(5), [4, 3], 1);
const targets = () => e.tensor(Int32Array.of(2, 0, ignored, 1));

/** The divergence as it is defined, in float64. */
function divergence(temperature: number): number {
  const own = e.read(e.matmul(x(), matrix(), { right: true }));
  const given = e.read(taught());
  const softmax = (values: Float32Array | Int32Array | Uint8Array, row: number): number[] => {
    const powers = [0, 1, 2].map((c) => Math.exp(values[row * 3 + c] / temperature));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  };
  const rows = [0, 1, 3].map((row) => {
    const [p, q] = [softmax(given, row), softmax(own, row)];
    return p.reduce((total, each, c) => total + each * Math.log(each / q[c]), 0);
  });
  return (temperature ** 2 * rows.reduce((a, b) => a + b)) / 3;
}

describe("headDistillation", () => {
  it.each([1, 2, 5])("is τ² KL between the softened distributions (τ = %s)", (temperature) => {
    const loss = headDistillation(x(), matrix(), targets(), taught(), { temperature, weight: 1 });
    expect(e.item(loss)).toBeCloseTo(divergence(temperature), 5);
  });

  it("is the text's loss at weight 0, and between the two elsewhere", () => {
    const text = e.item(headCrossEntropy(x(), matrix(), targets()));
    expect(e.item(headDistillation(x(), matrix(), targets(), taught(), { weight: 0 }))).toBeCloseTo(text, 6);
    const half = e.item(headDistillation(x(), matrix(), targets(), taught(), { temperature: 2, weight: 0.25 }));
    expect(half).toBeCloseTo(0.75 * text + 0.25 * divergence(2), 5);
  });

  it("has the gradients that finite differences give, none for rows left out", () => {
    const judge = (rows: e.Tensor, table: e.Tensor) => headDistillation(rows, table, targets(), taught());
    const { analytic, numeric } = differences(judge, [x(), matrix()]);
    for (const i of [0, 1]) close(analytic[i], numeric[i], 1e-3);
    expect(Math.max(...analytic[0].slice(10, 15).map(Math.abs))).toBe(0);
  });
});

describe("distillation", () => {
  const config = llama({ vocab: 17, width: 16, depth: 2, heads: 2, hidden: 24, context: 16, tied: true });
  const teacher = init(config, 1);
  const student = init(config, 2);
  const ids = () =>
    e.tensor(
      Int32Array.from({ length: 12 }, (_, i) => (i * 5) % 17),
      [2, 6],
    );
  const next = () =>
    e.tensor(
      Int32Array.from({ length: 12 }, (_, i) => (i * 5 + 5) % 17),
      [2, 6],
    );

  it("has nothing to teach itself", () => {
    const loss = distillation(teacher, { weight: 1, hidden: 1 });
    const { value, gradients } = e.valueAndGradient(
      (params: typeof teacher.params) => loss({ config, params }, ids(), next(), {}),
      teacher.params,
    );
    expect(e.item(value)).toBeCloseTo(0, 6);
    for (const leaf of e.tree.leaves<e.Tensor>(gradients)) {
      expect(Math.max(...e.read(leaf).map(Math.abs))).toBeLessThan(1e-5);
    }
  });

  it.each([{ weight: 0 }, { weight: 0.5 }, { weight: 1 }])("matching streams adds to it (%o)", (spec) => {
    const without = e.item(distillation(teacher, spec)(student, ids(), next(), {}));
    const within = e.item(distillation(teacher, { ...spec, hidden: 0.5 })(student, ids(), next(), {}));
    expect(within).toBeGreaterThan(without + 0.1);
    if (spec.weight === 0) expect(without).toBeCloseTo(e.item(nextTokenLoss(student, ids(), next())), 5);
  });

  it("matches streams at tokens whose targets do not count as well", () => {
    const last = e.where(e.less(e.range(0, 6), 5), e.full([2, 6], ignored, "int32"), next());
    const added = (targets: e.Tensor): number => {
      const of = (hidden: number): number => e.item(distillation(teacher, { hidden })(student, ids(), targets, {}));
      return of(0.5) - of(0);
    };
    expect(added(last)).toBeCloseTo(added(next()), 5);
  });

  it("refuses a teacher of another vocabulary, and streams of another depth or width", () => {
    const taughtBy = (change: object, hidden: number) => () =>
      distillation(init({ ...config, ...change }, 1), { hidden })(student, ids(), next(), {});
    expect(taughtBy({ vocab: 18 }, 0)).toThrow("the teacher has 18 tokens and the student 17: expected one vocabulary");
    expect(taughtBy({ layers: config.layers.slice(1) }, 1)).toThrow("the teacher has 1 blocks and the student 2");
    expect(taughtBy({ layers: config.layers.slice(1) }, 0)).not.toThrow();
  });
});
