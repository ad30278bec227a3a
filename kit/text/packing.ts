import { UserError } from "../errors.js";
import { drawer } from "./draw.js";
import { Ids, type Tokenizer } from "./tokenizer.js";

/** Documents as ids, one after another. */
export type Documents = {
  /** Ids of all documents, without anything between them. */
  readonly ids: Int32Array;
  /** Document `i` is `ids[starts[i]] … ids[starts[i + 1] - 1]`; one entry more than documents. */
  readonly starts: Int32Array;
  /** UTF-8 bytes of each document's text. */
  readonly bytes: Int32Array;
};

/** A place in the endless stream of ids; plain JSON, to be stored with a checkpoint. */
export type DataCursor = {
  /** Decides the order of documents, anew in every epoch. */
  readonly seed: number;
  readonly epoch: number;
  /** Position in this epoch's order. */
  readonly document: number;
  /** Position in the document: 0 is the boundary in front of it. */
  readonly offset: number;
  /** Ids taken in all. */
  readonly tokens: number;
};

/** Shape of a batch, and the id between documents. */
export type PackingOptions = {
  /** Rows, `B`. */
  readonly batch: number;
  /** Ids in a row, `T`. */
  readonly length: number;
  /** Id in front of every document. */
  readonly boundary: number;
};

/** Ids to learn from: `targets` are `inputs` one step later. */
export type Batch = {
  /** `[B, T]`, row after row. */
  readonly inputs: Int32Array;
  /** `[B, T]`, row after row. */
  readonly targets: Int32Array;
  /** `[B, T]`, row after row: the number of each id's document in its row, from 0. */
  readonly segments: Int32Array;
  readonly shape: readonly [batch: number, length: number];
  /** Where the next batch begins. */
  readonly cursor: DataCursor;
};

/**
 * Encodes texts once, for many epochs.
 *
 * @param tokenizer whose ids
 * @param texts the documents
 * @returns ids, boundaries and exact bytes
 */
export function encodeDocuments(tokenizer: Tokenizer, texts: Iterable<string>): Documents {
  const ids = new Ids();
  const starts = new Ids();
  const bytes = new Ids();
  for (const text of texts) {
    starts.push(ids.length);
    // A story that happens to contain a marker must not end there.
    ids.append(tokenizer.encode(text, { parseSpecial: false }));
    bytes.push(Buffer.byteLength(text, "utf8"));
  }
  starts.push(ids.length);
  return { ids: ids.copy(), starts: starts.copy(), bytes: bytes.copy() };
}

/**
 * Neighbouring documents as one, with the boundary between them: what a model reads in training, as long as wanted. For
 * measuring losses far behind where documents end.
 *
 * @param documents what {@link encodeDocuments} made
 * @param tokens a joined document is complete when it has so many ids; the last may have fewer
 * @param boundary id between documents
 * @returns the joined documents, in the same order, without losing an id or a byte
 */
export function joinDocuments(documents: Documents, tokens: number, boundary: number): Documents {
  const ids = new Ids();
  const starts: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i + 1 < documents.starts.length; i++) {
    if (starts.length === 0 || ids.length - starts[starts.length - 1] >= tokens) {
      starts.push(ids.length);
      bytes.push(0);
    } else ids.push(boundary);
    ids.append(documents.ids.subarray(documents.starts[i], documents.starts[i + 1]));
    bytes[bytes.length - 1] += documents.bytes[i];
  }
  starts.push(ids.length);
  return { ids: ids.copy(), starts: Int32Array.from(starts), bytes: Int32Array.from(bytes) };
}

/** The cursor at the beginning of all data. */
export function startCursor(seed: number): DataCursor {
  return { seed, epoch: 0, document: 0, offset: 0, tokens: 0 };
}

/** Documents in places, in an order that is another in every epoch. */
export type Ordering<D extends Documents = Documents> = {
  /** Places in an epoch. */
  readonly count: number;
  /** The document in a place: number `index` of `documents`. */
  readonly at: (seed: number, epoch: number, place: number) => { readonly documents: D; readonly index: number };
};

/** A piece of a document: `length` ids from position `from` on, where 0 is the boundary in front of the document. */
export type Stretch<D extends Documents = Documents> = {
  readonly documents: D;
  readonly index: number;
  readonly from: number;
  readonly length: number;
};

/**
 * Walks through documents from a cursor on, each with the boundary in front of it.
 *
 * @param ordering which documents, in which order
 * @param cursor where to begin
 * @param count ids to see in all; the last is only looked at
 * @param visit called with one stretch after another
 * @returns the cursor at the last id: there the next walk begins
 * @throws UserError when the cursor lies outside the documents
 */
export function walk<D extends Documents>(
  ordering: Ordering<D>,
  cursor: DataCursor,
  count: number,
  visit: (stretch: Stretch<D>) => void,
): DataCursor {
  check(cursor, ordering);
  let { epoch, document, offset } = cursor;
  for (let left = count; ; ) {
    const { documents, index } = ordering.at(cursor.seed, epoch, document);
    const size = sizeOf(documents, index);
    const length = Math.min(size - offset, left);
    visit({ documents, index, from: offset, length });
    left -= length;
    offset += length;
    if (left === 0)
      return { seed: cursor.seed, epoch, document, offset: offset - 1, tokens: cursor.tokens + count - 1 };
    offset = 0;
    document++;
    if (document === ordering.count) [epoch, document] = [epoch + 1, 0];
  }
}

