/** The kit's side of `bench -- eval`: log-likelihoods of continuations, tokenizing and batching included. */
import { type LanguageModel, languageModel, type Pair } from "../../evals/index.js";
import type { Tokenizer } from "../../text/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { serve } from "../harness/worker.js";

let model: LanguageModel | undefined;
let tokenizer: Tokenizer | undefined;

serve({
  async prepare({ name }: { name: string }) {
    const begin = performance.now();
    const loaded = await load(name);
    tokenizer = requireTokenizer(name, loaded.tokenizer);
    model = languageModel({ model: loaded.model, tokenizer });
    return { ms: performance.now() - begin };
  },
  /** Whether the vocabulary has every character of a text. */
  spelt({ texts }: { texts: readonly string[] }) {
    const { unk } = tokenizer!.special;
    return texts.map((text) => unk === undefined || !tokenizer!.encode(text).includes(unk));
  },
  async score({ pairs }: { pairs: readonly Pair[] }) {
    const begin = performance.now();
    const found = await model!.logLikelihoods(pairs);
    const ms = performance.now() - begin;
    return { ms, scores: found.map((each) => each?.logLikelihood ?? null) };
  },
});
