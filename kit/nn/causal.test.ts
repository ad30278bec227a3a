import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { mixCausally } from "./causal.js";

type Heads = Parameters<typeof mixCausally>[0];

/** The definition: every query meets every key, and what it must not see gets no weight. */
function reference({ queries, keys, values }: Heads): e.Tensor {
  const group = queries.shape[1] / keys.shape[1];
  const repeated = (x: e.Tensor): e.Tensor =>
    e.concat(
      Array.from({ length: queries.shape[1] }, (_, head) => e.narrow(x, 1, Math.floor(head / group), 1)),
      1,
    );
  const scores = e.matmul(queries, repeated(keys), { right: true });
  return e.matmul(e.softmax(e.where(e.causalMask(queries.shape[2]), scores, -1e30)), repeated(values));
}

function heads(T: number): Heads {
  const draw = (seed: number, count: number): e.Tensor => e.random.normal(e.random.key(seed), [2, count, T, 8]);
  return { queries: draw(1, 6), keys: draw(2, 2), values: draw(3, 2) };
}

describe.each([1, 5, 63, 64, 65, 130, 257])("mixCausally over %i tokens", (T) => {
  it("is the definition, values and gradients", () => {
    e.scope(() => {
      const input = heads(T);
      const weight = e.random.normal(e.random.key(4), input.queries.shape);
      const of = (mix: (heads: Heads) => e.Tensor) =>
        e.valueAndGradient((h: Heads) => e.sum(e.mul(mix(h), weight)), input).gradients;
      close(e.read(mixCausally(input, 64)), e.read(reference(input)), 1e-5);
      const [ours, theirs] = [of((h) => mixCausally(h, 64)), of(reference)];
      for (const name of ["queries", "keys", "values"] as const) close(e.read(ours[name]), e.read(theirs[name]), 1e-5);
    });
  });
});

it("never lets a row see what comes after it, whatever stands there", () => {
  e.scope(() => {
    const { queries, keys, values } = heads(130);
    const poisoned = (x: e.Tensor): e.Tensor =>
      e.concat([e.narrow(x, 2, 0, 70), e.full([2, x.shape[1], 60, 8], 1e6)], 2);
    const clean = e.read(e.narrow(mixCausally({ queries, keys, values }, 64), 2, 0, 70));
    const mixed = mixCausally({ queries, keys: poisoned(keys), values: poisoned(values) }, 64);
    expect(e.read(e.narrow(mixed, 2, 0, 70))).toEqual(clean);
  });
});