/** Ids that a batch reads: one more than it has, for the last target. */
export function streamLength({ batch, length }: PackingOptions): number {
  for (const [name, value] of Object.entries({ batch, length })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UserError(`${name} is ${value}`, { where: "packer", expected: "an integer from 1" });
    }
  }
  return batch * length + 1;
}

/** Copies the ids of a stretch to `stream`, from `at` on. */
export function copyStretch(stretch: Stretch, boundary: number, stream: Int32Array, at: number): void {
  const { documents, index, from, length } = stretch;
  const first = documents.starts[index] - 1 + from;
  for (let i = 0; i < length; i++) stream[at + i] = from + i === 0 ? boundary : documents.ids[first + i];
}

/**
 * The number of each id's document in its row.
 *
 * @param begins 1 where a document begins
 * @returns `[B, T]`, row after row
 */
export function numbered(begins: Uint8Array, { batch, length }: PackingOptions): Int32Array {
  let number = 0;
  return Int32Array.from({ length: batch * length }, (_, i) => (number = i % length === 0 ? 0 : number + begins[i]));
}

/**
 * A function that packs documents into batches.
 *
 * The stream is, epoch after epoch, every document in a shuffled order with the boundary in front of it. A batch takes
 * the next `B·T` ids as inputs, row by row, and looks one id further for the last target: no id is dropped or padded.
 * The result is a function of documents, options and cursor, so that a run resumes exactly, also with another `B` or
 * `T`. Cost: the first batch of an epoch shuffles it, O(documents).
 *
 * @param documents what {@link encodeDocuments} made
 * @returns a function from options and cursor to the batch there
 * @throws UserError when there are no documents, or the cursor or an option is outside them
 */
export function packer(documents: Documents): (options: PackingOptions, cursor: DataCursor) => Batch {
  const count = documents.starts.length - 1;
  if (count < 1) throw new UserError("there are no documents to pack", { where: "packer" });
  const order = shuffles(count);
  const ordering: Ordering = { count, at: (seed, epoch, place) => ({ documents, index: order(seed, epoch)[place] }) };
  return (options, cursor) => {
    const stream = new Int32Array(streamLength(options));
    const begins = new Uint8Array(stream.length);
    let filled = 0;
    const next = walk(ordering, cursor, stream.length, (stretch) => {
      copyStretch(stretch, options.boundary, stream, filled);
      if (stretch.from === 0) begins[filled] = 1;
      filled += stretch.length;
    });
    const [inputs, targets, segments] = [stream.slice(0, -1), stream.slice(1), numbered(begins, options)];
    return { inputs, targets, segments, shape: [options.batch, options.length], cursor: next };
  };
}

/**
 * Batches without end, from a cursor on.
 *
 * @param documents what {@link encodeDocuments} made
 * @param options shape and boundary
 * @param cursor where to begin; a batch's own `cursor` continues after it
 * @yields one batch after another
 */
export function* batches(documents: Documents, options: PackingOptions, cursor: DataCursor): Generator<Batch> {
  const pack = packer(documents);
  for (let at = cursor; ; ) {
    const batch = pack(options, at);
    yield batch;
    at = batch.cursor;
  }
}

/** Ids of one epoch: every document and the boundary in front of it. */
export function epochTokens(documents: Documents): number {
  return documents.ids.length + documents.starts.length - 1;
}

/** Ids of a document and the boundary in front of it. */
function sizeOf({ starts }: Documents, index: number): number {
  return starts[index + 1] - starts[index] + 1;
}

/**
 * The order of `count` documents in an epoch, by seed and epoch alone; the one asked for last is kept.
 *
 * Source: the shuffle of Fisher and Yates, with integers that count instead of a state.
 */
export function shuffles(count: number): (seed: number, epoch: number) => Int32Array {
  let held: { readonly seed: number; readonly epoch: number; readonly order: Int32Array } | undefined;
  return (seed, epoch) => {
    if (held?.seed !== seed || held.epoch !== epoch) held = { seed, epoch, order: shuffled(count, seed, epoch) };
    return held.order;
  };
}

function shuffled(count: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const draw = drawer(seed, epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = draw(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function check(cursor: DataCursor, ordering: Ordering): void {
  const { seed, epoch, document, offset, tokens } = cursor;
  const natural = [epoch, document, offset, tokens].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (Number.isSafeInteger(seed) && natural && document < ordering.count) {
    const { documents, index } = ordering.at(seed, epoch, document);
    if (offset < sizeOf(documents, index)) return;
  }
  throw new UserError("the data cursor lies outside the documents", {
    where: JSON.stringify(cursor),
    expected: "a cursor that was made with the same documents",
  });
}
