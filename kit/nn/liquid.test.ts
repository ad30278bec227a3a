/** Pools, adaptive norms, token mixing and squeeze-and-excitation against their definitions, in float64 JavaScript. */
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  adaptiveRmsNorm,
  type Clock,
  type PoolSpec,
  pool,
  poolPrefill,
  poolStart,
  poolStep,
  rmsNorm,
  squeezeExcite,
  tokenMixing,
  tokenMixingPrefill,
  tokenMixingStart,
  tokenMixingStep,
} from "./index.js";
import { runningMean } from "./pool.js";

const draw = (name: string, ...shape: number[]): e.Tensor =>
  e.random.normal(e.random.fold(e.random.key(9), name), shape);
const D = 4;

/** Rows of each sequence of `[B, T, D]`. */
function sequences(x: e.Tensor): number[][][] {
  const [B, T, width] = x.shape;
  const values = Array.from(e.read(x));
  const row = (b: number, t: number): number[] => values.slice((b * T + t) * width, (b * T + t + 1) * width);
  return Array.from({ length: B }, (_, b) => Array.from({ length: T }, (_, t) => row(b, t)));
}

/** The definition of a decaying mean. */
function meansOf(rows: readonly number[][], decay: number): number[][] {
  return rows.map((_, t) => {
    const weights = rows.slice(0, t + 1).map((_, j) => decay ** (t - j));
    const total = weights.reduce((a, b) => a + b);
    return rows[0].map((_, d) => weights.reduce((sum, weight, j) => sum + weight * rows[j][d], 0) / total);
  });
}

const times = (weight: e.Tensor, row: readonly number[]): number[] =>
  Array.from({ length: weight.shape[0] }, (_, i) =>
    row.reduce((sum, v, j) => sum + v * e.read(weight)[i * row.length + j], 0),
  );

describe.each([1, 0.9, 0.3])("a running mean, decay %f", (decay) => {
  it.each([1, 31, 32, 33, 64, 65, 130])("over %i tokens is its definition, values and gradients", (T) => {
    e.scope(() => {
      const x = draw(`x${T}`, 2, T, D);
      close(
        e.read(runningMean(x, decay)),
        sequences(x).flatMap((rows) => meansOf(rows, decay).flat()),
        1e-6,
      );
      const weight = draw("weight", 2, T, D);
      const { gradients } = e.valueAndGradient((of: e.Tensor) => e.sum(e.mul(runningMean(of, decay), weight)), x);
      const [weights, total] = [
        sequences(weight),
        (t: number) =>
          meansOf(
            [...Array(t + 1)].map(() => [1]),
            decay,
          ),
      ];
      const norm = (t: number): number =>
        Array.from({ length: t + 1 }, (_, j) => decay ** j).reduce((a, b) => a + b) * total(0)[0][0];
      const expected = weights.flatMap((rows) =>
        rows.flatMap((row, j) =>
          row.map((_, d) => rows.slice(j).reduce((s, r, i) => s + (r[d] * decay ** i) / norm(j + i), 0)),
        ),
      );
      close(e.read(gradients), expected, 1e-6);
    });
  });
});

const pools: readonly PoolSpec[] = [{ kind: "prefix" }, { kind: "ema", decay: 0.8 }, { kind: "sequence" }];

describe.each(pools.map((spec) => [spec.kind, spec] as const))("the pool %s", (kind, spec) => {
  const decay = spec.kind === "ema" ? spec.decay : 1;

  it("leaves behind a padded prompt what its tokens leave, and goes on from there", () => {
    const x = draw("x", 2, 9, D);
    const lengths = [2, 6];
    const clock: Clock = { past: e.tensor(Int32Array.from(lengths)), recent: e.scalar(0, "int32") };
    const expected = sequences(x).map((rows) => meansOf(rows, decay));
    const { y, state } = poolPrefill(x, clock, spec);
    close(
      e.read(state.mean),
      lengths.flatMap((length, b) => expected[b][length - 1]),
      1e-6,
    );
    if (kind === "sequence") expect([...e.read(y)]).toEqual([...e.read(state.mean)]);
    else close(e.read(y), expected.flat(2), 1e-6);
    let now = { state, y };
    for (let n = 0; n < 3; n++) {
      const next = e.concat(lengths.map((length, b) => e.slice(x, [b, length + n, 0], [1, 1, D])));
      now = poolStep(next, now.state, { ...clock, recent: e.scalar(n, "int32") }, spec);
      close(
        e.read(now.y),
        lengths.flatMap((length, b) => expected[b][length + n]),
        1e-6,
      );
    }
  });

  it("begins with nothing", () => {
    const clock = { past: e.tensor(Int32Array.of(0)), recent: e.scalar(0, "int32") };
    const first = draw("first", 1, 1, D);
    close(e.read(poolStep(first, poolStart(1, D), clock, spec).y), e.read(first), 1e-6);
  });
});

it.each([0.9, 0.999, 0.9999])("a decay of %d weighs a token to rounding, at any place", (decay) => {
  for (const past of [0, 1, 9, 99, 9999]) {
    const clock = { past: e.tensor(Int32Array.of(past)), recent: e.scalar(0, "int32") };
    // After zeros alone, the mean of a one is its share of the weight.
    const { y } = poolStep(e.full([1, 1, 1], 1), poolStart(1, 1), clock, { kind: "ema", decay });
    const weight = Array.from({ length: past + 1 }, (_, j) => decay ** j).reduce((a, b) => a + b);
    expect(Math.abs(e.item(y) * weight - 1)).toBeLessThan(1e-6);
  }
});

