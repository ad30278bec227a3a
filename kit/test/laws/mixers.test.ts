/** What holds of every mixer of the registry, in a small model. */
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close, differences } from "../../engine/testing/compare.js";
import {
  batch,
  type DecodeState,
  grow,
  init,
  logits,
  type MixerSpec,
  type Model,
  type ModelConfig,
  type ModelParams,
  mixers,
  prefill,
  settle,
  step,
} from "../../model/index.js";
import { configOf, dense, linearExamples, mixerExamples } from "../../model/testing/examples.js";

const cases = Object.entries(mixerExamples).flatMap(([kind, specs]) =>
  Object.entries(specs).map(([name, spec]) => [`${kind}, ${name}`, spec as MixerSpec] as const),
);
const withLinears = cases.flatMap(([name, mixer]) =>
  Object.entries(linearExamples).map(([how, linear]) => [name, how, mixer, linear] as const),
);

/** Weights large enough that every part of the model counts. */
function lively(config: ModelConfig): Model<e.Tensor> {
  const { params } = init(config, 6);
  const larger = e.tree.map<e.Tensor, e.Tensor, ModelParams<e.Tensor>>(params, (leaf, path) =>
    /embed|mixer\.|mlp\./.test(path) && leaf.shape.length === 2 ? e.mul(leaf, 5) : leaf,
  );
  return { config, params: larger as ModelParams<e.Tensor> };
}

const tokens = (count: number, shift = 0): number[] =>
  Array.from({ length: count }, (_, t) => (t * t * 5 + shift) % 23);
const rows = (x: e.Tensor): number[][] => {
  const N = x.shape[x.shape.length - 1];
  const values = Array.from(e.read(x));
  return Array.from({ length: values.length / N }, (_, i) => values.slice(i * N, (i + 1) * N));
};

it("every kind of mixer has examples", () => {
  expect(Object.keys(mixerExamples)).toEqual(Object.keys(mixers));
});

describe.each(withLinears)("%s, %s", (_, __, mixer, linear) => {
  const model = lively(configOf(mixer, linear));
  const { config } = model;

  it("sees no future: the next tokens change nothing, to the last bit", () => {
    const ids = tokens(21);
    const scores = (changed: readonly number[]): number[][] => e.scope(() => rows(logits(model, batch([changed]))));
    const before = scores(ids);
    for (const t of [0, 7, 8, 15, 19]) {
      const after = scores([...ids.slice(0, t + 1), ...ids.slice(t + 1).map((id) => (id + 1) % 23)]);
      expect(after.slice(0, t + 1)).toEqual(before.slice(0, t + 1));
      expect(after[t + 1]).not.toEqual(before[t + 1]);
    }
  });

  it("decodes what it computes of a whole sequence, behind a padded prompt", () => {
    e.scope(() => {
      const whole = [tokens(20), tokens(20, 3)].map((ids) => rows(logits(model, batch([ids]))));
      const lengths = [1, 9];
      const padded = batch(
        [tokens(20), tokens(20, 3)].map((ids, b) => [...ids.slice(0, lengths[b]), ...tokens(9, 11)].slice(0, 9)),
      );
      const room = { capacity: 16, recent: 4 };
      let { logits: scores, state } = prefill(model, padded, e.tensor(Int32Array.from(lengths)), room);
      for (let n = 0; n < 10; n++) {
        close(
          rows(scores).flat(),
          lengths.flatMap((length, b) => whole[b][length + n - 1]),
          1e-5,
        );
        const next = lengths.map((length, b) => tokens(20, 3 * b)[length + n]);
        if (n > 0 && n % 4 === 0) state = upkeep(config, state);
        ({ logits: scores, state } = step(model, e.tensor(Int32Array.from(next)), state));
      }
    });
  });

  it("leaks no tensor", () => {
    const ids = batch([tokens(9)]);
    const before = e.liveTensors();
    e.free(logits(model, ids));
    e.scope(() => {
      e.valueAndGradient((params) => e.sum(logits({ config, params }, ids)), model.params);
    });
    expect(e.liveTensors()).toBe(before);
  });
});

/** Settles the caches, and makes them larger. */
function upkeep(config: ModelConfig, state: DecodeState): DecodeState {
  return grow(config, settle(config, state), 32);
}

describe.each(cases)("%s", (name, mixer) => {
  // XLA compiles for seconds: one example of each kind.
  const first = Object.values(mixerExamples[mixer.kind])[0] === mixer;

  it.each(first ? (["graph", "xla"] as const) : (["graph"] as const))(
    "gives the same values and gradients compiled (%s)",
    (backend) => {
      const { config, params } = lively(configOf(mixer, dense, 1));
      const loss = (p: ModelParams<e.Tensor>, ids: e.Tensor) =>
        e.valueAndGradient((q) => e.mean(e.square(logits({ config, params: q }, ids))), p);
      const ids = batch([tokens(13)]);
      const [eager, compiled] = [loss(params, ids), e.compile(loss, { backend, name })(params, ids)];
      close(e.read(compiled.value), e.read(eager.value), 1e-5);
      const expected = e.tree.leaves<e.Tensor>(eager.gradients);
      for (const [i, gradient] of e.tree.leaves<e.Tensor>(compiled.gradients).entries()) {
        close(e.read(gradient), e.read(expected[i]), 1e-5);
      }
    },
  );

  it("has the gradient that finite differences give, along a random direction for each parameter", () => {
    const { config, params } = lively(configOf(mixer, dense, 1));
    const ids = batch([tokens(10)]);
    const directions = e.tree.entries<e.Tensor>(params).map(([path, leaf]) => {
      const direction = e.random.normal(e.random.fold(e.random.key(2), path), leaf.shape);
      return e.mul(direction, e.rsqrt(e.sum(e.square(direction))));
    });
    const along = (...steps: e.Tensor[]): e.Tensor => {
      let next = 0;
      const moved = e.tree.map<e.Tensor, e.Tensor, ModelParams<e.Tensor>>(params, (leaf) => {
        const i = next++;
        return e.add(leaf, e.mul(directions[i], steps[i]));
      });
      return e.mean(e.square(logits({ config, params: moved as ModelParams<e.Tensor> }, ids)));
    };
    const { analytic, numeric } = differences(
      along,
      directions.map(() => e.scalar(0)),
    );
    const largest = Math.max(...numeric.map(([slope]) => Math.abs(slope)));
    close(
      analytic.map(([slope]) => slope / largest),
      numeric.map(([slope]) => slope / largest),
      2e-3,
    );
  });
});

it("Gated DeltaNet and gated convolutions remember in one size, attention does not", () => {
  const bytes = (mixer: MixerSpec, capacity: number): number =>
    e.scope(() => {
      const entry = mixers[mixer.kind] as (typeof mixers)["attention"];
      const room = { batch: 1, width: 12, capacity, recent: 4 };
      const state = entry.start(mixer as Extract<MixerSpec, { kind: "attention" }>, room);
      return e.tree.leaves<e.Tensor>(state).reduce((sum, x) => sum + 4 * x.size, 0);
    });
  for (const [, mixer] of cases) {
    const grows = bytes(mixer, 10_000) > bytes(mixer, 10);
    expect([mixer.kind, grows]).toEqual([mixer.kind, mixer.kind === "attention"]);
  }
});
