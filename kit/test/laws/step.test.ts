/** A whole training step of a small model, compiled and eager, in float32 and with bf16 products. */
import { beforeAll, describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close } from "../../engine/testing/compare.js";
import { trace } from "../../engine/trace.js";
import { batch, deltaNet, init, llama, type Model, type ModelConfig, type ModelParams } from "../../model/index.js";
import { nextTokenLoss, type StepOptions, trainingStart, trainingStep, whole } from "../../train/index.js";

const dials = { vocab: 61, width: 24, heads: 4, kvHeads: 2, hidden: 40, context: 32 };
const backends = ["graph", "xla"] as const;

function rows(shift: number): e.Tensor {
  return batch([0, 1].map((row) => Array.from({ length: 12 }, (_, t) => (t * t * 7 + row * 5 + shift) % 61)));
}

/** Weights large enough that the gradients of all of them count. */
function lively(tied: boolean, ropeLayout: "half" | "interleaved"): Model<e.Tensor> {
  const model = init(llama({ ...dials, depth: 2, tied, ropeLayout }), 4);
  const params = e.tree.map<e.Tensor, e.Tensor, ModelParams<e.Tensor>>(model.params, (leaf, path) =>
    path.endsWith("gain") ? leaf : e.mul(leaf, 6),
  );
  return { ...model, params: params as ModelParams<e.Tensor> };
}

describe.each([
  [false, "half"],
  [true, "interleaved"],
] as const)("a two-layer Llama, tied: %s, rotary layout: %s", (tied, layout) => {
  const model = lively(tied, layout);
  const { config } = model;

  it.each(backends)("has the same loss and gradients compiled (%s)", (backend) => {
    const fn = (params: ModelParams<e.Tensor>, inputs: e.Tensor, targets: e.Tensor) =>
      e.valueAndGradient((p) => nextTokenLoss({ config, params: p }, inputs, targets), params);
    const eager = fn(model.params, rows(0), rows(1));
    const compiled = e.compile(fn, { backend })(model.params, rows(0), rows(1));
    close(e.read(compiled.value), e.read(eager.value), 1e-5);
    const expected = e.tree.leaves<e.Tensor>(eager.gradients);
    for (const [i, [path, gradient]] of e.tree.entries<e.Tensor>(compiled.gradients).entries()) {
      const values = e.read(expected[i]);
      const largest = Math.max(...values.map(Math.abs));
      expect([path, largest > 1e-4]).toEqual([path, true]);
      const relative = (x: e.Tensor) => [...e.read(x)].map((v) => v / largest);
      close(relative(gradient), relative(expected[i]), 1e-5);
    }
  });
});

it.each(backends)("a two-layer Llama takes the same AdamW steps compiled (%s)", (backend) => {
  // Adam divides by the root of the mean square: with a small eps the rounding of an almost zero gradient counts in full.
  const model = lively(false, "half");
  const step = trainingStep(whole(model), { optimiser: { eps: 1e-3 } });
  const train = (stepped: typeof step) => {
    let state = trainingStart(whole(model));
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) {
      state = e.carry(state, (current) => {
        const {
          state: next,
          loss,
          norm,
        } = stepped(current, rows(i), rows(i + 1), {
          learningRate: e.scalar(0.01 / (i + 1)),
          weightDecay: e.scalar(0.1),
        });
        losses.push(e.item(loss), e.item(norm));
        return next;
      });
    }
    return { losses, leaves: e.tree.leaves<e.Tensor>(state).map((leaf) => e.read(leaf)) };
  };
  const [eager, compiled] = [train(step), train(e.compile(step, { backend }))];
  close(compiled.losses, eager.losses, 1e-5);
  for (const [i, leaf] of compiled.leaves.entries()) close(leaf, eager.leaves[i], 1e-5);
});

const ternaryNet: ModelConfig = deltaNet({
  ...{ vocab: 61, width: 32, depth: 2, hidden: 48, heads: 2, keyDim: 8, valueDim: 16, context: 32, chunk: 8 },
  linear: { kind: "ternary", scale: "per-tensor", norm: "block" },
});

/** Losses of the first steps of a ternary Gated DeltaNet. */
function lossesOf(compiling: e.CompileOptions, options?: StepOptions): number[] {
  const part = whole(init(ternaryNet, 4));
  const step = e.compile(trainingStep(part, options), compiling);
  let state = trainingStart(part);
  return Array.from({ length: 6 }, (_, i) => {
    let loss = 0;
    state = e.carry(state, (current) => {
      const rates = { learningRate: e.scalar(0.002), weightDecay: e.scalar(0.1) };
      const stepped = step(current, rows(i), rows(i + 1), rates);
      loss = e.item(stepped.loss);
      return stepped.state;
    });
    return loss;
  });
}

describe.each(backends)("a ternary Gated DeltaNet (%s)", (backend) => {
  let exact: number[];
  beforeAll(() => {
    exact = lossesOf({ backend });
  }, 60_000);

  it("keeps its losses within 0.002 nats with bf16 products", () => {
    const rounded = lossesOf({ backend, matmul: "bf16" });
    expect(exact[5]).toBeLessThan(exact[0] - 0.05);
    expect(rounded).not.toEqual(exact);
    for (const [i, loss] of rounded.entries()) expect(Math.abs(loss - exact[i])).toBeLessThan(2e-3);
  });

  it("takes the same steps when its layers are computed again", () => {
    close(lossesOf({ backend }, { recompute: true }), exact, 1e-5);
  });
});

it("tracing a step of 7,000 operations takes at most 1.5 s", () => {
  const config = llama({ ...dials, depth: 19 });
  const part = whole(init(config, 1));
  const step = trainingStep(part);
  const args: Parameters<typeof step> = [
    trainingStart(part),
    rows(0),
    rows(1),
    { learningRate: e.scalar(0.01), weightDecay: e.scalar(0.1) },
  ];
  const times = [0, 1, 2].map((i) => {
    // Of the processor, not of the clock: other tests run beside this one.
    const start = process.cpuUsage();
    const operations = trace("step", step, args, (traced) => {
      traced.register(`law_of_tracing_${i}`, false);
      return traced.operations;
    });
    expect(operations).toBeGreaterThanOrEqual(7000);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  expect(Math.min(...times)).toBeLessThanOrEqual(1500);
});
