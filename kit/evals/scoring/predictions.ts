/** What is asked of scores: how likely a target is, and what is the likeliest in its place. */
import { argmax, gather, logSumExp, max, mul, sub, sum, type Tensor } from "../../engine/index.js";
import { head, type Model } from "../../model/index.js";

/** Log-likelihoods of targets, the likeliest ids in their places and the log-likelihoods of these, each `[P]`. */
export type Predictions = { readonly own: Tensor; readonly best: Tensor; readonly bestOwn: Tensor };

/**
 * Predictions at some places of a residual stream: only these go through the head.
 *
 * @param x behind the last norm, shape `[·, D]`
 * @param positions rows of it, shape `[P]` int32
 * @param targets shape `[P]` int32
 */
export function predictionsAt(model: Model<Tensor>, x: Tensor, positions: Tensor, targets: Tensor): Predictions {
  const rows = gather(x, positions);
  const scores = head(model, rows);
  const total = logSumExp(scores);
  // A target's score is a product with its own row of the head: no one-hot matrix of the size of all scores.
  const own = sum(mul(rows, gather(model.params.head ?? model.params.embed, targets)), { axis: -1 });
  return { own: sub(own, total), best: argmax(scores), bestOwn: sub(max(scores, { axis: -1 }), total) };
}
