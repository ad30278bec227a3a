import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  batch,
  countParameters,
  Decoder,
  flopsPerToken,
  head,
  init,
  llama,
  logits,
  pico,
  residualStream,
  shapes,
  smolLm2,
  tinyLlama,
} from "./index.js";

const dials = { vocab: 50, width: 16, heads: 4, kvHeads: 2, hidden: 24, context: 40 };

it("a batch has rows of one length", () => {
  const ragged = [[1, 2], [3], [4, 5, 6]];
  expect(() => batch(ragged)).toThrow(/batch: 3 rows of 2, 1, 3 tokens: expected rows of one length/);
  expect(() => batch([])).toThrow(/at least one/);
  expect(() => batch([[1.5]])).toThrow(/1\.5 is not an int32/);
});

describe("counts", () => {
  it("are those of the published models", () => {
    expect(countParameters(tinyLlama)).toBe(1_100_048_384);
    expect(countParameters(smolLm2)).toBe(134_515_008);
  });

  it("count a tied head once", () => {
    const [tied, untied] = [true, false].map((tied) => countParameters(llama({ ...dials, depth: 1, tied })));
    expect(untied - tied).toBe(50 * 16);
    expect(countParameters(pico)).toBe(
      e.tree.leaves<{ shape: number[] }>(shapes(pico)).reduce((n, { shape }) => n + e.sizeOf(shape), 0),
    );
  });

  it("count two operations for each weight of a matrix, and the mixing", () => {
    const layer = 16 * 16 * 2 + 2 * 8 * 16 + 3 * 16 * 24;
    const mixing = 2 * 4 * 4 * 7;
    expect(flopsPerToken(llama({ ...dials, depth: 2 }), 7)).toBe(2 * (50 * 16 + 2 * layer + 2 * mixing));
  });
});

describe("init", () => {
  const leaf = (x: e.Tensor): number[] => [...e.read(x)];

  it("draws each leaf from a stream of its own path", () => {
    const [shallow, deep, again, other] = [
      init(llama({ ...dials, depth: 2 }), 5),
      init(llama({ ...dials, depth: 3 }), 5),
      init(llama({ ...dials, depth: 2 }), 5),
      init(llama({ ...dials, depth: 2 }), 6),
    ];
    expect(leaf(deep.params.layers[1].mixer.q)).toEqual(leaf(shallow.params.layers[1].mixer.q));
    expect(leaf(again.params.embed)).toEqual(leaf(shallow.params.embed));
    expect(leaf(other.params.embed)).not.toEqual(leaf(shallow.params.embed));
    expect(leaf(shallow.params.layers[0].mixer.q)).not.toEqual(leaf(shallow.params.layers[1].mixer.q));
  });

  it("has the deviations it promises", () => {
    const { params } = init(llama({ ...dials, vocab: 1000, depth: 8, width: 64, hidden: 200 }), 1);
    const deviation = (x: e.Tensor): number => Math.sqrt(leaf(x).reduce((total, v) => total + v * v, 0) / x.size);
    const { mixer, mlp, mlpNorm } = params.layers[3];
    for (const x of [params.embed, params.head!, mixer.q, mlp.gate, mlp.up]) {
      expect(Math.abs(deviation(x) / 0.02 - 1)).toBeLessThan(4 / Math.sqrt(2 * x.size));
    }
    for (const x of [mixer.o, mlp.down]) {
      expect(Math.abs(deviation(x) / (0.02 / 4) - 1)).toBeLessThan(4 / Math.sqrt(2 * x.size));
    }
    expect(new Set(leaf(mlpNorm.gain))).toEqual(new Set([1]));
  });
});