it("the pool sequence is the mean of all tokens, one for all", () => {
  const x = draw("x", 2, 5, D);
  const y = pool(x, { kind: "sequence" });
  expect(y.shape).toEqual([2, 1, D]);
  close(
    e.read(y),
    sequences(x).flatMap((rows) => meansOf(rows, 1)[4]),
    1e-6,
  );
});

describe("adaptiveRmsNorm", () => {
  const x = draw("x", 2, 5, D);
  const gain = draw("gain", D);
  const low = { gain, down: draw("down", 2, D), up: draw("up", D, 2) };
  const spec = { rank: 2, pool: { kind: "ema", decay: 0.7 } } as const;

  it("adds to its gain what the context says", () => {
    const gains = Array.from(e.read(gain));
    const expected = sequences(x).flatMap((rows) => {
      const unit = rows.map((row) => row.map((v) => v / Math.sqrt(row.reduce((s, u) => s + u * u, 0) / D + 1e-3)));
      const contexts = meansOf(unit, 0.7);
      return unit.flatMap((row, t) => {
        const more = times(low.up, times(low.down, contexts[t]));
        return row.map((v, d) => v * (gains[d] + more[d]));
      });
    });
    close(e.read(adaptiveRmsNorm(low, x, spec, 1e-3)), expected, 1e-6);
  });

  it("with all of its matrix is the product of two", () => {
    const matrix = e.matmul(low.up, low.down);
    const full = adaptiveRmsNorm({ gain, matrix }, x, { ...spec, rank: "full" }, 1e-3);
    close(e.read(full), e.read(adaptiveRmsNorm(low, x, spec, 1e-3)), 1e-6);
  });

  it("does not depend on the size of its input", () => {
    const larger = adaptiveRmsNorm(low, e.mul(x, 64), spec, 0);
    close(e.read(larger), e.read(adaptiveRmsNorm(low, x, spec, 0)), 1e-6);
  });

  it("begins as rmsNorm, to the last bit", () => {
    const still = { gain, down: low.down, up: e.zeros([D, 2]) };
    expect(e.read(adaptiveRmsNorm(still, x, spec, 1e-5))).toEqual(e.read(rmsNorm({ gain }, x, 1e-5)));
  });
});

describe("tokenMixing", () => {
  const x = draw("x", 1, 6, D);
  const params = { kernel: draw("kernel", 3, D), bias: draw("bias", D) };

  it("adds each channel's convolution of its last tokens", () => {
    const [kernel, bias] = [e.read(params.kernel), e.read(params.bias)];
    const [rows] = sequences(x);
    const expected = rows.flatMap((row, t) =>
      row.map((v, d) => [0, 1, 2].reduce((s, j) => s + kernel[j * D + d] * (rows[t - 2 + j]?.[d] ?? 0), v + bias[d])),
    );
    close(e.read(tokenMixing(params, x)), expected, 1e-6);
    const plain = tokenMixing({ kernel: e.zeros([3, D]) }, x);
    expect(e.read(plain)).toEqual(e.read(x));
  });

  it("gives the same token by token", () => {
    const whole = tokenMixing(params, x);
    const clock = { past: e.tensor(Int32Array.of(2)), recent: e.scalar(0, "int32") };
    let { state } = tokenMixingPrefill(params, e.narrow(x, 1, 0, 4), clock, { kernel: 3 });
    expect(tokenMixingStart({ kernel: 3 }, 1, D).tail.shape).toEqual(state.tail.shape);
    for (let t = 2; t < 6; t++) {
      const stepped = tokenMixingStep(params, e.narrow(x, 1, t, 1), state);
      close(e.read(stepped.y), e.read(e.narrow(whole, 1, t, 1)), 1e-6);
      state = stepped.state;
    }
  });
});

describe("squeezeExcite", () => {
  const x = draw("x", 2, 5, D);
  const params = { down: draw("down", 3, D), up: draw("up", D, 3), downBias: draw("db", 3), upBias: draw("ub", D) };

  it.each([
    ["sigmoid", 1],
    ["doubleSigmoid", 2],
  ] as const)("lets through what the context says, gate %s", (gate, height) => {
    const [downBias, upBias] = [e.read(params.downBias), e.read(params.upBias)];
    const expected = sequences(x).flatMap((rows) =>
      meansOf(rows, 1).flatMap((context, t) => {
        const squeezed = times(params.down, context).map((v, i) => Math.max(0, v + downBias[i]));
        return times(params.up, squeezed).map((v, d) => (rows[t][d] * height) / (1 + Math.exp(-v - upBias[d])));
      }),
    );
    close(e.read(squeezeExcite(params, x, { hidden: 3, pool: { kind: "prefix" }, gate })), expected, 1e-6);
  });

  it("over the whole sequence is the original, and begins by letting all through", () => {
    const spec = { hidden: 3, pool: { kind: "sequence" }, gate: "doubleSigmoid" } as const;
    const gates = e.div(squeezeExcite(params, x, spec), x);
    close(e.read(e.narrow(gates, 1, 0, 1)), e.read(e.narrow(gates, 1, 4, 1)), 1e-5);
    const still = squeezeExcite({ down: params.down, up: e.zeros([D, 3]) }, x, spec);
    expect(e.read(still)).toEqual(e.read(x));
  });
});
