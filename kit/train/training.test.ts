import { readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { init, liquid, llama, shapes } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { Checkpoints, constant, type StepRecord, type TokenBatch, Training, type TrainingOptions } from "./index.js";

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

  it("keeps documents apart where it is told to, its layers computed again or not", async () => {
    const losses = async (options: Partial<TrainingOptions>, documents: readonly number[]) => {
      const batch: TokenBatch = {
        inputs: Int32Array.from({ length: 12 }, (_, i) => (i * i) % 17),
        targets: Int32Array.from({ length: 12 }, (_, i) => (i * 3) % 17),
        segments: Int32Array.from(documents),
        shape: [1, 12],
      };
      const found: number[] = [];
      const training = fresh({ batches: [batch, batch, batch], ...options });
      await training.run(({ lossNats }) => void found.push(lossNats));
      return found;
    };
    const [one, several] = [Array(12).fill(0), [0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 3]];
    const apart = await losses({ documents: "apart" }, several);
    expect(await losses({}, several)).toEqual(await losses({}, one));
    close(await losses({ documents: "apart" }, one), await losses({}, one), 1e-5);
    expect(Math.abs(apart[1] - (await losses({}, several))[1])).toBeGreaterThan(1e-4);
    close(await losses({ documents: "apart", recompute: true }, several), apart, 1e-5);
    close(await losses({ documents: "apart", backend: "eager" }, several), apart, 1e-5);
    await expect(fresh({ documents: "apart" }).run()).rejects.toThrow(/kept apart, and a batch does not number them/);
  });

  it("refuses a model that sees the future, and trains it where that is allowed", async () => {
    const model = init(liquid(config, { pool: { kind: "sequence" } }), 1);
    const options = { model, backend: "graph", steps: 1, batches: ring(), learningRate: constant(0.01) } as const;
    expect(() => new Training(options)).toThrow(
      'Training is refused: the model sees the future (layers.0.mixerNorm and 5 more): expected a pool of kind "prefix" or "ema"',
    );
    const training = new Training({ ...options, allowLeak: true });
    await training.run(({ lossNats }) => expect(lossNats).toBeGreaterThan(0));
    training.dispose();
  });

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

  it("goes on where it was left when it is run again", async () => {
    const training = fresh({ steps: 6 });
    const steps: number[] = [];
    await training.run(({ step }) => {
      steps.push(step);
      return step < 2;
    });
    await training.run(({ step }) => void steps.push(step));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each(["eager", "graph", "xla"] as const)("adds up gradients to those of the whole batch (%s)", async (backend) => {
    const options = { steps: 3, backend, learningRate: constant(0.01), optimiser: { eps: 1e-3 } };
    // The second row has four targets that do not count.
    const row = Int32Array.from({ length: 13 }, (_, i) => i % 8);
    const targets = row.map((id, i) => (i < 5 ? -100 : id)).slice(1);
    const first = ring().next().value as TokenBatch;
    const second: TokenBatch = { inputs: row.slice(0, 12), targets, shape: [1, 12] };
    const both: TokenBatch = {
      inputs: Int32Array.of(...first.inputs, ...second.inputs),
      targets: Int32Array.of(...first.targets, ...second.targets),
      shape: [2, 12],
    };
    const repeated = (...batches: TokenBatch[]) => Array.from({ length: 3 }, () => batches).flat();
    const whole = fresh({ ...options, batches: repeated(both) });
    const parts = fresh({ ...options, batches: repeated(first, second), accumulate: 2 });
    const losses: number[][] = [[], []];
    for (const [i, one] of [whole, parts].entries())
      await one.run(({ lossNats, gradNorm }) => losses[i].push(lossNats, gradNorm));
    close(losses[1], losses[0], 1e-5);
    for (const [path, leaf] of e.tree.entries<e.Tensor>(parts.model.params)) {
      const same = e.tree.entries<e.Tensor>(whole.model.params).find(([other]) => other === path)![1];
      close(e.read(leaf), e.read(same), 1e-5);
    }
  });
});

function fresh(options: Partial<TrainingOptions>): Training {
  const model = init(config, 1);
  return new Training({ model, steps: 8, batches: ring(), learningRate: constant(0.01), backend: "graph", ...options });
}

describe("Checkpoints", () => {
  const folder = () => join(temporaryFolder(), "run");

  it.each(["eager", "graph", "xla"] as const)("a run goes on from one to the last bit (%s)", async (backend) => {
    const all: number[] = [];
    const whole = fresh({ backend });
    await whole.run(({ lossNats, gradNorm }) => void all.push(lossNats, gradNorm));

    const store = new Checkpoints<{ words: string }>(folder());
    const until = fresh({ backend, steps: 5 });
    await until.run();
    await store.save(until.snapshot, { words: "half way" });
    until.dispose();

    const from = await store.latest(shapes(config), () => expect.unreachable());
    expect(from).toMatchObject({ note: { words: "half way" }, position: { step: 5, tokens: 60 } });
    const rest = ring();
    for (let i = 0; i < 5; i++) rest.next();
    const after: number[] = [];
    const resumed = fresh({ backend, batches: rest, from });
    await resumed.run(({ lossNats, gradNorm }) => void after.push(lossNats, gradNorm));
    expect(after).toEqual(all.slice(10));
    const bits = (training: Training) =>
      e.tree.leaves<e.Tensor>(training.snapshot.state).map((leaf) => [...e.read(leaf)]);
    expect(bits(resumed)).toEqual(bits(whole));
  });

  it("keeps the last two and the best, and passes over a damaged one", async () => {
    const store = new Checkpoints<number>(folder());
    expect(await store.latest(shapes(config), () => expect.unreachable())).toBeUndefined();
    const training = fresh({ steps: 3 });
    for await (const { step } of training) await store.save(training.snapshot, step * 10, step === 1);
    expect(readdirSync(store.folder).sort()).toEqual([
      "best.safetensors",
      "step-000000002.safetensors",
      "step-000000003.safetensors",
    ]);
    expect((await store.best(shapes(config)))?.note).toBe(10);
    truncateSync(join(store.folder, "step-000000003.safetensors"), 5000);
    const complaints: string[] = [];
    const latest = await store.latest(shapes(config), ({ message }) => void complaints.push(message));
    expect(latest?.note).toBe(20);
    expect(complaints.join()).toContain("step-000000003.safetensors");
    await store.clear();
    expect(await store.best(shapes(config))).toBeUndefined();
  });

  it("refuses to keep what is not made of numbers", async () => {
    const store = new Checkpoints<null>(folder());
    const { state, position } = fresh({}).snapshot;
    const params = { ...state.params, embed: e.mul(state.params.embed, Number.POSITIVE_INFINITY) };
    await expect(store.save({ state: { ...state, params }, position }, null)).rejects.toThrow(
      "params.embed is not made of numbers after step 0",
    );
    expect(readdirSync(store.folder)).toEqual([]);
  });

  it("refuses one of another model", async () => {
    const store = new Checkpoints<null>(folder());
    const training = fresh({ steps: 1 });
    await training.run();
    await store.save(training.snapshot, null);
    const complaints: string[] = [];
    const other = llama({ vocab: 17, width: 16, depth: 2, heads: 2, hidden: 32, context: 16, tied: true });
    expect(await store.latest(shapes(other), ({ message }) => void complaints.push(message))).toBeUndefined();
    expect(complaints.join()).toMatch(/a \[24,16\] params\.layers\.0\.mlp\.gate.*expected \[32,16\]/);
  });
});
