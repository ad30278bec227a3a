/** Differential attention against torch in float64, and what follows from its definition. */
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { pairings } from "./headPairs.js";
import {
  attention,
  type DifferentialV1Params,
  type DifferentialV1Spec,
  type DifferentialV2Params,
  type DifferentialV2Spec,
  differentialLambda,
  differentialV1,
  differentialV2,
  lambdaInitAt,
  ropeAt,
  ropeTable,
  rope as rotate,
} from "./index.js";
import { reference, relativeError, type Stored, stored } from "./testing/reference.js";

type Case = {
  readonly name: string;
  readonly num_heads: number;
  readonly num_kv_heads: number;
  readonly n_rep: number;
  readonly head_dim: number;
  readonly lambda_init: number;
  readonly lambda_full: number;
  readonly naive_vs_paired_relative: number;
  readonly x: Stored;
  readonly y: Stored;
  readonly y_naive_pairing: Stored;
  readonly dy: Stored;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly grads: Readonly<Record<string, Stored>>;
};

const first = reference<{ cases: Case[] }>("diffattn-v1.json", { cases: [] }).cases;
const second = reference<{ cases: Case[] }>("diffattn-v2.json", { cases: [] }).cases;

/** The reference's names of the parameters. */
const names = {
  q: "q_proj",
  k: "k_proj",
  v: "v_proj",
  lambdaQ1: "lambda_q1",
  lambdaK1: "lambda_k1",
  lambdaQ2: "lambda_q2",
  lambdaK2: "lambda_k2",
  subNormGain: "subln",
} as const;

const rope = { theta: 10_000, layout: "interleaved" } as const;
const draw = (name: string, ...shape: number[]): e.Tensor =>
  e.random.normal(e.random.fold(e.random.key(3), name), shape, 0.5);

type Paths<Params> = { readonly [Name in keyof Params]: string };

function named<Params>(weights: Case["weights"], paths: Paths<Params>): Params {
  const entries = Object.entries<string>(paths).map(([name, path]) => [name, stored(weights[path])]);
  return Object.fromEntries(entries) as Params;
}

/** Fails unless the layer's values and gradients are the reference's to 1e-4. */
function agree<Params>(one: Case, paths: Paths<Params>, layer: (params: Params, x: e.Tensor) => e.Tensor): void {
  const [params, x, dy] = [named<Params>(one.weights, paths), stored(one.x), stored(one.dy)];
  expect(relativeError(layer(params, x), one.y)).toBeLessThanOrEqual(1e-4);
  const { gradients } = e.valueAndGradient((of) => e.sum(e.mul(layer(of.params, of.x), dy)), { params, x });
  expect(relativeError(gradients.x, one.grads.x)).toBeLessThanOrEqual(1e-4);
  const found = gradients.params as Readonly<Record<string, e.Tensor>>;
  const errors = Object.entries<string>(paths).map(([name, path]) => [
    name,
    relativeError(found[name], one.grads[path]),
  ]);
  expect(errors.filter(([, error]) => !((error as number) <= 1e-4))).toEqual([]);
}

describe.each(first.map((one) => [one.name, one] as const))("%s", (_, one) => {
  const spec: DifferentialV1Spec = {
    heads: 2 * one.num_heads,
    kvHeads: 2 * one.num_kv_heads,
    headDim: one.head_dim,
    rope,
    split: "adjacentHeads",
    output: "subNorm",
    lambdaInit: one.lambda_init,
  };
  const paths = { ...names, o: "out_proj" };

  it("is the reference, values and gradients, to 1e-4", () => {
    e.scope(() => agree<DifferentialV1Params<e.Tensor>>(one, paths, (params, x) => differentialV1(params, x, spec)));
  });

  it("pairs the keys as the queries are paired, unlike the reference's naive form", () => {
    e.scope(() => {
      const params = named<DifferentialV1Params<e.Tensor>>(one.weights, paths);
      expect(e.item(differentialLambda(params, one.lambda_init))).toBeCloseTo(one.lambda_full, 5);
      const naive = relativeError(differentialV1(params, stored(one.x), spec), one.y_naive_pairing);
      if (one.n_rep === 1) expect(naive).toBeLessThanOrEqual(1e-4);
      else expect(naive).toBeGreaterThan(one.naive_vs_paired_relative / 3);
    });
  });
});

