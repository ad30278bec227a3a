/** The worker of `bench -- decode`: one model with random weights, matrices rounded once, reading and decoding. */
import type { Tensor } from "../../engine/index.js";
import { Decoder, init, type Model, rounded } from "../../model/index.js";
import { serve } from "../harness/worker.js";
import { type ModelName, models } from "./models.js";

let model: Model<Tensor> | undefined;
let decoder: Decoder | undefined;

/** Any ids: what is computed does not depend on them. */
function idAt(position: number): number {
  return (position * 7919) % model!.config.vocab;
}

/** Tokens of a turn before the clock starts. */
const settling = 8;

/** Longest prompt by which a position is approached: the rest of the way is decoded. */
const longestPrompt = 4096;
const prompt = (length: number): Int32Array => Int32Array.from({ length }, (_, t) => idAt(t));

/** Decodes up to `position`. Starts anew where that is nearer, and when the sequence is more than 5 % past it. */
function goTo(position: number): void {
  const start = Math.min(longestPrompt, 2 ** Math.floor(Math.log2(position)));
  if (decoder!.length < start || decoder!.length > 1.05 * position) decoder!.prompt([prompt(start)]);
  while (decoder!.length < position) decoder!.next([idAt(decoder!.length)]);
}

serve({
  prepare({ name }: { name: ModelName }) {
    model = rounded(init(models[name], 0));
    decoder = new Decoder(model);
  },
  /** The mean time of `count` tokens from about `position` on, and the size of the state behind them. */
  decode({ position, count }: { position: number; count: number }) {
    goTo(position);
    // The others had their turns: their states have driven the weights out of the caches.
    for (let i = 0; i < settling; i++) decoder!.next([idAt(decoder!.length)]);
    const begin = performance.now();
    for (let i = 0; i < count; i++) decoder!.next([idAt(decoder!.length)]);
    return { ms: (performance.now() - begin) / count, bytes: decoder!.stateBytes };
  },
  /** The time from a prompt to the scores of its next token. */
  prompt({ length }: { length: number }) {
    const ids = prompt(length);
    const begin = performance.now();
    decoder!.prompt([ids]);
    const ms = performance.now() - begin;
    decoder!.reset();
    return { ms };
  },
});
