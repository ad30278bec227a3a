/** Going on with many prompts, several at a time. */
import type { ExecutionBackend, Tensor } from "../../engine/index.js";
import { type Sampler, sampler } from "../../generate/index.js";
import { Decoder, type Model } from "../../model/index.js";
import { TextStream, type Tokenizer } from "../../text/index.js";
import type { GenerationOptions } from "../requests/requests.js";
import type { ScoreOptions } from "./scorer.js";

/** A prompt as ids, and how it is to be continued. */
export type Prompt = { readonly ids: Int32Array; readonly tokens: number; readonly options: GenerationOptions };

/** What a prompt was continued with: the new text alone, its tokens, and whether a stop or the room ended it. */
export type Continuation = { readonly text: string; readonly tokens: number; readonly ending: "stop" | "length" };

/** Continues prompts, in their order. */
export type Generator = (prompts: readonly Prompt[], options?: ScoreOptions) => Promise<Continuation[]>;

/** Prompts that are continued together. */
export const TOGETHER = 8;

/**
 * A function that continues prompts until a stop string, the end marker or another that is a stop string, or their number of
 * tokens.
 *
 * A `temperature` above 0 says that tokens are drawn, whatever `do_sample` says: the harness's API models pass on the temperature
 * alone, 0 where there is none. (Its Hugging Face backend goes by `do_sample` where that is said: false takes the best token at
 * any temperature, true is refused at 0.) They are drawn by `temperature`, `top_k` and `top_p`, with numbers from the prompt's own
 * `seed` or else from `seed`. If none are drawn, the best token is taken, whatever these say.
 */
export function generator(
  model: Model<Tensor>,
  tokenizer: Tokenizer,
  { backend, seed = 1234 }: { readonly backend?: ExecutionBackend; readonly seed?: number } = {},
): Generator {
  // Kept for all prompts: its functions are compiled once.
  const decoder = new Decoder(model, { backend });
  return async (prompts, { progress, signal } = {}) => {
    const made = new Array<Continuation>(prompts.length);
    let done = 0;
    for (const places of batched(prompts, model.config.context)) {
      const running = places.map((place) => start(prompts[place], tokenizer, seed + place));
      await continued(decoder, model, running, tokenizer, signal);
      for (const [i, place] of places.entries()) made[place] = ended(running[i]);
      progress?.((done += places.length), prompts.length);
    }
    decoder.reset();
    return made;
  };
}

/**
 * Places of prompts that are continued together: of similar length, the longest first. A batch has room for its longest prompt
 * and the most tokens that any of its prompts asks for, so that none ends another early; what has no room by itself is alone.
 */
function batched(prompts: readonly Prompt[], context: number): readonly (readonly number[])[] {
  const order = prompts.map((_, i) => i).sort((a, b) => prompts[b].ids.length - prompts[a].ids.length);
  const batches: { readonly places: number[]; readonly longest: number; tokens: number }[] = [];
  for (const place of order) {
    const { ids, tokens } = prompts[place];
    const batch = batches.find(
      ({ places, longest, tokens: most }) => places.length < TOGETHER && longest + Math.max(most, tokens) <= context,
    );
    if (batch === undefined) batches.push({ places: [place], longest: ids.length, tokens });
    else {
      batch.places.push(place);
      batch.tokens = Math.max(batch.tokens, tokens);
    }
  }
  return batches.map(({ places }) => places);
}

/** A text that is growing. */
type Running = {
  readonly prompt: Prompt;
  readonly seen: number[];
  readonly stream: TextStream;
  readonly choose: Sampler;
  /** Tokens that end it. */
  readonly ends: ReadonlySet<number>;
  text: string;
  left: number;
  ending: Continuation["ending"];
};

function ended({ prompt, seen, text, ending }: Running): Continuation {
  return { text, tokens: seen.length - prompt.ids.length, ending };
}

function start(prompt: Prompt, tokenizer: Tokenizer, seed: number): Running {
  const { until, temperature: given, top_k, top_p, seed: own } = prompt.options;
  const temperature = given ?? 0;
  // A model may spell its end marker in other tokens than the marker itself.
  const { eos } = tokenizer.special;
  const stop = eos === undefined ? until : [...until, tokenizer.tokenOf(eos)];
  // Markers are left out of the text, where their spelling would never be met.
  const markers = until.flatMap((text) => tokenizer.idOf(text) ?? []).filter((id) => tokenizer.isSpecial(id));
  return {
    prompt,
    seen: [...prompt.ids],
    stream: new TextStream(tokenizer, { stop }),
    choose: sampler(
      temperature > 0 ? { temperature, topK: top_k ?? undefined, topP: top_p ?? undefined, seed: own ?? seed } : {},
    ),
    ends: new Set(eos === undefined ? markers : [...markers, eos]),
    text: "",
    left: prompt.tokens,
    ending: "length",
  };
}

async function continued(
  decoder: Decoder,
  { config }: Model<Tensor>,
  running: readonly Running[],
  tokenizer: Tokenizer,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Always as many rows: another number would have to be compiled anew.
  const rows = Array.from({ length: TOGETHER }, (_, i) => running[Math.min(i, running.length - 1)]);
  let scores = decoder.prompt(rows.map(({ prompt }) => prompt.ids));
  for (;;) {
    signal?.throwIfAborted();
    const chosen = rows.map((each, i) => {
      if (each.left === 0 || i >= running.length) return 0;
      // The embedding may have more rows than there are tokens: those are never chosen.
      const at = i * config.vocab;
      return advance(each, scores.subarray(at, at + tokenizer.vocab));
    });
    if (running.every(({ left }) => left === 0) || decoder.length >= config.context) break;
    await new Promise((resume) => setImmediate(resume));
    scores = decoder.next(chosen);
  }
  for (const each of running) each.text += each.stream.flush();
}

/** Appends the next token to a text, or ends it. Returns the token. */
function advance(running: Running, scores: Float32Array): number {
  const id = running.choose(scores, running.seen);
  if (running.ends.has(id)) {
    running.left = 0;
    running.ending = "stop";
    return id;
  }
  running.seen.push(id);
  running.text += running.stream.push(id);
  if (running.stream.stopped !== undefined) running.ending = "stop";
  running.left = running.ending === "stop" ? 0 : running.left - 1;
  return id;
}
