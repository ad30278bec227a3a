/** The kit's side of `bench -- engine`: products, small operations, training steps, each measured in this process. */
import * as engine from "../../engine/index.js";
import { load } from "../../weights/index.js";
import { type KitTrainer, kitTrainer } from "../harness/kitTrainer.js";
import { serve } from "../harness/worker.js";
import type { LlamaTask } from "./training.js";

let product: ((count: number) => void) | undefined;
let train: KitTrainer | undefined;

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
  async prepare(task: LlamaTask) {
    const { model } = await load(task.folder, { tokenizer: false });
    train = kitTrainer(model, task);
  },
  round: (round: { readonly step: number }) => train!(round),
});

function elapsed(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}
