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
  const { ids, starts } = documents;
  const count = starts.length - 1;
  if (count < 1) throw new UserError("there are no documents to pack", { where: "packer" });
  let order: Int32Array = new Int32Array(0);
  let ordered = "";
  const orderOf = (seed: number, epoch: number): Int32Array => {
    const key = `${seed} ${epoch}`;
    if (key !== ordered) [order, ordered] = [shuffled(count, seed, epoch), key];
    return order;
  };

  return ({ batch, length, boundary }, cursor) => {
    for (const [name, value] of Object.entries({ batch, length })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new UserError(`${name} is ${value}`, { where: "packer", expected: "an integer from 1" });
      }
    }
    check(cursor, documents, orderOf);
    const stream = new Int32Array(batch * length + 1);
    let { epoch, document, offset } = cursor;
    let filled = 0;
    let next = cursor;
    while (filled < stream.length) {
      const at = orderOf(cursor.seed, epoch)[document];
      const size = starts[at + 1] - starts[at] + 1;
      const take = Math.min(size - offset, stream.length - filled);
      for (let i = 0; i < take; i++) {
        const position = offset + i;
        stream[filled + i] = position === 0 ? boundary : ids[starts[at] + position - 1];
      }
      filled += take;
      offset += take;
      // The last id is only looked at; the next batch begins with it.
      if (filled === stream.length) {
        next = { seed: cursor.seed, epoch, document, offset: offset - 1, tokens: cursor.tokens + filled - 1 };
      }
      if (offset === size) {
        offset = 0;
        document++;
        if (document === count) [epoch, document] = [epoch + 1, 0];
      }
    }
    return { inputs: stream.slice(0, -1), targets: stream.slice(1), shape: [batch, length], cursor: next };
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

function shuffled(count: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const draw = drawer(seed, epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = draw(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function check(cursor: DataCursor, { starts }: Documents, orderOf: (seed: number, epoch: number) => Int32Array): void {
  const { seed, epoch, document, offset, tokens } = cursor;
  const natural = [epoch, document, offset, tokens].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (Number.isSafeInteger(seed) && natural && document < starts.length - 1) {
    const at = orderOf(seed, epoch)[document];
    if (offset <= starts[at + 1] - starts[at]) return;
  }
  throw new UserError("the data cursor lies outside the documents", {
    where: JSON.stringify(cursor),
    expected: "a cursor that was made with the same documents",
  });
}
