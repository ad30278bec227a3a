/** What documents cost a model: each of their tokens once, from the boundary on. */
import { compile, type ExecutionBackend, read, scope, type Tensor, tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type LeakOptions, type Model, type ModelConfig, type ModelParams, refuseLeaks } from "../model/index.js";
import type { Documents, MaskedDocuments } from "../text/index.js";
import { tokenLogLikelihoods } from "./likelihood.js";
import { batchWindows, cutWindows, type WindowBatch } from "./windows.js";

/** How documents are scored. */
export type DocumentScoring = LeakOptions & {
  /** Id in front of every document, as in training; it ends a document as well. */
  readonly boundary: number;
  /** Most tokens the model reads at once; default its context. More shows what it makes of lengths it has not seen. */
  readonly window?: number;
  /** How far the window moves on in a longer document; default a half of it. */
  readonly stride?: number;
  /** Most ids in a batch, padding included; default 2,048. Changes speed and memory, not the result. */
  readonly batchTokens?: number;
  /** Default `graph`, which needs no long compilation for each of the few lengths. */
  readonly backend?: ExecutionBackend;
  /** Which positions are told apart: up to `most`, in steps of `bucket`. Default 2,048 and 64. */
  readonly positions?: { readonly bucket: number; readonly most: number };
  /** Called after each batch with the tokens scored so far and in all. */
  readonly progress?: (scored: number, tokens: number) => void;
};

/** What texts cost in all, in the units they are compared by. */
export type TextLoss = {
  /** `−Σ log p` over all tokens. */
  readonly nats: number;
  /** Tokens predicted: those of the documents, and the boundary that ends each. */
  readonly tokens: number;
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  readonly natsPerToken: number;
  /** `nats / (bytes · ln 2)`: comparable between tokenizers, as long as none of them loses text. */
  readonly bitsPerByte: number;
  /** `exp(natsPerToken)`: comparable only between models of one tokenizer. */
  readonly perplexity: number;
};

/** Mean loss of the tokens that have `from` to `to − 1` tokens of their document before them. */
export type PositionLoss = {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  readonly natsPerToken: number;
};

/** Losses of each document, in their order, of all, and by position. */
export type DocumentLosses = TextLoss & {
  readonly documents: {
    /** `−Σ log p` of each document's tokens and of the boundary that ends it. */
    readonly nats: Float64Array;
    /** How many these are. */
    readonly tokens: Int32Array;
    /** UTF-8 bytes. */
    readonly bytes: Int32Array;
  };
  /** Buckets that hold a token. */
  readonly byPosition: readonly PositionLoss[];
};

/** What can be scored: where documents say which of their tokens count, the others are read and cost nothing. */
export type Scored = Documents & Partial<MaskedDocuments>;

/** Scores documents with the weights it is given; compiled once for each length. */
export type DocumentScorer = (params: ModelParams<Tensor>, documents: Scored) => DocumentLosses;

/**
 * A function that scores documents with any weights of one config: for validating again and again.
 *
 * A document of ids `d₁ … dₙ` is read as `boundary d₁ … dₙ`, and predicts `d₁ … dₙ boundary`: its end is part of its cost,
 * without which the probabilities of all documents would not sum to one. No document sees another, none is cut: one that
 * is longer than the window is continued as {@link cutWindows} says. Padding stands behind the documents and is never
 * counted; of {@link MaskedDocuments} only the tokens to be learnt are, and the end where the last one is; sums are taken in float64, so that batches and order change no more than rounding within the model does.
 *
 * @param config the model's
 * @param scoring boundary, window, batches
 * @throws UserError when the window, stride, boundary or an id of a document is impossible, or the model sees the future and
 * that is not allowed
 */
