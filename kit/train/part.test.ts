import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { init, llama, logits, type ModelConfig, teenyS } from "../model/index.js";
import { constant, distillation, type PartSpec, partOf, type TokenBatch, Training, type Weights } from "./index.js";

const config = llama({ vocab: 17, width: 16, depth: 3, heads: 4, kvHeads: 2, hidden: 24, context: 16 });
const ids = () =>
  e.tensor(
    Int32Array.from({ length: 16 }, (_, i) => (i * 5) % 17),
    [2, 8],
  );
const model = init(config, 1);

/** A model whose up-projections of low rank are not zero. */
function moved(start: Weights): Weights {
  return e.tree.map<e.Tensor, e.Tensor, Weights>(start, (leaf, path) =>
    e.add(leaf, e.random.normal(e.random.fold(e.random.key(7), path), leaf.shape, 0.1)),
  ) as Weights;
}

const specs: readonly PartSpec[] = [
  { kind: "all" },
  { kind: "norms" },
  { kind: "last", layers: 1 },
  { kind: "scales" },
  { kind: "lora", rank: 2, alpha: 4 },
  { kind: "paths", paths: ["layers.*.mixer.q", "embed"] },
];

describe.each(specs)("a part $kind", (spec) => {
  it("is the model at the start, and merged the same as apart after steps", () => {
    const part = partOf(model, spec);
    const start = part.start();
    const before = e.read(logits(model, ids()));
    close(e.read(logits(part.model(start), ids())), before, 1e-6);
    const after = moved(start);
    const apart = e.read(logits(part.model(after), ids()));
    close(e.read(logits(part.merged(after), ids())), apart, 1e-5);
    expect(Math.max(...apart.map((x, i) => Math.abs(x - before[i])))).toBeGreaterThan(1e-3);
  });

  it.each(["eager", "graph", "xla"] as const)("learns, and nothing else changes (%s)", async (backend) => {
    const part = partOf(model, spec);
    const before = values(model.params);
    const training = new Training<Weights>({
      part,
      steps: 6,
      batches: batches(),
      learningRate: constant(0.05),
      backend,
    });
    const losses: number[] = [];
    await training.run(({ lossNats }) => losses.push(lossNats));
    expect(losses[5]).toBeLessThan(losses[0] - (spec.kind === "scales" ? 1e-4 : 0.01));
    expect(values(model.params)).toEqual(before);
    const after = values(training.model.params);
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual(Object.keys(before).filter(expected(spec)));
    training.dispose();
  });
});

/** What a specification names, in words of its own. */
function expected(spec: PartSpec): (path: string) => boolean {
  const matrix = /(mixer\.[qkvo]|mlp\.\w+)$/;
  switch (spec.kind) {
    case "all":
    case "new":
      return () => true;
    case "norms":
      return (path) => path.endsWith("orm.gain");
    case "last":
      return (path) => path.startsWith("layers.2.") || path === "norm.gain" || path === "head";
    case "scales":
      return (path) => /(mixer\.o|mlp\.down)$/.test(path);
    case "lora":
      return (path) => matrix.test(path);
    case "paths":
      return (path) => path === "embed" || path.endsWith("mixer.q");
  }
}

function values(params: unknown): Record<string, string> {
  return Object.fromEntries(e.tree.entries<e.Tensor>(params).map(([path, leaf]) => [path, e.read(leaf).join()]));
}

function* batches(): Generator<TokenBatch> {
  const inputs = Int32Array.from({ length: 16 }, (_, i) => (i * 5) % 17);
  const targets = Int32Array.from({ length: 16 }, (_, i) => (i * 5 + 5) % 17);
  while (true) yield { inputs, targets, shape: [2, 8] };
}

it("what is frozen has no gradient: a step on norms is smaller than one on everything", () => {
  const operations = (spec: PartSpec): number => {
    const part = partOf(model, spec);
    const step = e.compile(
      (trained: Weights) => {
        const loss = (of: Weights) => distillation(model)(part.model(of), ids(), ids(), {});
        return e.valueAndGradient(loss, trained).gradients;
      },
      { backend: "graph" },
    );
    step(part.start());
    return step.traces[0].operations;
  };
  expect(operations({ kind: "norms" })).toBeLessThan(operations({ kind: "all" }));
});

it("new weights are those that the base has not", () => {
  const wider: ModelConfig = { ...config, tied: true };
  const { head, ...tied } = model.params;
  expect(Object.keys(partOf(model, { kind: "new" }, wider).start())).toEqual(["head"]);
  expect(head).toBeDefined();
  expect(() => partOf({ config: wider, params: tied }, { kind: "new" }, config)).toThrow(/leaves nothing to train/);
  const shallower: ModelConfig = { ...config, layers: config.layers.slice(1) };
  expect(() => partOf(model, { kind: "new" }, shallower)).toThrow(
    /has 3 layers and the one it was made from 2: .*layers\.1\.\*\*/,
  );
  expect(() => partOf(model, { kind: "new" })).toThrow(/beside the one it was made from. Name that model as the base/);
});

it("refuses what does not fit the model", () => {
  expect(() => partOf(model, { kind: "last", layers: 4 })).toThrow(
    "the last 4 blocks are to be trained: expected 1 to 3",
  );
  expect(() => partOf(model, { kind: "paths", paths: ["layer.*"] })).toThrow(/leaves nothing to train/);
  const ternary = init({ ...teenyS, vocab: 20, width: 16, layers: [] }, 0);
  expect(() => partOf(ternary, { kind: "lora", rank: 2 })).toThrow(/low-rank additions to ternary weights/);
});
