import type { ExecutionBackend, Tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { Decoder, type Model } from "../model/index.js";
import { assertFits, TextStream, type Tokenizer } from "../text/index.js";
import { type SamplingOptions, sampler } from "./sampler.js";

export type GenerateOptions = SamplingOptions & {
  /** Most tokens to add. Default 64. */
  readonly maxTokens?: number;
  /** Strings at which the text ends; they are not part of it. */
  readonly stop?: readonly string[];
  /** Whether the tokenizer's end marker ends the text. Default true. */
  readonly stopAtEnd?: boolean;
  /** What the model runs on. Default `xla`. */
  readonly backend?: ExecutionBackend;
};

/** A piece of generated text, in whole characters; its text may be empty. */
export type Piece = { readonly id: number; readonly text: string };

/** Why generation ended. */
export type Ending = "stop" | "end" | "length" | "context";

export type Generated = {
  /** The new text alone. */
  readonly text: string;
  readonly ids: readonly number[];
  readonly ending: Ending;
  /** Time for the prompt, and for each token after the first. */
  readonly promptMs: number;
  readonly msPerToken: number;
};

/** A model that can be spoken to. */
export type Speaker = { readonly model: Model<Tensor>; readonly tokenizer: Tokenizer };

/**
 * Continues a prompt token by token.
 *
 * @param prompt Text or ids. An empty text starts from the tokenizer's begin marker.
 * @returns An asynchronous sequence of pieces; its return value sums up.
 * @throws UserError when there is nothing to start from, or the tokenizer and the model do not fit together.
 */
export async function* stream(
  { model, tokenizer }: Speaker,
  prompt: string | ArrayLike<number>,
  options: GenerateOptions = {},
): AsyncGenerator<Piece, Generated> {
  const { maxTokens = 64, stop = [], stopAtEnd = true, backend } = options;
  assertFits(tokenizer, model.config.vocab);
  const choose = sampler(options);
  const seen = startingIds(tokenizer, prompt);
  const text = new TextStream(tokenizer, { after: seen, stop });
  const decoder = new Decoder(model, { backend });
  const ids: number[] = [];
  let written = "";
  let ending: Ending = "length";
  const begin = performance.now();
  let promptMs = 0;
  try {
    let scores = decoder.prompt([seen]);
    promptMs = performance.now() - begin;
    while (ids.length < maxTokens) {
      // The embedding may have more rows than there are tokens: those are never chosen.
      const id = choose(scores.subarray(0, tokenizer.vocab), seen);
      if (stopAtEnd && id === tokenizer.special.eos) {
        ending = "end";
        break;
      }
      seen.push(id);
      ids.push(id);
      const piece = text.push(id);
      written += piece;
      yield { id, text: piece };
      if (text.stopped !== undefined) {
        ending = "stop";
        break;
      }
      if (ids.length === maxTokens) break;
      if (decoder.length >= model.config.context) {
        ending = "context";
        break;
      }
      // Control returns to the event loop, so that text is shown and an interrupt arrives.
      await new Promise((resume) => setImmediate(resume));
      scores = decoder.next([id]);
    }
    const rest = text.flush();
    if (rest !== "") yield { id: ids[ids.length - 1], text: rest };
    const msPerToken = ids.length > 1 ? (performance.now() - begin - promptMs) / (ids.length - 1) : 0;
    return { text: written + rest, ids, ending, promptMs, msPerToken };
  } finally {
    decoder.reset();
  }
}

/**
 * Continues a prompt.
 *
 * @param onPiece Called with each piece of text as it arrives.
 */
export async function text(
  speaker: Speaker,
  prompt: string | ArrayLike<number>,
  options: GenerateOptions & { readonly onPiece?: (piece: string) => void } = {},
): Promise<Generated> {
  const pieces = stream(speaker, prompt, options);
  for (;;) {
    const next = await pieces.next();
    if (next.done) return next.value;
    options.onPiece?.(next.value.text);
  }
}

function startingIds(tokenizer: Tokenizer, prompt: string | ArrayLike<number>): number[] {
  const ids = Array.from(typeof prompt === "string" ? tokenizer.encode(prompt, { addSpecial: true }) : prompt);
  if (ids.length > 0) return ids;
  const { bos } = tokenizer.special;
  if (bos === undefined) {
    throw new UserError("generate: the prompt is empty, and the tokenizer has no marker to begin with", {
      fix: "Give at least one character",
    });
  }
  return [bos];
}
