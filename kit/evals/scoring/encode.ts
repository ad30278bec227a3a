/** From texts to the ids a model is asked about: the harness's own habits, kept exactly. */
import { UserError } from "../../errors.js";
import type { Tokenizer } from "../../text/index.js";
import { stripEnd } from "../python/text.js";

/** How likely is a continuation, each of its tokens given all before it? */
export type TokenRequest = {
  /** At least one id. */
  readonly context: Int32Array;
  readonly continuation: Int32Array;
};

/** Turns texts into requests of a model. */
export type Encoder = {
  /** A continuation after a context, which may be empty. */
  readonly pair: (context: string, continuation: string) => TokenRequest;
  /** A whole text in windows, each token predicted once. */
  readonly rolling: (text: string) => readonly TokenRequest[];
  /** The end of a prompt that leaves room for `tokens` more. */
  readonly prompt: (context: string, tokens: number) => Int32Array;
};

/**
 * An encoder for a context length, which is `max_length` of the harness's API models: at most `maxLength − 1` ids are sent,
 * and one more is generated. Its Hugging Face models say `maxLength − 2` for the same.
 *
 * Nothing is put in front of a text, but an empty context is the tokenizer's begin marker, or its end marker.
 *
 * @source lm-eval 0.4.13, `api/model.py`, `models/api_models.py`, `utils.py`
 */
export function encoder(tokenizer: Tokenizer, maxLength: number): Encoder {
  if (!Number.isInteger(maxLength) || maxLength < 3) {
    throw new UserError(`the longest sequence is ${maxLength}`, { expected: "a number of tokens from 3" });
  }
  const sent = maxLength - 1;
  const encode = (text: string): Int32Array => tokenizer.encode(text);
  // The choices of a question follow each other.
  let last: { readonly text: string; readonly ids: Int32Array } = { text: "", ids: Int32Array.of() };
  const encodeContext = (text: string): Int32Array => {
    if (text !== last.text) last = { text, ids: encode(text) };
    return last.ids;
  };
  const prefix = (): number => prefixOf(tokenizer);

  const pair = (context: string, continuation: string): TokenRequest => {
    if (context === "") return atStart(prefix(), encode(continuation));
    // Spaces at the end belong to the word behind them.
    const kept = stripEnd(context);
    if (kept === "") return { context: Int32Array.of(prefix()), continuation: encode(context + continuation) };
    const whole = encode(context + continuation);
    // Where tokens reach across the seam, this is not what the context begins in the whole; the harness sends it all the same.
    const before = encodeContext(kept);
    return { context: before, continuation: whole.subarray(before.length) };
  };

  return {
    pair: (context, continuation) => truncated(pair(context, continuation), sent),
    rolling: (text) => windowsOf(encode(text), prefix(), sent - 1),
    prompt: (context, tokens) => {
      const room = sent - tokens;
      if (room < 1) {
        throw new UserError(`${tokens} tokens are to be generated, and ${sent} are all there is room for`, {
          where: "generation_kwargs",
          fix: "Ask for fewer with max_gen_toks",
        });
      }
      const ids = encode(context);
      return ids.length === 0 ? Int32Array.of(prefix()) : ids.subarray(Math.max(0, ids.length - room));
    },
  };
}

/** A text from the start: behind the prefix, unless it begins with it. */
function atStart(prefix: number, ids: Int32Array): TokenRequest {
  if (ids[0] === prefix) return { context: ids.subarray(0, 1), continuation: ids.subarray(1) };
  return { context: Int32Array.of(prefix), continuation: ids };
}

/** The last `sent` ids: what is too long loses its beginning. */
function truncated({ context, continuation }: TokenRequest, sent: number): TokenRequest {
  const excess = context.length + continuation.length - sent;
  if (excess <= 0) return { context, continuation };
  if (excess >= context.length) {
    throw new UserError(`a continuation has ${continuation.length} tokens`, {
      where: "evals",
      expected: `at most ${sent - 1}, so that one of the context is left`,
      fix: "Raise the longest sequence, if the model can take it",
    });
  }
  return { context: context.subarray(excess), continuation };
}

/**
 * Windows of at most `length` predictions. All but the last are full and follow each other; the last is filled up from the
 * left, and only what no other has predicted is its continuation.
 */
function windowsOf(ids: Int32Array, prefix: number, length: number): readonly TokenRequest[] {
  const all = new Int32Array(1 + ids.length);
  all[0] = prefix;
  all.set(ids, 1);
  const windows: TokenRequest[] = [];
  for (let done = 0; done < ids.length; done += length) {
    const end = Math.min(done + length, ids.length);
    // Position i of `all` predicts id i.
    const begin = Math.max(0, end - length);
    windows.push({ context: all.subarray(begin, done + 1), continuation: ids.subarray(done, end) });
  }
  return windows;
}

/** The id that stands where there is no context. */
export function prefixOf(tokenizer: Tokenizer): number {
  const prefix = beginMarker(tokenizer);
  if (prefix !== undefined) return prefix;
  throw new UserError("the tokenizer has no marker to begin a text with", {
    where: "evals",
    expected: "a tokenizer with bos or eos",
  });
}

/** What a text is begun with: the tokenizer's begin marker, or else its end marker. */
export function beginMarker({ special }: Tokenizer): number | undefined {
  return special.bos ?? special.eos;
}
