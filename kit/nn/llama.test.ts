/** The layers of a Llama against their definitions, in float64 JavaScript. */
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close, differences } from "../engine/testing/compare.js";
import { type AttentionSpec, attention, linear, rmsNorm, rope, ropeAt, ropeTable, swiglu } from "./index.js";

const draw = (label: string, ...shape: number[]): e.Tensor =>
  e.random.normal(e.random.fold(e.random.key(1), label), shape);
const rowsOf = (x: e.Tensor, width: number): number[][] => {
  const values = [...e.read(x)];
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
};
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((total, x, i) => total + x * b[i], 0);

/** `x · Wᵀ` of one row. */
const times = (row: readonly number[], weight: readonly number[][]): number[] => weight.map((w) => dot(row, w));

describe("linear, rmsNorm and swiglu", () => {
  const x = draw("x", 2, 3, 4);

  it("linear takes [out, in] matrices", () => {
    const weight = draw("w", 5, 4);
    const expected = rowsOf(x, 4).flatMap((row) => times(row, rowsOf(weight, 4)));
    close(e.read(linear(weight, x)), expected, 1e-6);
  });

  it("rmsNorm divides by the root of the mean square", () => {
    const gain = draw("gain", 4);
    const [factors] = rowsOf(gain, 4);
    const expected = rowsOf(x, 4).flatMap((row) =>
      row.map((v, i) => (factors[i] * v) / Math.sqrt(dot(row, row) / 4 + 1e-2)),
    );
    close(e.read(rmsNorm({ gain }, x, 1e-2)), expected, 1e-6);
    expect(e.read(rmsNorm({ gain }, e.zeros([1, 4]), 1e-5)).every((v) => v === 0)).toBe(true);
  });

  it("swiglu gates by silu", () => {
    const params = { gate: draw("g", 6, 4), up: draw("u", 6, 4), down: draw("d", 4, 6) };
    const expected = rowsOf(x, 4).flatMap((row) => {
      const up = times(row, rowsOf(params.up, 4));
      const inner = times(row, rowsOf(params.gate, 4)).map((g, i) => (g / (1 + Math.exp(-g))) * up[i]);
      return times(inner, rowsOf(params.down, 6));
    });
    close(e.read(swiglu(params, x)), expected, 1e-5);
  });
});

describe("rope", () => {
  const x = draw("x", 3, 8);
  const table = ropeTable({ theta: 100, layout: "half" }, 8, 3);

  it.each(["half", "interleaved"] as const)("turns each pair by position · θ^(−2i/K) (%s)", (layout) => {
    const expected = rowsOf(x, 8).flatMap((row, position) => {
      const turned = [...row];
      for (let i = 0; i < 4; i++) {
        const [a, b] = layout === "half" ? [i, i + 4] : [2 * i, 2 * i + 1];
        const angle = position * 100 ** (-i / 4);
        turned[a] = row[a] * Math.cos(angle) - row[b] * Math.sin(angle);
        turned[b] = row[b] * Math.cos(angle) + row[a] * Math.sin(angle);
      }
      return turned;
    });
    close(e.read(rope(x, table, layout)), expected, 1e-6);
  });

  it("makes products depend on the distance of positions alone", () => {
    const [q, k] = [draw("q", 1, 8), draw("k", 1, 8)];
    const long = ropeTable({ theta: 10_000, layout: "half" }, 8, 2000);
    const at = (v: e.Tensor, position: number): number[] => [
      ...e.read(rope(v, ropeAt(long, e.tensor(Int32Array.of(position))), "half")),
    ];
    const near = dot(at(q, 7), at(k, 3));
    expect(Math.abs(dot(at(q, 1999), at(k, 1995)) - near)).toBeLessThan(1e-5);
    expect(Math.abs(dot(at(q, 1999), at(k, 1994)) - near)).toBeGreaterThan(1e-2);
  });
});

describe("attention", () => {
  const spec: AttentionSpec = { heads: 4, kvHeads: 2, headDim: 4, rope: { theta: 50, layout: "half" } };
  const params = { q: draw("q", 16, 6), k: draw("k", 8, 6), v: draw("v", 8, 6), o: draw("o", 6, 16) };
  const x = draw("x", 1, 5, 6);

  /** One query at a time, one head at a time. */
  function naive(): number[] {
    const table = ropeTable(spec.rope, 4, 5);
    const rows = rowsOf(x, 6);
    const heads = (weight: e.Tensor, count: number, turn: boolean): number[][][] => {
      const flat = rows.flatMap((row) => times(row, rowsOf(weight, 6)));
      const split = e.transpose(e.tensor(flat, [5, count, 4]), [1, 0, 2]);
      const turned = rowsOf(turn ? rope(split, table, "half") : split, 4);
      return Array.from({ length: count }, (_, h) => turned.slice(h * 5, (h + 1) * 5));
    };
    const [q, k, v] = [heads(params.q, 4, true), heads(params.k, 2, true), heads(params.v, 2, false)];
    return rows.flatMap((_, t) => {
      const mixed = q.flatMap((queries, h) => {
        // Heads 0 and 1 share the first key head, 2 and 3 the second.
        const [keys, values] = [k[Math.floor(h / 2)], v[Math.floor(h / 2)]];
        const weights = keys.slice(0, t + 1).map((key) => Math.exp(dot(queries[t], key) / 2));
        const total = weights.reduce((a, b) => a + b);
        return [0, 1, 2, 3].map(
          (i) =>
            dot(
              weights,
              values.slice(0, t + 1).map((value) => value[i]),
            ) / total,
        );
      });
      return times(mixed, rowsOf(params.o, 16));
    });
  }

  it.each(["eager", "graph", "xla"] as const)("is its definition, head by head (%s)", (backend) => {
    const compiled = e.compile((p: typeof params, y: e.Tensor) => attention(p, y, spec), { backend });
    close(e.read(compiled(params, x)), naive(), 1e-5);
  });

  it("sees nothing of the future, in values and gradients", () => {
    const later = e.concat([e.narrow(x, 1, 0, 3), draw("other", 1, 2, 6)], 1);
    const [a, b] = [x, later].map((y) => e.read(attention(params, y, spec)));
    expect([...a.slice(0, 18)]).toEqual([...b.slice(0, 18)]);
    const { gradients } = e.valueAndGradient((y) => e.sum(e.narrow(attention(params, y, spec), 1, 0, 3)), x);
    expect([...e.read(e.narrow(gradients, 1, 3, 2))]).toEqual(Array.from({ length: 12 }, () => 0));
  });

  it("has the gradients that finite differences give", () => {
    const weights = draw("weights", 1, 5, 6);
    const loss = (q: e.Tensor, k: e.Tensor, v: e.Tensor, o: e.Tensor, y: e.Tensor) =>
      e.mean(e.mul(attention({ q, k, v, o }, y, spec), weights));
    const { analytic, numeric } = differences(loss, [params.q, params.k, params.v, params.o, x]);
    for (const [i, gradient] of analytic.entries()) close(gradient, numeric[i], 1e-3);
  });
});
