/** A model as the tasks see it: texts in, log-likelihoods and texts out. */
import type { ExecutionBackend } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { rounded } from "../../model/index.js";
import { assertFits } from "../../text/index.js";
import type { GenerationOptions } from "../requests/requests.js";
import type { LogLikelihood } from "../tasks/config.js";
import { mostTokens } from "../tasks/generation.js";
import { within } from "../tasks/within.js";
import { encoder } from "./encode.js";
import { type Generator, generator } from "./generation.js";
import { type ScoreOptions, type ScorerOptions, scorer } from "./scorer.js";
import type { TokenScores } from "./tokenScores.js";

/** A text and what may follow it; where they come from, for messages. */
export type Pair = { readonly context: string; readonly continuation: string; readonly where?: string };

/** What can answer the requests of tasks. */
export type LanguageModel = {
  /** `undefined` where the continuation has no token of its own, so that there is nothing to judge. */
  readonly logLikelihoods: (
    pairs: readonly Pair[],
    options?: ScoreOptions,
  ) => Promise<readonly (LogLikelihood | undefined)[]>;
  /** Log-likelihoods of whole texts. */
  readonly rolling: (texts: readonly string[], options?: ScoreOptions) => Promise<readonly number[]>;
  readonly generate: (
    prompts: readonly { readonly context: string; readonly options: GenerationOptions }[],
    options?: ScoreOptions,
  ) => Promise<readonly string[]>;
};

export type LanguageModelOptions = ScorerOptions & {
  /** As the harness's `max_length` of API models; default, and at most, the model's context. */
  readonly maxLength?: number;
  /** What continuing texts runs on; default `xla`. */
  readonly decoding?: ExecutionBackend;
  /** Selects the random numbers where a task draws tokens; default 1234. */
  readonly seed?: number;
};

/** Most tokens of an answer unless a task says otherwise. */
const MAX_TOKENS = 256;

/**
 * A model with its tokenizer, ready for tasks.
 *
 * @throws UserError when model and tokenizer do not belong together, the model sees the future, or its context is shorter than
 * `maxLength`
 */
export function languageModel({ model, tokenizer }: Speaker, options: LanguageModelOptions = {}): LanguageModel {
  assertFits(tokenizer, model.config.vocab);
  const { context } = model.config;
  const { maxLength = context, decoding, seed, ...scoring } = options;
  // Of likelihoods 2 more could be read, of prompts 1: but so long a sequence has no place on a server of this model either.
  if (maxLength > context) {
    throw new UserError(`the longest sequence is ${maxLength}`, {
      where: "maxLength",
      expected: `at most ${context}, as many tokens as the model reads`,
    });
  }
  const ready = rounded(model);
  const encode = encoder(tokenizer, maxLength);
  const score = scorer(ready, scoring);
  // Made when a task wants texts: not every model can be decoded.
  let generate: Generator | undefined;
  return {
    async logLikelihoods(pairs, options) {
      const requests = pairs.map(({ context, continuation, where = "a request" }) =>
        within(where, () => encode.pair(context, continuation)),
      );
      return (await score(requests, options)).map((scores, i) => judged(scores, requests[i].continuation));
    },
    async rolling(texts, options) {
      const windows = texts.map(encode.rolling);
      const scores = await score(windows.flat(), options);
      let at = 0;
      return windows.map(({ length }) => scores.slice(at, (at += length)).reduce((all, each) => all + total(each), 0));
    },
    async generate(prompts, options) {
      generate ??= generator(ready, tokenizer, { backend: decoding, seed });
      const asked = prompts.map((prompt) => {
        const tokens = mostTokens(prompt.options) ?? MAX_TOKENS;
        return { ids: encode.prompt(prompt.context, tokens), tokens, options: prompt.options };
      });
      return (await generate(asked, options)).map(({ text }) => text);
    },
  };
}

function judged(scores: TokenScores, continuation: Int32Array): LogLikelihood | undefined {
  if (continuation.length === 0) return undefined;
  return { logLikelihood: total(scores), greedy: continuation.every((id, i) => id === scores.best[i]) };
}

/** Summed in float64, whatever the length. */
function total({ logLikelihoods }: TokenScores): number {
  let sum = 0;
  for (const value of logLikelihoods) sum += value;
  return sum;
}
