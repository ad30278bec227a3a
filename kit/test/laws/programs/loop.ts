/** Trains a small Llama for many steps; reports what stays alive and what the steps came to. */
import { createHash } from "node:crypto";
import {
  carry,
  compile,
  type ExecutionBackend,
  item,
  liveTensors,
  read,
  scalar,
  type Tensor,
  tensor,
  tree,
} from "../../../engine/index.js";
import { init, llama } from "../../../model/index.js";
import { trainingStart, trainingStep, whole } from "../../../train/index.js";

const [backend, steps] = [process.argv[2] as ExecutionBackend, Number(process.argv[3])];
const config = llama({ vocab: 500, width: 64, depth: 1, heads: 4, kvHeads: 2, hidden: 128, context: 32 });
const part = whole(init(config, 1));
const step = compile(trainingStep(part), { backend, name: "step" });
let state = trainingStart(part);

function hash(): string {
  const sha256 = createHash("sha256");
  for (const leaf of tree.leaves<Tensor>(state)) sha256.update(read(leaf));
  return sha256.digest("hex");
}

const live: number[] = [];
const megabytes: number[] = [];
const losses: number[] = [];
const hashes: string[] = [];
for (let i = 0; i < steps; i++) {
  state = carry(state, (current) => {
    const ids = Int32Array.from({ length: 33 }, (_, t) => (t * t + i) % 500);
    const [inputs, targets] = [tensor(ids.subarray(0, 32), [1, 32]), tensor(ids.subarray(1), [1, 32])];
    const result = step(current, inputs, targets, { learningRate: scalar(1e-3), weightDecay: scalar(0.1) });
    losses.push(item(result.loss));
    return result.state;
  });
  live.push(liveTensors());
  if (i < 10) hashes.push(hash());
  if (i % 10 === 9) (globalThis as { gc?: () => void }).gc?.();
  megabytes.push(process.memoryUsage.rss() / 2 ** 20);
}
console.log(JSON.stringify({ live, megabytes, losses, hashes }));
