/** What a run reads: documents of both sides as ids. */
import { UserError } from "../errors.js";
import {
  type Batch,
  type Corpus,
  type DataCursor,
  type Documents,
  documentBoundary,
  encodeDocuments,
  openCorpus,
  openTokenizer,
  splitCorpus,
  stagedBatches,
  type TrainedTokenizerJson,
  trainedTokenizer,
} from "../text/index.js";
import type { RunSpec } from "./spec.js";

/** The two sides of a run's corpus, and its tokenizer. */
export type RunData = {
  readonly whole: Corpus;
  readonly tokenizer: TrainedTokenizerJson;
  readonly train: Documents;
  readonly validation: Documents;
  /** Id between documents. */
  readonly boundary: number;
};

/** Opens a run's corpus, trains its tokenizer unless it is in the cache, encodes. */
export async function prepareData({ data }: RunSpec): Promise<RunData> {
  const whole = await openCorpus(data.corpus);
  const { train, validation } = splitCorpus(whole, data.validation);
  const json = await trainedTokenizer(data.tokenizer, train);
  const tokenizer = openTokenizer(json);
  const boundary = tokenizer.idOf(documentBoundary);
  if (boundary === undefined) throw new UserError(`the tokenizer has no ${documentBoundary}`);
  return {
    whole,
    tokenizer: json,
    train: encodeDocuments(tokenizer, train.texts),
    validation: encodeDocuments(tokenizer, validation.texts),
    boundary,
  };
}

/** The batches of a run from a cursor on. */
export function batchesOf({ training }: RunSpec, { train, boundary }: RunData, cursor: DataCursor): Generator<Batch> {
  return stagedBatches(train, { stages: training.stages, batchTokens: training.batchTokens, boundary }, cursor);
}
