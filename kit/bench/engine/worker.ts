/** The kit's side of `bench -- engine`: products, small operations, training steps, each measured in this process. */
import { readFileSync } from "node:fs";
import * as engine from "../../engine/index.js";
import { type TrainingState, trainingStart, trainingStep } from "../../train/index.js";
import { load } from "../../weights/index.js";
import { serve } from "../harness/worker.js";
import type { TrainingTask } from "./training.js";

type Round = { readonly step: number };

let product: ((count: number) => void) | undefined;
let train: ((round: Round) => { ms: number; lossNats: number }) | undefined;

serve({
  prepareProduct({ size }: { size: number }) {
    const [a, b] = [1, 2].map((seed) => engine.random.normal(engine.random.key(seed), [size, size]));
    product = (count) => {
      for (let i = 0; i < count; i++) engine.scope(() => void engine.matmul(a, b));
    };
    product(3);
  },
  product: ({ count }: { count: number }) => ({ ms: elapsed(() => product!(count)) / count }),
  overhead({ count, gradient }: { count: number; gradient: boolean }) {
    const [x, y] = [engine.ones([8]), engine.full([8], 0.5)];
    const chain = (start: engine.Tensor): engine.Tensor => {
      let value = start;
      for (let i = 0; i < count; i++) value = engine.add(value, y);
      return value;
    };
    const ms = elapsed(() => {
      engine.scope(() => {
        if (gradient) engine.valueAndGradient((start: engine.Tensor) => engine.sum(chain(start)), x);
        else chain(x);
      });
    });
    engine.free([x, y]);
    return { us: (ms * 1000) / count };
  },
  async prepare(task: TrainingTask) {
    const { model } = await load(task.folder, { tokenizer: false });
    const step = engine.compile(trainingStep(model.config, { clip: task.clip }), {
      backend: task.backend,
      name: "step",
    });
    const rows = batches(task);
    const rates = { learningRate: engine.scalar(task.learningRate), weightDecay: engine.scalar(task.decay) };
    let state: TrainingState = trainingStart(model);
    train = (round) => {
      const { inputs, targets } = rows[round.step % rows.length];
      let lossNats = 0;
      const ms = elapsed(() => {
        state = engine.carry(state, (old) => {
          const stepped = step(old, inputs, targets, rates);
          lossNats = engine.item(stepped.loss);
          return stepped.state;
        });
      });
      return { ms, lossNats };
    };
  },
  round: (round: Round) => train!(round),
});

function elapsed(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** The token ids of each step, `[B, T]` inputs and the same one token later. */
function batches({ data, batch, time }: TrainingTask): { inputs: engine.Tensor; targets: engine.Tensor }[] {
  const bytes = readFileSync(data);
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const rows = batch * (time + 1);
  return Array.from({ length: ids.length / rows }, (_, step) => {
    const of = (shift: number): engine.Tensor => {
      const values = new Int32Array(batch * time);
      for (let b = 0; b < batch; b++) {
        const start = step * rows + b * (time + 1) + shift;
        values.set(ids.subarray(start, start + time), b * time);
      }
      return engine.tensor(values, [batch, time]);
    };
    return { inputs: of(0), targets: of(1) };
  });
}
