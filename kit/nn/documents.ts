/** Several documents in one row: what keeps parts that look at more than one token within the document. */
import { and, cast, causalMask, dims, equal, reshape, sum, type Tensor } from "../engine/index.js";

/** Which tokens of a batch belong together. */
export type Documents = {
  /** Number of each token's document in its row, `[B, T]` int32; it changes where a document begins. */
  readonly segments: Tensor;
  /** Whether two tokens of a row are of one document, `[B, T, T]` bool. */
  readonly same: Tensor;
  /** How many tokens of its document stand before each, `[B, T]` int32. */
  readonly positions: Tensor;
};

/**
 * What follows from the numbers of documents, once for all layers.
 *
 * @param segments shape `[B, T]` int32; a number that a row has given to one document it gives to no other
 */
export function documentsOf(segments: Tensor): Documents {
  const { B, T } = dims(segments, "B T");
  const same = equal(reshape(segments, [B, T, 1]), reshape(segments, [B, 1, T]));
  const before = and(same, causalMask(T, T, -1));
  return { segments, same, positions: cast(sum(cast(before, "float32"), { axis: -1 }), "int32") };
}
