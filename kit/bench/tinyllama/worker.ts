/** The kit's side of `check:tinyllama`: loads a checkpoint and writes the logits of prompts into files. */
import { writeFileSync } from "node:fs";
import * as engine from "../../engine/index.js";
import { batch, countParameters, Decoder, logits, type Model, tinyLlama } from "../../model/index.js";
import { load } from "../../weights/index.js";
import { serve } from "../harness/worker.js";

let model: Model<engine.Tensor> | undefined;

serve({
  async prepare({ folder }: { folder: string }) {
    const begin = performance.now();
    ({ model } = await load(folder, { tokenizer: false }));
    return {
      ms: performance.now() - begin,
      parameters: countParameters(model.config),
      preset: JSON.stringify(model.config) === JSON.stringify(tinyLlama),
    };
  },
  logits({ ids, file }: { ids: readonly number[]; file: string }) {
    const begin = performance.now();
    const values = engine.scope(() => engine.read(logits(model!, batch([ids]))));
    writeFileSync(file, values);
    return { ms: performance.now() - begin };
  },
  /** The same logits, token by token behind the first few. */
  decode({ ids, prompt, file }: { ids: readonly number[]; prompt: number; file: string }) {
    const decoder = new Decoder(model!);
    const rows = [decoder.prompt([ids.slice(0, prompt)])];
    for (const id of ids.slice(prompt)) rows.push(decoder.next([id]));
    decoder.reset();
    writeFileSync(file, Buffer.concat(rows.map((row) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength))));
  },
});
