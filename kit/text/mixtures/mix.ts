/** Documents of several sources in one stream, each source with its share. */
import { UserError } from "../../errors.js";
import { drawer } from "../draw.js";
import {
  type Batch,
  copyStretch,
  type DataCursor,
  numbered,
  type Ordering,
  type PackingOptions,
  shuffles,
  streamLength,
  walk,
} from "../packing.js";
import type { MaskedDocuments } from "./examples.js";

/** Documents of one source. */
export type MixedSource = {
  /** For messages. */
  readonly name: string;
  /** How often its documents are drawn, in proportion to the other sources. */
  readonly weight: number;
  readonly documents: MaskedDocuments;
};

/** Sources that are drawn from. */
export type Mixture = { readonly sources: readonly MixedSource[] };

/** A batch of which some targets only count: they are `inputs` one step later where they are to be learnt, else −1. */
export type MixtureBatch = Batch;

/**
 * A function that packs a mixture into batches.
 *
 * The stream is one document after another with the boundary in front of each, cut into rows as `packer` cuts it: no id is
 * dropped or padded. Draw number `n` takes source `s` with probability `weight[s] / Σ weight`, by a hash of seed and `n`;
 * within a source every document comes once before any comes again, in an order that is shuffled anew each time. An epoch
 * is as many draws as there are documents in all. A weight is a share of documents: a source of longer documents has a
 * greater share of tokens. All of it follows from the numbers of the cursor, so that a run resumes
 * to the exact id, also with another `B` or `T`. Of a mixture of one source it is the stream of `packer`.
 *
 * The boundary behind a document counts when the document's last id does: a text is to end there, whereas a conversation
 * has said so with its own marker.
 *
 * Cost: batches that follow each other O(B·T); the first one after a jump counts the draws before it, half a second a
 * million.
 *
 * @returns a function from options and cursor to the batch there
 * @throws UserError when there is no source, a source is empty or has a weight that is not positive; from the function,
 * when the cursor or an option is impossible
 */
export function mixturePacker(mixture: Mixture): (options: PackingOptions, cursor: DataCursor) => MixtureBatch {
  const ordering = mixedOrdering(mixture);
  return (options, cursor) => {
    const stream = new Int32Array(streamLength(options));
    const counted = new Uint8Array(stream.length);
    const begins = new Uint8Array(stream.length);
    let filled = 0;
    const next = walk(ordering, cursor, stream.length, (stretch) => {
      const { documents, index, from, length } = stretch;
      copyStretch(stretch, options.boundary, stream, filled);
      const first = documents.starts[index] - 1 + from;
      if (from === 0) begins[filled] = 1;
      for (let i = 0; i < length; i++, filled++) {
        counted[filled] = from + i === 0 ? (counted[filled - 1] ?? 0) : documents.counted[first + i];
      }
    });
    return {
      inputs: stream.slice(0, -1),
      targets: stream.slice(1).map((id, i) => (counted[i + 1] === 1 ? id : -1)),
      segments: numbered(begins, options),
      shape: [options.batch, options.length],
      cursor: next,
    };
  };
}

/**
 * Batches of a mixture without end, from a cursor on.
 *
 * @param mixture the sources
 * @param options shape and boundary
 * @param cursor where to begin; a batch's own `cursor` continues after it
 * @yields one batch after another
 */
export function* mixtureBatches(
  mixture: Mixture,
  options: PackingOptions,
  cursor: DataCursor,
): Generator<MixtureBatch> {
  const pack = mixturePacker(mixture);
  for (let at = cursor; ; ) {
    const batch = pack(options, at);
    yield batch;
    at = batch.cursor;
  }
}

/**
 * The source of every draw, and how often it was drawn before.
 *
 * @param weights of the sources, above 0
 * @returns a function from seed and number of a draw
 */
export function draws(
  weights: readonly number[],
): (seed: number, draw: number) => { readonly source: number; readonly before: number } {
  let sum = 0;
  const borders = weights.map((weight) => (sum += weight));
  const choose = (seed: number, draw: number): number => {
    const point = (drawer(streamSeed(seed, -1), draw)(2 ** 32) / 2 ** 32) * sum;
    const found = borders.findIndex((border) => point < border);
    return found < 0 ? weights.length - 1 : found;
  };
  let counts = { seed: 0, draw: 0, taken: weights.map(() => 0) };
  return (seed, draw) => {
    if (counts.seed !== seed || counts.draw > draw) counts = { seed, draw: 0, taken: weights.map(() => 0) };
    for (; counts.draw < draw; counts.draw++) counts.taken[choose(seed, counts.draw)]++;
    const source = choose(seed, draw);
    return { source, before: counts.taken[source] };
  };
}

/** Seeds of streams that do not meet: `drawer` reads all bits of a safe integer. */
function streamSeed(seed: number, stream: number): number {
  return seed + stream * 2 ** 32;
}

function mixedOrdering({ sources }: Mixture): Ordering<MaskedDocuments> {
  if (sources.length === 0) throw new UserError("the mixture is empty", { where: "mixture", expected: "a source" });
  const counts = sources.map(({ documents }) => documents.starts.length - 1);
  sources.forEach(({ name, weight }, i) => {
    checkWeight(weight, name);
    if (counts[i] < 1) throw new UserError("this source of the mixture has no documents", { where: name });
  });
  const orders = counts.map(shuffles);
  const drawn = draws(sources.map(({ weight }) => weight));
  const count = counts.reduce((a, b) => a + b);
  return {
    count,
    at(seed, epoch, place) {
      const { source, before } = drawn(seed, epoch * count + place);
      const order = orders[source](streamSeed(seed, source), Math.floor(before / counts[source]));
      return { documents: sources[source].documents, index: order[before % counts[source]] };
    },
  };
}

/** @throws UserError for a weight that is not above 0 */
export function checkWeight(weight: number, where: string): void {
  if (weight > 0 && Number.isFinite(weight)) return;
  throw new UserError(`the weight is ${weight}`, { where, expected: "a number above 0" });
}
