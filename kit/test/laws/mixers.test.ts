/** What holds of every mixer of the registry, and of every other part a layer may have, in a small model. */
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close, differences } from "../../engine/testing/compare.js";
import {
  batch,
  begin,
  type DecodeState,
  fork,
  goOn,
  grow,
  head,
  join,
  leaks,
  logits,
  type MixerSpec,
  type ModelConfig,
  type ModelParams,
  mixers,
  prefill,
  settle,
  step,
} from "../../model/index.js";
import { configOf, dense, leakyExamples, lively, mixerExamples } from "../../model/testing/examples.js";
import { cases, mixerCases, rows, tokens, withLinears } from "./models.js";

it("every kind of mixer has examples", () => {
  expect(Object.keys(mixerExamples)).toEqual(Object.keys(mixers));
});

describe.each(withLinears)("%s, %s", (_, __, config) => {
  const model = lively(config);

  it("sees no future: the next tokens change nothing, to the last bit", () => {
    expect(leaks(config)).toEqual([]);
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

  it("reads several tokens at once as one after the other", () => {
    e.scope(() => {
      const whole = [tokens(20), tokens(20, 3)].map((ids) => rows(logits(model, batch([ids]))));
      const lengths = [1, 9];
      const ids = (b: number, from: number, to: number) => tokens(20, 3 * b).slice(from, to);
      const begun = lengths.map((length, b) => {
        const prompt = batch([[...ids(b, 0, length), ...tokens(9, 11)].slice(0, 9)]);
        const { x, state } = begin(model, prompt, e.tensor(Int32Array.of(length)), { capacity: 16, recent: 1 });
        close(rows(head(model, x)).slice(0, length).flat(), whole[b].slice(0, length).flat(), 1e-5);
        return state;
      });
      let state = grow(config, join(begun), { capacity: 16, recent: 8 });
      let read = 0;
      for (const count of [3, 1, 4]) {
        const next = batch(lengths.map((length, b) => ids(b, length + read, length + read + count)));
        const after = goOn(model, next, state);
        const found = head(model, after.x);
        const right = lengths.flatMap((length, b) => whole[b].slice(length + read, length + read + count));
        close(Array.from(e.read(found)), right.flat(), 1e-5);
        state = after.state;
        read += count;
      }
    });
  });

  it("goes on from one beginning in several ways, each as if it were alone", () => {
    e.scope(() => {
      const lengths = [5, 9];
      const trunks = lengths.map((length, b) => tokens(length, 3 * b));
      const padded = batch(trunks.map((ids) => [...ids, ...tokens(9, 11)].slice(0, 9)));
      const { state } = begin(model, padded, e.tensor(Int32Array.from(lengths)), { capacity: 9, recent: 1 });
      const from = [1, 0, 1, 1];
      const ends = from.map((_, i) => tokens(4, 7 * i + 1));
      const forked = grow(config, fork(state, e.tensor(Int32Array.from(from))), { recent: 4 });
      const found = rows(head(model, goOn(model, batch(ends), forked).x));
      for (const [i, trunk] of from.entries()) {
        const alone = rows(logits(model, batch([[...trunks[trunk], ...ends[i]]])));
        close(found.slice(4 * i, 4 * i + 4).flat(), alone.slice(lengths[trunk]).flat(), 1e-5);
      }
      // What they go on from is left as it was.
      const again = goOn(model, batch([0, 1].map((i) => ends[i].slice(0, 1))), state);
      const alone = trunks.map((ids, i) => rows(logits(model, batch([[...ids, ends[i][0]]]))).at(-1)!);
      close(rows(head(model, again.x)).flat(), alone.flat(), 1e-5);
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
  return grow(config, settle(config, state), { capacity: 32, recent: 4 });
}

/** XLA compiles for seconds: one example of each kind, and one of everything beside them. */
const underXla = new Set([
  ...Object.entries(mixerExamples).map(([kind, specs]) => `${kind}, ${Object.keys(specs)[0]}`),
  "everything, with biases",
]);

describe.each(cases)("%s", (name, around) => {
  const first = underXla.has(name);

  it.each(first ? (["graph", "xla"] as const) : (["graph"] as const))(
    "gives the same values and gradients compiled (%s)",
    (backend) => {
      const { config, params } = lively(around(dense, 1));
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

  const recurrent = name.startsWith("gatedDeltaNet") && first;
  it.each(recurrent ? (["graph", "xla"] as const) : (["graph"] as const))(
    "gives the same values and gradients of documents compiled (%s)",
    (backend) => {
      const { config, params } = lively(around(dense, 1));
      const loss = (p: ModelParams<e.Tensor>, ids: e.Tensor, segments: e.Tensor) =>
        e.valueAndGradient((q) => e.mean(e.square(logits({ config, params: q }, ids, { segments }))), p);
      const given = [batch([tokens(13)]), batch([[0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 3]])] as const;
      const [eager, compiled] = [loss(params, ...given), e.compile(loss, { backend, name })(params, ...given)];
      close(e.read(compiled.value), e.read(eager.value), 1e-5);
      const expected = e.tree.leaves<e.Tensor>(eager.gradients);
      for (const [i, gradient] of e.tree.leaves<e.Tensor>(compiled.gradients).entries()) {
        close(e.read(gradient), e.read(expected[i]), 1e-5);
      }
    },
  );

  it("has the gradient that finite differences give, along a random direction for each parameter", () => {
    const { config, params } = lively(around(dense, 1));
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

describe.each(Object.entries(leakyExamples))("over the whole text, %s", (_, besides) => {
  it("sees the future, and says so", () => {
    const config = configOf(mixerExamples.attention.grouped, dense, 2, 12, besides);
    const model = lively(config);
    const part = "squeezeExcite" in besides ? ["squeezeExcite"] : ["mixerNorm", "mlpNorm"];
    expect(leaks(config)).toEqual([0, 1].flatMap((i) => part.map((name) => `layers.${i}.${name}`)));
    const [before, after] = [tokens(21), [...tokens(20), 3]].map((ids) =>
      e.scope(() => rows(logits(model, batch([ids]))).slice(0, 20)),
    );
    expect(after).not.toEqual(before);
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
  const growing: readonly string[] = ["attention", "differentialV1", "differentialV2"];
  for (const [, mixer] of mixerCases) {
    const grows = bytes(mixer, 10_000) > bytes(mixer, 10);
    expect([mixer.kind, grows]).toEqual([mixer.kind, growing.includes(mixer.kind)]);
  }
});
