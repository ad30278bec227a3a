import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { mirror } from "../weights/testing/mirror.js";
import {
  type DeltaInputs,
  type DeltaOptions,
  type DeltaResult,
  type DeltaRule,
  type Documents,
  documentsOf,
  gatedDeltaRecurrent,
  gatedDeltaRule,
  unitLowerInverse,
  unitLowerSolve,
} from "./index.js";
import { reference, relativeError, type Stored, stored } from "./testing/reference.js";

type Case = Record<
  "q" | "k" | "v" | "g" | "beta" | "initial_state" | "o" | "final_state" | "do" | "dfinal_state",
  Stored
> & {
  name: string;
  rule: "fla" | "teeny";
  scale: number;
  grads: Record<"q" | "k" | "v" | "g" | "beta" | "initial_state", Stored>;
};

type Form = (inputs: DeltaInputs, options: DeltaOptions) => DeltaResult;
const forms: [string, Form][] = [
  ["recurrent", gatedDeltaRecurrent],
  ["chunked", (inputs, options) => gatedDeltaRule(inputs, { ...options, chunk: 64 })],
];

/** Value and gradients of `Σ o·do + Σ state·dstate`. */
function judge(form: Form, inputs: DeltaInputs, weights: DeltaResult, options: DeltaOptions) {
  return e.scope(() => {
    const result = form(inputs, options);
    const { gradients } = e.valueAndGradient((p) => {
      const { o, state } = form(p, options);
      return e.add(e.sum(e.mul(o, weights.o)), e.sum(e.mul(state, weights.state)));
    }, inputs);
    return { result, gradients };
  });
}

describe.skipIf(mirror === undefined)("the reference values of the gated delta rule", () => {
  const cases = ["gdn-fla-plain", "gdn-fla-edge", "gdn-teeny-plain", "gdn-teeny-edge"].flatMap(
    (name) => reference<{ cases: Case[] }>(`${name}.json`, { cases: [] }).cases,
  );

  it.each(cases.flatMap((one) => forms.map(([name, form]) => [one.name, name, one, form] as const)))(
    "%s, %s: values and gradients",
    (_, __, one, form) => {
      const inputs = {
        q: stored(one.q),
        k: stored(one.k),
        v: stored(one.v),
        logDecay: stored(one.g),
        beta: stored(one.beta),
        state: stored(one.initial_state),
      };
      const rule = one.rule === "fla" ? "paper" : "undecayed";
      const weights = { o: stored(one.do), state: stored(one.dfinal_state) };
      const { result, gradients } = judge(form, inputs, weights, { rule, scale: one.scale });
      const errors = {
        o: relativeError(result.o, one.o),
        finalState: relativeError(result.state, one.final_state),
        q: relativeError(gradients.q, one.grads.q),
        k: relativeError(gradients.k, one.grads.k),
        v: relativeError(gradients.v, one.grads.v),
        logDecay: relativeError(gradients.logDecay, one.grads.g),
        beta: relativeError(gradients.beta, one.grads.beta),
        state: relativeError(gradients.state, one.grads.initial_state),
      };
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-4);
    },
  );
});

type Draw = { T: number; H?: number; valueHeads?: number; beta?: number; decay?: number; equalKeys?: boolean };

/** Random tokens: β up to `beta`, decay down to `e^(−decay)`, queries and keys of unit length. */
function draw({ T, H = 2, valueHeads = H, beta = 1, decay = 1, equalKeys = false }: Draw): DeltaInputs {
  const [B, K, V] = [2, 5, 3];
  const from = (name: string): e.random.Key => e.random.fold(e.random.key(T), name);
  const unit = (x: e.Tensor): e.Tensor => e.mul(x, e.rsqrt(e.sum(e.square(x), { axis: -1, keep: true })));
  const k = e.random.normal(from("k"), [B, T, H, K]);
  return {
    q: unit(e.random.normal(from("q"), [B, T, H, K])),
    k: unit(equalKeys ? e.broadcastTo(e.narrow(k, 1, 0, 1), k.shape) : k),
    v: e.random.normal(from("v"), [B, T, valueHeads, V]),
    logDecay: e.mul(e.random.uniform(from("g"), [B, T, valueHeads]), -decay),
    beta: e.mul(e.random.uniform(from("beta"), [B, T, valueHeads]), beta),
    state: e.random.normal(from("state"), [B, valueHeads, K, V]),
  };
}

