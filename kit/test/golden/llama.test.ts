/**
 * Small random models against torch 2.15 in float64 from the same files: Llamas untied in two shards, and tied with
 * θ = 500,000; DiffLlamas with and without grouped queries.
 */
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close } from "../../engine/testing/compare.js";
import { batch, Decoder, logits, type ModelParams } from "../../model/index.js";
import { type Stored, valuesOf } from "../../nn/testing/reference.js";
import { nextTokenLoss } from "../../train/index.js";
import { huggingFaceNames, load, storedName } from "../../weights/index.js";
import { mirrored } from "../../weights/testing/mirror.js";
import { reference } from "./reference.js";

type Reference = {
  readonly tolerance: {
    readonly logits_abs: number;
    readonly loss_abs: number;
    readonly gradient_relative_to_tensor_max: number;
  };
  readonly input_ids: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly logits: Stored;
  readonly greedy: { readonly prompt: number[]; readonly ids: number[] };
  readonly gradient_l2_norms: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, Stored>>;
};

describe.each(["llama-untied", "llama-tied-500k", "diffllama", "diffllama-mha"])("%s", (name) => {
  const expected = reference<Reference>("reference", name, "reference.json");
  const loaded = expected === undefined ? undefined : load(mirrored("reference", name));

  describe.skipIf(expected === undefined).each(["eager", "graph", "xla"] as const)("%s", (backend) => {
    it("has the reference's logits to 1e-4", async () => {
      const { model } = await loaded!;
      const { config } = model;
      const forward = e.compile((params: ModelParams<e.Tensor>, ids: e.Tensor) => logits({ config, params }, ids), {
        backend,
      });
      const found = e.read(forward(model.params, batch(expected!.input_ids)));
      const wanted = valuesOf(expected!.logits);
      expect(found.length).toBe(wanted.length);
      expect(expected!.tolerance.logits_abs).toBe(1e-4);
      expect(Math.max(...found.map((x, i) => Math.abs(x - wanted[i])))).toBeLessThanOrEqual(1e-4);
    });

    it("has the reference's loss to 1e-5 and gradients to 1e-4 of their largest element", async () => {
      const { model } = await loaded!;
      const { config } = model;
      const fn = (params: ModelParams<e.Tensor>, inputs: e.Tensor, targets: e.Tensor) =>
        e.valueAndGradient((p) => nextTokenLoss({ config, params: p }, inputs, targets), params);
      const inputs = batch(expected!.input_ids.map((ids) => ids.slice(0, -1)));
      const targets = batch(expected!.labels.map((ids) => ids.slice(1)));
      const { value, gradients } = e.compile(fn, { backend })(model.params, inputs, targets);
      expect(Math.abs(e.item(value) - expected!.loss)).toBeLessThanOrEqual(1e-5);

      const seen: string[] = [];
      for (const [path, gradient] of e.tree.entries<e.Tensor>(gradients)) {
        const name = storedName(huggingFaceNames, path)!;
        const found = e.read(gradient) as Float32Array;
        const norm = Math.hypot(...found);
        expect(Math.abs(norm / expected!.gradient_l2_norms[name] - 1), name).toBeLessThanOrEqual(1e-4);
        if (expected!.gradients[name] === undefined) continue;
        const wanted = valuesOf(expected!.gradients[name]);
        const largest = Math.max(...wanted.map(Math.abs));
        close(
          found.map((x) => x / largest),
          wanted.map((x) => x / largest),
          1e-4,
        );
        seen.push(name);
      }
      expect(seen.sort()).toEqual(Object.keys(expected!.gradients).sort());
    });
  });

  it.skipIf(expected === undefined)("continues a prompt with the reference's ids", async () => {
    const { model } = await loaded!;
    const { prompt, ids } = expected!.greedy;
    const decoder = new Decoder(model, { recent: 4, backend: "graph" });
    const found = [...prompt];
    let scores = decoder.prompt([prompt]);
    while (found.length < ids.length) {
      found.push(scores.indexOf(Math.max(...scores)));
      scores = decoder.next(found.slice(-1));
    }
    expect(found).toEqual(ids);
  });
});
