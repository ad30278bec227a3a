import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, init, llama, logits, type Model } from "../model/index.js";
import { firstDivergence, likelihood } from "./index.js";

const config = llama({ vocab: 23, width: 16, depth: 3, heads: 2, hidden: 24, context: 16 });
const model = init(config, 5);
const ids = [3, 1, 4, 1, 5, 9, 2, 6];

describe("likelihood", () => {
  it("is the log of the softmax at each next token", () => {
    const all = e.read(logits(model, batch([ids]))) as Float32Array;
    const expected = ids.slice(1).map((id, t) => {
      const row = all.slice(t * config.vocab, (t + 1) * config.vocab);
      return row[id] - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    });
    const { logLikelihoods, nats, perplexity, tokens } = likelihood(model, ids);
    close(logLikelihoods, expected, 1e-5);
    expect(tokens).toBe(7);
    expect(nats).toBeCloseTo(-expected.reduce((a, b) => a + b) / 7, 5);
    expect(perplexity).toBe(Math.exp(nats));
  });

  it("refuses sequences without a prediction, and those beyond the context", () => {
    expect(() => likelihood(model, [1])).toThrow(/1 tokens: expected 2 to 17/);
    expect(() => likelihood(model, new Array(18).fill(0))).toThrow(/18 tokens/);
  });
});

describe("firstDivergence", () => {
  const changed = (layer: number): Model<e.Tensor> => ({
    ...model,
    params: {
      ...model.params,
      layers: model.params.layers.map((params, i) =>
        i === layer ? { ...params, mixer: { ...params.mixer, q: e.transpose(params.mixer.q) } } : params,
      ),
    },
  });

  it("finds the layer whose weight was transposed", () => {
    expect(firstDivergence(model, changed(1), batch([ids]))?.at).toBe("layers.1");
    expect(firstDivergence(model, changed(0), batch([ids]))?.at).toBe("layers.0");
  });

  it("finds nothing between a model and itself", () => {
    expect(firstDivergence(model, model, batch([ids]))).toBeUndefined();
  });
});
