/** The worker of `bench -- serve`: a server in a process of its own. */
import { serve as listen, type Serving } from "../../evals/index.js";
import { init, llama } from "../../model/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { serve } from "../harness/worker.js";
import type { Served } from "./bench.js";

let serving: Serving | undefined;

/** The kit's own model, or one that computes next to nothing with its tokenizer: then the time is the server's. */
async function speakerOf(name: Served) {
  const { model, tokenizer } = await load("pico");
  const speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
  if (name === "pico") return speaker;
  const { vocab, context } = model.config;
  return { ...speaker, model: init(llama({ vocab, context, width: 8, depth: 1, heads: 1, hidden: 8, tied: true }), 0) };
}

serve({
  async start({ name }: { name: Served }) {
    serving = await listen(await speakerOf(name), { port: 0, name, waiting: 256, maxSendSeconds: 10 });
    return { url: serving.url };
  },
  /** What is held now, after what can go has gone. */
  held() {
    globalThis.gc?.();
    return { bytes: process.memoryUsage().rss };
  },
  async stop() {
    await serving?.close();
  },
});
