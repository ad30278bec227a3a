/** Answers of `/v1/completions`, field by field what lm-eval 0.4.13 reads. */
import type { Tokenizer } from "../../text/index.js";
import type { Continuation } from "../scoring/generation.js";
import type { TokenScores } from "../scoring/tokenScores.js";

/** One choice of an answer, without its number. */
export type Choice = {
  readonly text: string;
  readonly logprobs: {
    readonly tokens: readonly string[];
    readonly token_logprobs: readonly (number | null)[];
    readonly top_logprobs: readonly ({ readonly [token: string]: number } | null)[];
    readonly text_offset: readonly number[];
  } | null;
  readonly finish_reason: "stop" | "length";
};

/**
 * The log-likelihoods of a prompt and of one token more, the best: `prompt + 1` entries, the first of them null. Of a token
 * that is the best in its place, both numbers are the same to the last bit: the harness compares them with `==`.
 *
 * @param ids the prompt
 * @param scores of all behind its first id and of any one id more; see {@link scoredRequest}
 */
export function scoredChoice(tokenizer: Tokenizer, ids: Int32Array, scores: TokenScores): Choice {
  const last = ids.length - 1;
  const all = [...ids, scores.best[last]];
  const own = (i: number): number => (i === last ? scores.bestLogLikelihoods[i] : scores.logLikelihoods[i]);
  const offsets: number[] = [];
  let length = 0;
  for (const id of all) {
    offsets.push(length);
    length += textOf(tokenizer, [id]).length;
  }
  return {
    text: textOf(tokenizer, all),
    logprobs: {
      tokens: all.map((id) => spelt(tokenizer, id)),
      token_logprobs: [null, ...Array.from(ids, (_, i) => own(i))],
      top_logprobs: [
        null,
        ...Array.from(ids, (_, i) => ({ [spelt(tokenizer, scores.best[i])]: scores.bestLogLikelihoods[i] })),
      ],
      text_offset: offsets,
    },
    finish_reason: "length",
  };
}

/** A token as its vocabulary spells it; of a row of the embedding that no token uses, the number. */
function spelt(tokenizer: Tokenizer, id: number): string {
  return id < tokenizer.vocab ? tokenizer.tokenOf(id) : `<unused ${id}>`;
}

/** Rows that no token uses have no text. */
function textOf(tokenizer: Tokenizer, ids: readonly number[]): string {
  return tokenizer.decode(ids.filter((id) => id < tokenizer.vocab));
}

/** What to ask of a scorer for {@link scoredChoice}: the whole prompt is read, and the place behind it judged as well. */
export function scoredRequest(ids: Int32Array): { readonly context: Int32Array; readonly continuation: Int32Array } {
  return { context: ids.subarray(0, 1), continuation: Int32Array.of(...ids.subarray(1), 0) };
}

/** A text that was written on: the new text alone. */
export function writtenChoice({ text, ending }: Continuation): Choice {
  return { text, logprobs: null, finish_reason: ending };
}

/** The whole answer; choices are in the order of the prompts and numbered by it. */
export function completion(
  id: number,
  model: string,
  choices: readonly Choice[],
  { prompt, written }: { readonly prompt: number; readonly written: number },
): object {
  return {
    id: `cmpl-${id}`,
    object: "text_completion",
    created: Math.floor(Date.now() / 1000),
    model,
    choices: choices.map((choice, index) => ({ index, ...choice })),
    usage: { prompt_tokens: prompt, completion_tokens: written, total_tokens: prompt + written },
  };
}
