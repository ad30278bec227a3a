/** The kit's own side of a comparison of training steps. */
import { readFileSync } from "node:fs";
import {
  carry,
  compile,
  type ExecutionBackend,
  item,
  type MatmulPrecision,
  scalar,
  type Tensor,
  tensor,
} from "../../engine/index.js";
import type { Model } from "../../model/index.js";
import { trainingStart, trainingStep, whole } from "../../train/index.js";
import type { TrainingTask } from "./training.js";

/** What the kit's workers are told beside the task. */
export type KitSettings = { readonly backend: ExecutionBackend; readonly matmul?: MatmulPrecision };

/** Takes a step with each call, on the batch of that number. */
export type KitTrainer = (round: { readonly step: number }) => { readonly ms: number; readonly lossNats: number };

/** A trainer of a model, compiled at its first step. */
export function kitTrainer(model: Model<Tensor>, task: TrainingTask & KitSettings): KitTrainer {
  const { backend, matmul, clip } = task;
  const part = whole(model);
  const step = compile(trainingStep(part, { clip }), { backend, matmul, name: "step" });
  const batches = batchesOf(task);
  const rates = { learningRate: scalar(task.learningRate), weightDecay: scalar(task.decay) };
  let state = trainingStart(part);
  return (round) => {
    const { inputs, targets } = batches[round.step % batches.length];
    let lossNats = 0;
    const begin = performance.now();
    state = carry(state, (old) => {
      const stepped = step(old, inputs, targets, rates);
      lossNats = item(stepped.loss);
      return stepped.state;
    });
    return { ms: performance.now() - begin, lossNats };
  };
}

/** The token ids of each step, `[B, T]` inputs and the same one token later. */
function batchesOf({ data, batch, time }: TrainingTask): { readonly inputs: Tensor; readonly targets: Tensor }[] {
  const bytes = readFileSync(data);
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const rows = batch * (time + 1);
  return Array.from({ length: ids.length / rows }, (_, step) => {
    const of = (shift: number): Tensor => {
      const values = new Int32Array(batch * time);
      for (let b = 0; b < batch; b++) {
        const start = step * rows + b * (time + 1) + shift;
        values.set(ids.subarray(start, start + time), b * time);
      }
      return tensor(values, [batch, time]);
    };
    return { inputs: of(0), targets: of(1) };
  });
}
