/** The kit's side of `bench -- generate`: a checkpoint, decoded greedily. */
import type * as engine from "../../engine/index.js";
import { Decoder, type Model } from "../../model/index.js";
import { load } from "../../weights/index.js";
import { serve } from "../harness/worker.js";

let decoder: Decoder | undefined;

serve({
  /** Loads the checkpoint the way everybody does. */
  async prepare({ name, backend }: { name: string; backend: engine.ExecutionBackend }) {
    const begin = performance.now();
    const { model } = await load(name, { tokenizer: false });
    decoder = new Decoder(model as Model<engine.Tensor>, { backend });
    return { ms: performance.now() - begin };
  },
  /** Reads a prompt; the time ends with the first new id. */
  prompt({ ids }: { ids: readonly number[] }) {
    const begin = performance.now();
    const first = best(decoder!.prompt([ids]));
    return { ms: performance.now() - begin, ids: [first] };
  },
  /** The time of `count` tokens behind the first one, whatever happens on the way. */
  decode({ ids, count }: { ids: readonly number[]; count: number }) {
    const made = [best(decoder!.prompt([ids]))];
    const slowest = { ms: 0 };
    const begin = performance.now();
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      made.push(best(decoder!.next([made[made.length - 1]])));
      slowest.ms = Math.max(slowest.ms, performance.now() - start);
    }
    return { ms: performance.now() - begin, ids: made, slowestMs: slowest.ms };
  },
});

function best(scores: Float32Array): number {
  let at = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[at]) at = i;
  return at;
}
