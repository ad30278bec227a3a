/** Training on short sequences first: lengths that follow each other over one stream of ids. */
import { UserError } from "../errors.js";
import type { Batch, DataCursor, PackingOptions } from "./packing.js";

/** Sequences of one length for a number of tokens. */
export type LengthStage = {
  /** Ids in a row, `T`. */
  readonly length: number;
  /** Tokens of the stage. */
  readonly tokens: number;
};

/** Batches of one size whose rows grow longer. */
export type StagedPacking = {
  /** In their order; the last one goes on for as long as batches are taken. */
  readonly stages: readonly LengthStage[];
  /** Ids in a batch, `B·T`, the same in every stage; a multiple of every length. */
  readonly batchTokens: number;
  /** Id in front of every document. */
  readonly boundary: number;
};

/**
 * Stages of equal shares: `[128, 256, 512]` over 900,000 tokens are 300,000 of each.
 *
 * @param lengths ids in a row, stage after stage
 * @param tokens of all stages together
 * @returns the stages; the last one takes what does not divide
 */
export function stagesOf(lengths: readonly number[], tokens: number): LengthStage[] {
  const share = Math.floor(tokens / lengths.length);
  return lengths.map((length, i) => ({
    length,
    tokens: i === lengths.length - 1 ? tokens - share * i : share,
  }));
}

/**
 * The shape of the batch that begins after a number of tokens: a batch belongs to the stage in which it begins.
 *
 * @param packing stages and size of a batch
 * @param tokens taken before
 * @throws UserError when a stage is impossible, or a batch is not a whole number of its rows
 */
export function packingAt({ stages, batchTokens, boundary }: StagedPacking, tokens: number): PackingOptions {
  for (const stage of stages) checkStage(stage, batchTokens);
  let end = 0;
  const stage = stages.find((each) => tokens < (end += each.tokens)) ?? stages.at(-1);
  if (stage === undefined) throw new UserError("there are no stages", { where: "packingAt" });
  return { batch: batchTokens / stage.length, length: stage.length, boundary };
}

/**
 * Batches without end whose rows grow longer, from a cursor on.
 *
 * They cut the same stream of ids that batches of one length do: at a change of length no id is dropped or repeated, the
 * next row goes on where the last one ended. The stage follows from `cursor.tokens`, so that a run resumes exactly.
 *
 * @param pack gives the batch at a cursor: a `packer` of documents, or a `mixturePacker`
 * @param packing stages, size of a batch, boundary
 * @param cursor where to begin; a batch's own `cursor` continues after it
 * @yields one batch after another
 */
export function* stagedBatches<B extends Batch>(
  pack: (options: PackingOptions, cursor: DataCursor) => B,
  packing: StagedPacking,
  cursor: DataCursor,
): Generator<B> {
  for (let at = cursor; ; ) {
    const batch = pack(packingAt(packing, at.tokens), at);
    yield batch;
    at = batch.cursor;
  }
}

function checkStage({ length, tokens }: LengthStage, batchTokens: number): void {
  if (!Number.isInteger(tokens) || tokens < 1) {
    throw new UserError(`a stage has ${tokens} tokens`, { where: "stages", expected: "an integer from 1" });
  }
  if (Number.isInteger(length) && length >= 1 && Number.isInteger(batchTokens / length) && batchTokens >= 1) return;
  throw new UserError(`a batch of ${batchTokens} tokens is cut into rows of ${length}`, {
    where: "stages",
    expected: "a length that divides it",
  });
}
