/** Several documents in one row: what keeps parts that look at more than one token within the document. */
import { and, cast, causalMask, dims, equal, or, reshape, sum, type Tensor } from "../engine/index.js";

/** Which tokens of a batch belong together. */
export type Documents = {
  /** Number of each token's document in its row, `[B, T]` int32; it changes where a document begins. */
  readonly segments: Tensor;
  /** Whether a token may see another of its row, `[B, T, T]` bool: one of its document and, where that branches, not of another branch. */
  readonly seen: Tensor;
  /** How many such tokens stand before each, `[B, T]` int32. */
  readonly positions: Tensor;
};

/**
 * What follows from the numbers of documents, once for all layers.
 *
 * @param segments shape `[B, T]` int32; a number that a row has given to one document it gives to no other
 * @param branches shape `[B, T]` int32: 0 of what a document begins with, and behind it the number of one of its ends. Each end
 * goes on from the beginning and sees none of the others. Default: documents do not branch.
 */
export function documentsOf(segments: Tensor, branches?: Tensor): Documents {
  const { B, T } = dims(segments, "B T");
  const same = (numbers: Tensor): Tensor => equal(reshape(numbers, [B, T, 1]), reshape(numbers, [B, 1, T]));
  const beginning = branches && reshape(equal(branches, 0), [B, 1, T]);
  const seen = beginning ? and(same(segments), or(beginning, same(branches))) : same(segments);
  const before = and(seen, causalMask(T, T, -1));
  return { segments, seen, positions: cast(sum(cast(before, "float32"), { axis: -1 }), "int32") };
}