function compare(inputs: DeltaInputs, rule: DeltaRule, chunk: number, documents?: Documents): void {
  const [options, tolerance] = [{ rule, scale: 0.5, documents }, 1e-5];
  const weights = { o: e.ones(inputs.v.shape), state: e.ones(inputs.state.shape) };
  const slow = judge(gatedDeltaRecurrent, inputs, weights, options);
  const fast = judge((x, o) => gatedDeltaRule(x, { ...o, chunk }), inputs, weights, options);
  for (const name of ["o", "state"] as const) close(e.read(fast.result[name]), e.read(slow.result[name]), tolerance);
  for (const name of ["q", "k", "v", "logDecay", "beta", "state"] as const) {
    close(e.read(fast.gradients[name]), e.read(slow.gradients[name]), tolerance);
  }
}

describe.each(["paper", "undecayed"] as const)("chunked = recurrent, %s rule", (rule) => {
  it.each([1, 5, 63, 64, 65, 130])("T = %i", (T) => compare(draw({ T }), rule, 64));
  it("more value heads than key heads", () => compare(draw({ T: 21, H: 2, valueHeads: 6 }), rule, 8));
  it("β up to 2 and decay down to e⁻⁸", () => compare(draw({ T: 70, beta: 2, decay: 8 }), rule, 64));
  it("no decay", () => compare(draw({ T: 40, decay: 0 }), rule, 16));
  it("the same key 64 times", () => compare(draw({ T: 64, decay: 0, equalKeys: true }), rule, 64));
  it("chunks of an odd length", () => compare(draw({ T: 23 }), rule, 7));

  it.each([4, 7, 21])("documents of many lengths, chunks of %i", (chunk) => {
    const rows = [
      [3, 1, 9, 7, 1],
      [8, 8, 5],
    ].map((lengths) => lengths.flatMap((length, i) => Array<number>(length).fill(i)));
    const documents = documentsOf(e.tensor(Int32Array.from(rows.flat()), [2, 21]));
    compare(draw({ T: 21, valueHeads: 4 }), rule, chunk, documents);
  });

  it("equals decoding token by token", () => {
    const inputs = draw({ T: 9 });
    const whole = gatedDeltaRule(inputs, { rule, scale: 0.5, chunk: 4 });
    let { state } = inputs;
    const outputs = Array.from({ length: 9 }, (_, t) => {
      const { q, k, v, logDecay, beta } = e.tree.map<e.Tensor, e.Tensor, DeltaInputs>(inputs, (x) =>
        x === inputs.state ? x : e.narrow(x, 1, t, 1),
      );
      const step = gatedDeltaRecurrent({ q, k, v, logDecay, beta, state }, { rule, scale: 0.5 });
      state = step.state;
      return step.o;
    });
    close(e.read(e.concat(outputs, 1)), e.read(whole.o), 1e-5);
    close(e.read(state), e.read(whole.state), 1e-5);
  });

  it("a memory that forgets everything at once overflows nowhere", () => {
    const { result, gradients } = judge(
      (x, o) => gatedDeltaRule(x, { ...o, chunk: 64 }),
      draw({ T: 65, decay: 2000 }),
      { o: e.scalar(1), state: e.scalar(1) },
      { rule, scale: 1 },
    );
    e.assertFinite({ result, gradients }, "the chunked rule");
  });
});

it("the undecayed rule is the paper's with β·e^(−g) and v·e^g", () => {
  const inputs = draw({ T: 40 });
  const scale = { scale: 1, chunk: 16 };
  const shifted = {
    ...inputs,
    beta: e.mul(inputs.beta, e.exp(e.neg(inputs.logDecay))),
    v: e.mul(inputs.v, e.exp(e.reshape(inputs.logDecay, [2, 40, 2, 1]))),
  };
  const undecayed = gatedDeltaRule(inputs, { ...scale, rule: "undecayed" });
  close(e.read(undecayed.o), e.read(gatedDeltaRule(shifted, { ...scale, rule: "paper" }).o), 1e-5);
});