describe.each(second.map((one) => [one.name, one] as const))("%s", (_, one) => {
  const spec: DifferentialV2Spec = { heads: one.num_heads, kvHeads: one.num_kv_heads, headDim: one.head_dim, rope };
  it("is the reference, values and gradients, to 1e-4", () => {
    const paths = { q: "q_proj", k: "k_proj", v: "v_proj", o: "o_proj", lambda: "lambda_proj" };
    e.scope(() => agree<DifferentialV2Params<e.Tensor>>(one, paths, (params, x) => differentialV2(params, x, spec)));
  });
});

it("every number of repetitions of the references is there", () => {
  if (first.length === 0) return;
  expect(first.map(({ n_rep }) => n_rep)).toEqual([1, 2, 4]);
  expect(second).toHaveLength(4);
});

const D = 12;
const heads = { heads: 4, kvHeads: 2, headDim: 8, rope: { theta: 10_000, layout: "half" } } as const;
const projections = {
  q: draw("q", 32, D),
  k: draw("k", 16, D),
  v: draw("v", 16, D),
  o: draw("o", D, 32),
};
const lambdas = (width: number) => ({
  lambdaQ1: draw("q1", width),
  lambdaK1: draw("k1", width),
  lambdaQ2: draw("q2", width),
  lambdaK2: draw("k2", width),
});
const x = draw("x", 2, 9, D);

/** Rows of heads of width 8 in another order. */
const reordered = (weight: e.Tensor, order: readonly number[]): e.Tensor =>
  e.concat(order.map((head) => e.narrow(weight, 0, 8 * head, 8)));

it("halved and adjacent heads differ in the order of the projections' rows alone", () => {
  const spec: DifferentialV1Spec = { ...heads, split: "adjacentHeads", output: "plainSubNorm", lambdaInit: 0.5 };
  const params = { ...projections, ...lambdas(8) };
  const { q, k, v } = projections;
  const halved = {
    ...params,
    q: reordered(q, [0, 2, 1, 3]),
    k: reordered(k, [0, 1]),
    v: reordered(v, [0, 1]),
  };
  const found = differentialV1(halved, x, { ...spec, split: "halvedHeads" });
  close(e.read(found), e.read(differentialV1(params, x, spec)), 1e-6);
});