export function documentScorer(config: ModelConfig, scoring: DocumentScoring): DocumentScorer {
  refuseLeaks(config, "Scoring documents", scoring);
  const { boundary, window = config.context, batchTokens = 2048, backend = "graph", progress } = scoring;
  const { stride = Math.ceil(window / 2), positions = { bucket: 64, most: 2048 } } = scoring;
  checkId(boundary, config.vocab, "the boundary");
  const logLikelihoods = compile(
    (params: ModelParams<Tensor>, inputs: Tensor, targets: Tensor) =>
      tokenLogLikelihoods({ config, params }, inputs, targets),
    { name: "documentLosses", backend, newShapes: "expect" },
  );
  return (params, documents) => {
    const { ids, starts, bytes } = documents;
    for (const id of ids) checkId(id, config.vocab, "a token of the documents");
    const lengths = Int32Array.from(bytes, (_, i) => starts[i + 1] - starts[i] + 1);
    const total = ids.length + lengths.length;
    const counts = countingOf(documents);
    const [nats, tokens] = [new Float64Array(lengths.length), new Int32Array(lengths.length)];
    const buckets = new Buckets(positions);
    let scored = 0;
    for (const batch of batchWindows(cutWindows(lengths, { window, stride }), window, batchTokens)) {
      const { inputs, targets, shape } = padded(batch, documents, boundary);
      const values = scope(() => read(logLikelihoods(params, tensor(inputs, shape), tensor(targets, shape))));
      for (const [row, { document, start, scored: first, end }] of batch.windows.entries()) {
        for (let position = first; position < end; position++) {
          if (!counts(document, position)) continue;
          const loss = -values[row * batch.length + position - start];
          nats[document] += loss;
          tokens[document]++;
          buckets.add(position, loss);
        }
        scored += end - first;
      }
      progress?.(scored, total);
    }
    return {
      ...textLoss(sum(nats), sum(tokens), sum(bytes)),
      documents: { nats, tokens, bytes: bytes.slice() },
      byPosition: buckets.means(),
    };
  };
}

/** Whether the token at a position of a document counts; behind its last one stands the boundary. */
function countingOf({ starts, counted }: Scored): (document: number, position: number) => boolean {
  if (counted === undefined) return () => true;
  return (document, position) => {
    const [first, end] = [starts[document], starts[document + 1]];
    return counted[Math.min(first + position, end - 1)] === 1 && end > first;
  };
}

/**
 * Scores documents once; see {@link documentScorer}.
 *
 * @param model whose losses
 * @param documents what `encodeDocuments` made
 */
export function documentLosses(model: Model<Tensor>, documents: Scored, scoring: DocumentScoring): DocumentLosses {
  return documentScorer(model.config, scoring)(model.params, documents);
}

/**
 * A total loss in the units texts are compared by.
 *
 * @param nats `−Σ log p`
 * @param tokens how many were predicted
 * @param bytes UTF-8 bytes of the whole text, exactly
 */
export function textLoss(nats: number, tokens: number, bytes: number): TextLoss {
  const natsPerToken = nats / tokens;
  return {
    nats,
    tokens,
    bytes,
    natsPerToken,
    bitsPerByte: nats / (bytes * Math.LN2),
    perplexity: Math.exp(natsPerToken),
  };
}

type Padded = {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly shape: readonly [rows: number, length: number];
};

/** Ids of a batch; what is not covered by a window is the boundary, an id that exists. */
function padded({ windows, rows, length }: WindowBatch, { ids, starts }: Documents, boundary: number): Padded {
  const [inputs, targets] = [new Int32Array(rows * length), new Int32Array(rows * length)].map((x) => x.fill(boundary));
  for (const [row, { document, start, end }] of windows.entries()) {
    // Position p reads the id before the one it predicts; the first reads, and the last predicts, the boundary.
    const first = starts[document];
    const last = starts[document + 1];
    inputs.set(ids.subarray(first + Math.max(start - 1, 0), first + end - 1), row * length + (start === 0 ? 1 : 0));
    targets.set(ids.subarray(first + start, Math.min(first + end, last)), row * length);
  }
  return { inputs, targets, shape: [rows, length] };
}

/** Sums by position. */
class Buckets {
  private readonly nats: Float64Array;
  private readonly counts: Int32Array;
  private readonly bucket: number;

  constructor({ bucket, most }: { readonly bucket: number; readonly most: number }) {
    if (!Number.isInteger(bucket) || bucket < 1 || !Number.isInteger(most / bucket) || most < 1) {
      throw new UserError(`positions up to ${most} in steps of ${bucket}`, {
        where: "documentLosses",
        expected: "a step from 1, and a multiple of it",
      });
    }
    this.bucket = bucket;
    this.nats = new Float64Array(most / bucket);
    this.counts = new Int32Array(this.nats.length);
  }

  add(position: number, nats: number): void {
    const at = Math.floor(position / this.bucket);
    if (at >= this.nats.length) return;
    this.nats[at] += nats;
    this.counts[at]++;
  }

  means(): PositionLoss[] {
    const { bucket } = this;
    return Array.from(this.nats, (nats, i) => ({
      from: i * bucket,
      to: (i + 1) * bucket,
      tokens: this.counts[i],
      natsPerToken: nats / this.counts[i],
    })).filter(({ tokens }) => tokens > 0);
  }
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function checkId(id: number, vocab: number, what: string): void {
  if (Number.isInteger(id) && id >= 0 && id < vocab) return;
  throw new UserError(`${what} is ${id}`, {
    where: "documentLosses",
    expected: `an id of the model's vocabulary, 0 to ${vocab - 1}`,
  });
}