describe("the forward pass", () => {
  const model = init(llama({ ...dials, depth: 3 }), 2);
  const ids = batch([
    [3, 1, 4, 1, 5],
    [9, 2, 6, 5, 3],
  ]);

  it("leaves nothing alive but the logits", () => {
    const before = e.liveTensors();
    const scores = logits(model, ids);
    expect([scores.shape, e.liveTensors() - before]).toEqual([[2, 5, 50], 1]);
  });

  it("sees no later token", () => {
    const changed = batch([
      [3, 1, 4, 8, 8],
      [9, 2, 6, 8, 8],
    ]);
    const seen = (rows: e.Tensor): number[] => [...e.read(e.narrow(logits(model, rows), 1, 0, 3))];
    expect(seen(changed)).toEqual(seen(ids));
  });

  it("ends where the residual stream, normed and headed, ends", () => {
    const stream = residualStream(model, ids);
    expect(stream.map(({ shape }) => shape)).toEqual(Array.from({ length: 4 }, () => [2, 5, 16]));
    const last = stream[3];
    const normed = e.mul(last, e.rsqrt(e.add(e.mean(e.square(last), { axis: -1, keep: true }), 1e-5)));
    close(e.read(head(model, normed)), e.read(logits(model, ids)), 1e-6);
  });
});

describe("Decoder", () => {
  const model = init(llama({ ...dials, depth: 1 }), 2);
  const decoder = (): Decoder => new Decoder(model, { backend: "graph", recent: 4 });

  it("refuses what it cannot decode, and says what it could", () => {
    expect(() => decoder().next([1])).toThrow("decode: next() was called before prompt()");
    expect(() => decoder().prompt([])).toThrow("decode: a prompt is empty");
    expect(() => decoder().prompt([[1], []])).toThrow("decode: a prompt is empty");
    for (const bad of [-1, 50, 1.5]) {
      expect(() => decoder().prompt([[0, bad]])).toThrow(`decode: ${bad} is not a token id: expected 0 to 49`);
    }
    expect(() => decoder().prompt([Array.from({ length: 41 }, () => 0)])).toThrow(
      "decode: the prompt has 41 tokens: expected at most 40",
    );
  });

  it("fills the context and no more, and forgets it at the next prompt", () => {
    const full = decoder();
    full.prompt([Array.from({ length: 38 }, () => 7)]);
    full.next([1]);
    full.next([2]);
    expect(full.length).toBe(40);
    expect(() => full.next([3])).toThrow("decode: the context of 40 tokens is full");
    expect([...full.prompt([[5]])]).toEqual([...decoder().prompt([[5]])]);
  });

  it("frees its caches, and does not mind being reset twice", () => {
    const before = e.liveTensors();
    const short = decoder();
    short.prompt([[1, 2]]);
    expect(e.liveTensors()).toBeGreaterThan(before);
    short.reset();
    short.reset();
    expect(e.liveTensors()).toBe(before);
  });

  it("traces once for each size class, not for each length, and grows without a difference", () => {
    const roomy = init(llama({ ...dials, depth: 1, context: 700 }), 2);
    const long = new Decoder(roomy, { backend: "graph", recent: 16 });
    const ids = Array.from({ length: 640 }, (_, i) => (i * 7) % 50);
    for (const length of [1, 5, 40]) long.prompt([ids.slice(0, length)]);
    let scores: Float32Array = new Float32Array();
    for (const id of ids.slice(40)) scores = long.next([id]);
    const whole = e.scope(() => e.read(logits(roomy, batch([ids]))).slice(-50));
    close(scores, whole, 1e-5);
    type Inside = {
      stepped: e.Compiled<never, unknown>;
      settled: e.Compiled<never, unknown>;
      prefillFor(capacity: number): e.Compiled<never, unknown>;
    };
    const inside = long as unknown as Inside;
    const { stepped, settled } = inside;
    // Prompts of up to 64 tokens, and caches of 256, 512 and 1,024 past tokens.
    const traced = [inside.prefillFor(256), stepped, settled].map(({ traces }) => traces.length);
    expect(traced).toEqual([1, 3, 3]);
    // Another decoder of this model has nothing to trace.
    const other = new Decoder(roomy, { backend: "graph", recent: 16 }) as unknown as Inside;
    expect([other.stepped, other.settled]).toEqual([stepped, settled]);
    long.reset();
  });
});