describe("within heads", () => {
  const spec: DifferentialV1Spec = { ...heads, split: "withinHead", output: "subNorm", lambdaInit: 0.4 };
  const params = { ...projections, ...lambdas(4), subNormGain: draw("gain", 8) };

  /** One head in float64, straight from the words: rotary pairs 0 and 2 against rotary pairs 1 and 3. */
  function written(): number[] {
    const at = (t: e.Tensor): number[] => Array.from(e.read(t));
    const times = (w: number[], row: number[]): number[] =>
      Array.from({ length: w.length / row.length }, (_, i) =>
        row.reduce((s, v, j) => s + v * w[i * row.length + j], 0),
      );
    const dot = (a: number[], b: number[]): number => a.reduce((s, v, i) => s + v * b[i], 0);
    const p = Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, at(tensor)]));
    const rotated = (row: number[], t: number): number[] =>
      row.map((v, i) => {
        const pair = i % 4;
        const angle = t * 10_000 ** (-pair / 4);
        return i < 4
          ? v * Math.cos(angle) - row[i + 4] * Math.sin(angle)
          : v * Math.cos(angle) + row[i - 4] * Math.sin(angle);
      });
    const lambda = Math.exp(dot(p.lambdaQ1, p.lambdaK1)) - Math.exp(dot(p.lambdaQ2, p.lambdaK2)) + 0.4;
    const groups = [
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ];
    const values = at(x);
    return [0, 1].flatMap((b) => {
      const rows = Array.from({ length: 9 }, (_, t) => values.slice((b * 9 + t) * D, (b * 9 + t + 1) * D));
      const project = (w: number[], head: number): number[][] =>
        rows.map((row) => times(w, row).slice(8 * head, 8 * head + 8));
      const mixed = [0, 1, 2, 3].map((head) => {
        const [q, k] = [project(p.q, head), project(p.k, head >> 1)].map((of) => of.map(rotated));
        const v = project(p.v, head >> 1);
        return q.map((query, t) => {
          const maps = groups.map((group) => {
            const scores = k.slice(0, t + 1).map(
              (key) =>
                dot(
                  group.map((i) => query[i]),
                  group.map((i) => key[i]),
                ) / 2,
            );
            const total = scores.reduce((s, score) => s + Math.exp(score), 0);
            return scores.map((score) => Math.exp(score) / total);
          });
          const o = Array.from({ length: 8 }, (_, i) =>
            maps[0].reduce((s, weight, j) => s + (weight - lambda * maps[1][j]) * v[j][i], 0),
          );
          const scale = 0.6 / Math.sqrt(dot(o, o) / 8 + 1e-5);
          return o.map((value, i) => value * scale * p.subNormGain[i]);
        });
      });
      return rows.flatMap((_, t) =>
        times(
          p.o,
          mixed.flatMap((head) => head[t]),
        ),
      );
    });
  }

  it("subtracts the map of every second rotary pair from the map of the others", () => {
    close(e.read(differentialV1(params, x, spec)), written(), 1e-5);
  });

  it.each(["half", "interleaved"] as const)("groups see distances, not positions (%s)", (layout) => {
    const [query, key] = [draw("query", 1, 1, 1, 8), draw("key", 1, 1, 1, 8)];
    const groupsAt = (vector: e.Tensor, position: number): e.Tensor => {
      const table = ropeAt(ropeTable(heads.rope, 8, 40), e.tensor(Int32Array.of(position)));
      return pairings.withinHead.apart(rotate(vector, table, layout), layout);
    };
    const scores = (shift: number): e.Values =>
      e.read(e.sum(e.mul(groupsAt(query, 9 + shift), groupsAt(key, 2 + shift)), { axis: -1 }));
    close(scores(25), scores(0), 1e-6);
    expect(scores(0)).toHaveLength(2);
    expect(e.item(e.sum(e.mul(query, key)))).not.toBeCloseTo(e.item(e.sum(e.tensor(scores(0)))), 3);
  });
});

describe("where λ is 0 it is attention", () => {
  const expected = () => e.read(attention(projections, x, heads));
  const zero = { lambdaQ1: e.zeros([8]), lambdaK1: draw("k1", 8), lambdaQ2: e.zeros([8]), lambdaK2: draw("k2", 8) };

  it("without a sub-norm", () => {
    const spec: DifferentialV1Spec = { ...heads, split: "halvedHeads", output: "residual", lambdaInit: 0 };
    close(e.read(differentialV1({ ...projections, ...zero }, x, spec)), expected(), 1e-6);
  });

  it("in the second version, whatever the other queries are", () => {
    const [own, other] = [e.reshape(projections.q, [4, 1, 8, D]), draw("other", 4, 1, 8, D)];
    const params = {
      ...projections,
      q: e.reshape(e.concat([own, other], 1), [64, D]),
      lambda: e.zeros([4, D]),
      lambdaBias: e.full([4], -100),
    };
    close(e.read(differentialV2(params, x, { ...heads, lambdaBias: true })), expected(), 1e-6);
  });
});

it("λ_init grows with depth as published", () => {
  const published = { 0: 0.2, 1: 0.3555, 5: 0.6661, 10: 0.7701, 21: 0.7989 };
  for (const [depth, value] of Object.entries(published)) expect(lambdaInitAt(Number(depth))).toBeCloseTo(value, 4);
});
