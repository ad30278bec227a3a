/** The kit's side of `bench -- eval`: log-likelihoods of continuations, tokenizing and batching included. */
import { type LanguageModel, languageModel, type Pair } from "../../evals/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { serve } from "../harness/worker.js";

let model: LanguageModel | undefined;

serve({
  async prepare({ name }: { name: string }) {
    const begin = performance.now();
    const loaded = await load(name);
    model = languageModel({ model: loaded.model, tokenizer: requireTokenizer(name, loaded.tokenizer) });
    return { ms: performance.now() - begin };
  },
  async score({ pairs }: { pairs: readonly Pair[] }) {
    const begin = performance.now();
    const found = await model!.logLikelihoods(pairs);
    const ms = performance.now() - begin;
    return { ms, scores: found.map((each) => each?.logLikelihood ?? null) };
  },
});