it("β = 0 leaves the memory to decay", () => {
  const inputs = { ...draw({ T: 10 }), beta: e.zeros([2, 10, 2]) };
  const { state } = gatedDeltaRule(inputs, { rule: "paper", scale: 1, chunk: 4 });
  const decay = e.exp(e.sum(inputs.logDecay, { axis: 1 }));
  close(e.read(state), e.read(e.mul(inputs.state, e.reshape(decay, [2, 2, 1, 1]))), 1e-6);
});

it("refuses value heads that key heads cannot share, and shapes that do not fit", () => {
  const options = { rule: "paper", scale: 1, chunk: 4 } as const;
  expect(() => gatedDeltaRule(draw({ T: 4, H: 2, valueHeads: 3 }), options)).toThrow("3 value heads for 2 key heads");
  const inputs = draw({ T: 4 });
  expect(() => gatedDeltaRule({ ...inputs, beta: inputs.q }, options)).toThrow("the tensor has the shape");
});

describe("unitLowerInverse", () => {
  const lower = (size: number, value: (i: number, j: number) => number): e.Tensor =>
    e.tensor(
      Float32Array.from({ length: size * size }, (_, at) => {
        const [i, j] = [Math.floor(at / size), at % size];
        return i > j ? value(i, j) : 0;
      }),
      [size, size],
    );

  it.each([1, 2, 3, 7, 16, 17, 63, 64, 100])("times I + A is I, size %i", (size) => {
    const a = lower(size, (i, j) => Math.sin(3 * i + j));
    const product = e.matmul(unitLowerInverse(a), e.add(a, e.eye(size)));
    close(e.read(product), e.read(e.eye(size)), 1e-4);
  });

  it.each([3, 33])("solves as it does, and has the gradients of the inverse and the product, size %i", (size) => {
    const a = lower(size, (i, j) => Math.sin(3 * i + j) / 4);
    const y = e.random.normal(e.random.key(size), [size, 2]);
    const below = e.causalMask(size, size, -1);
    const judge = (fn: (a: e.Tensor, y: e.Tensor) => e.Tensor) =>
      e.valueAndGradient(([b, z]) => e.sum(e.square(fn(e.where(below, b, 0), z))), [a, y] as const);
    const expected = judge((b, z) => e.matmul(unitLowerInverse(b), z));
    const got = judge(unitLowerSolve);
    close(e.read(got.value), e.read(expected.value), 1e-5);
    for (const i of [0, 1] as const) close(e.read(got.gradients[i]), e.read(expected.gradients[i]), 1e-5);
  });

  it("keeps its digits where powers of A would grow to 10¹⁷", () => {
    const inverse = e.read(unitLowerInverse(lower(64, () => 1)));
    // Of equal keys each token takes back what the one before wrote: I − shift.
    close(
      inverse,
      e.read(
        e.sub(
          e.eye(64),
          lower(64, (i, j) => (i === j + 1 ? 1 : 0)),
        ),
      ),
      1e-6,
    );
  });
});

it.each(["graph", "xla"] as const)("gives the same values and gradients compiled (%s)", (backend) => {
  const inputs = draw({ T: 21, H: 1, valueHeads: 2 });
  const weights = { o: e.ones(inputs.v.shape), state: e.ones(inputs.state.shape) };
  for (const rule of ["paper", "undecayed"] as const) {
    const run = (x: DeltaInputs) =>
      judge((y, o) => gatedDeltaRule(y, { ...o, chunk: 8 }), x, weights, { rule, scale: 0.5 });
    const [eager, compiled] = [run(inputs), e.compile(run, { backend })(inputs)];
    const both = e.tree.leaves<e.Tensor>(compiled);
    for (const [i, x] of e.tree.leaves<e.Tensor>(eager).entries()) close(e.read(both[i]), e.read(x), 1e-5);
  }
});
