import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { init, llama } from "../model/index.js";
import { constant, cosine, type StepRecord, type TokenBatch, Training } from "./index.js";

const config = llama({ vocab: 17, width: 16, depth: 2, heads: 2, hidden: 24, context: 16, tied: true });

/** The same eight tokens in a ring: a model that learns at all learns it. */
function* ring(): Generator<TokenBatch> {
  for (let start = 0; ; start++) {
    const row = Int32Array.from({ length: 13 }, (_, i) => (i + start) % 8);
    yield { inputs: row.slice(0, 12), targets: row.slice(1), shape: [1, 12] };
  }
}

async function run(backend: e.ExecutionBackend, steps: number): Promise<StepRecord[]> {
  const model = init(config, 1);
  const training = new Training({ model, backend, steps, batches: ring(), learningRate: constant(0.01) });
  const records: StepRecord[] = [];
  await training.run((record) => void records.push(record));
  training.dispose();
  e.free(model);
  return records;
}

describe("Training", () => {
  it("learns a ring of tokens, the same in every backend", async () => {
    const eager = await run("eager", 40);
    const [graph, xla] = [await run("graph", 40), await run("xla", 40)];
    expect(Math.abs(eager[0].lossNats - Math.log(17))).toBeLessThan(0.2);
    expect(eager[39].lossNats).toBeLessThan(0.5);
    for (const [i, { lossNats }] of eager.entries()) {
      // Reassociated sums, amplified by forty steps of Adam.
      expect(Math.abs(graph[i].lossNats - lossNats)).toBeLessThan(1e-3);
      expect(Math.abs(xla[i].lossNats - lossNats)).toBeLessThan(1e-3);
    }
    expect(eager.map(({ step, tokens }) => [step, tokens])[39]).toEqual([40, 480]);
  });

  it.each(["eager", "graph", "xla"] as const)(
    "keeps as many tensors after step 30 as after step 3 (%s)",
    async (backend) => {
      const model = init(config, 1);
      const training = new Training({ model, backend, steps: 30, batches: ring(), learningRate: constant(0.01) });
      const live: number[] = [];
      await training.run(() => void live.push(e.liveTensors()));
      expect(live[29]).toBe(live[2]);
    },
  );

  it("stops at a loss that is not a number, and says which weights are wrong", async () => {
    const model = init(config, 1);
    const broken = { ...model, params: { ...model.params, norm: { gain: e.full([16], Number.NaN) } } };
    const training = new Training({
      model: broken,
      steps: 3,
      batches: ring(),
      learningRate: constant(0.01),
      backend: "eager",
    });
    await expect(training.run()).rejects.toThrow(/before step 1 .*norm\.gain/);
  });

  it("leaves the model it started from unchanged", async () => {
    const model = init(config, 1);
    const before = [...e.read(model.params.embed)];
    const training = new Training({ model, steps: 2, batches: ring(), learningRate: constant(0.1), backend: "eager" });
    await training.run();
    training.dispose();
    expect([...e.read(model.params.embed)]).toEqual(before);
  });
});

describe("cosine", () => {
  it("warms up, peaks and ends at the floor", () => {
    const rate = cosine({ peak: 1, floor: 0.1, warmupTokens: 10, totalTokens: 110 });
    expect([0, 5, 10, 60, 110, 500].map(rate)).toEqual([0, 0.5, 1, 0.55, 0.1, 0.1]);
  });
});
