import { describe, expect, it } from "vitest";
import * as e from "./index.js";
import { close } from "./testing/compare.js";

type Params = { readonly w: e.Tensor; readonly layers: readonly { readonly gain: e.Tensor }[] };
type Layer = (inputs: { readonly w: e.Tensor; readonly gain: e.Tensor; readonly x: e.Tensor }) => e.Tensor;

const draw = (name: string, shape: readonly number[]): e.Tensor =>
  e.random.normal(e.random.fold(e.random.key(5), name), shape);
const params: Params = {
  w: draw("w", [6, 6]),
  layers: ["a", "b", "c"].map((name) => ({ gain: draw(name, [6]) })),
};
const x = draw("x", [4, 6]);

const layer: Layer = ({ w, gain, x }) => e.add(x, e.mul(e.tanh(e.matmul(e.silu(x), w)), gain));
const kept: Layer = (inputs) => layer(inputs);
const again: Layer = (inputs) => e.recompute(layer, inputs);

/** Three layers that share a matrix. */
function loss(one: Layer, { w, layers }: Params): e.Tensor {
  return e.mean(e.square(layers.reduce((y, { gain }) => one({ w, gain, x: y }), x)));
}

function same(got: unknown, expected: unknown, tolerance: number): void {
  const values = e.tree.leaves<e.Tensor>(expected);
  for (const [i, tensor] of e.tree.leaves<e.Tensor>(got).entries()) close(e.read(tensor), e.read(values[i]), tolerance);
}

describe.each(["eager", "graph", "xla"] as const)("recompute (%s)", (backend) => {
  const compiled = <P>(fn: (p: P) => unknown, p: P): unknown => e.compile(fn, { backend })(p);

  it("has the values and gradients of what it computes again", () => {
    const judge = (one: Layer) => (p: Params) => e.valueAndGradient((q) => loss(one, q), p);
    same(compiled(judge(again), params), compiled(judge(kept), params), 1e-6);
  });

  it("may be nested, and differentiated twice", () => {
    const pair = (one: Layer): Layer => {
      const twice: Layer = (inputs) => one({ ...inputs, x: one(inputs) });
      return (inputs) => e.recompute(twice, inputs);
    };
    const second = (one: Layer) => (p: Params) =>
      e.valueAndGradient((q) => {
        const { value, gradients } = e.valueAndGradient((r) => loss(one, r), q);
        return e.add(value, e.sum(e.square(gradients.w)));
      }, p);
    same(
      compiled(second(pair(again)), params),
      compiled(
        second((i) => kept({ ...i, x: kept(i) })),
        params,
      ),
      1e-5,
    );
  });

  it("takes indices, from which no gradient comes", () => {
    const ids = e.tensor(Int32Array.of(2, 0, 2));
    const rows = ({ table, at }: { table: e.Tensor; at: e.Tensor }): e.Tensor => e.square(e.gather(table, at));
    const judge = (one: typeof rows) => (table: e.Tensor) =>
      e.valueAndGradient((t) => e.sum(one({ table: t, at: ids })), table);
    same(
      compiled(
        judge((inputs) => e.recompute(rows, inputs)),
        x,
      ),
      compiled(judge(rows), x),
      1e-6,
    );
  });
});

it("keeps less for the gradient, and leaves nothing behind", () => {
  const before = e.liveTensors();
  const during: number[] = [];
  for (const one of [kept, again]) {
    const result = e.valueAndGradient((p) => {
      const value = loss(one, p);
      during.push(e.liveTensors() - before);
      return value;
    }, params);
    e.free(result);
    expect(e.liveTensors()).toBe(before);
  }
  expect(during[1]).toBeLessThan(during[0] - 5);
});

it("may return an input as it is", () => {
  const { gradients } = e.valueAndGradient((y) => e.sum(e.square(e.recompute(({ z }) => z, { z: y }))), x);
  close(e.read(gradients), e.read(e.mul(x, 2)), 1e-6);
});

it("takes what is not a tensor as it is", () => {
  const scaled = (of: e.Tensor) => e.sum(e.recompute(({ y, factor }) => e.mul(y, factor), { y: of, factor: 3 }));
  close(e.read(e.valueAndGradient(scaled, x).gradients), e.read(e.full(x.shape, 3)), 0);
});
