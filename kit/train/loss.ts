import {
  cast,
  customGradient,
  dims,
  div,
  greaterEqual,
  maximum,
  mul,
  reshape,
  scalar,
  sparseCrossEntropy,
  sum,
  type Tensor,
  where,
} from "../engine/index.js";
import { head, hidden, type Model } from "../model/index.js";

/** Targets that are not counted. */
export const ignored: number = -100;

/**
 * Mean negative log-likelihood of the targets, in nats: `−(1/n) Σ log softmax(scores)[target]`.
 *
 * The gradient `(softmax − onehot)/n` comes out of the same kernel as the value, so that a second copy of the scores is
 * never kept.
 *
 * @param scores shape `[R, N]`
 * @param targets shape `[R]` int32; `ignored` (or any negative id) leaves the row out
 * @returns a scalar; 0 when every row is left out
 */
export function crossEntropy(scores: Tensor, targets: Tensor): Tensor {
  dims(scores, "R N", { R: dims(targets, "R").R });
  return customGradient(
    [scores],
    () => {
      const counted = cast(greaterEqual(targets, 0), "float32");
      const count = maximum(sum(counted), 1);
      const { losses, gradient } = sparseCrossEntropy(scores, clampIds(targets));
      return { value: div(sum(mul(losses, counted)), count), save: [gradient, div(counted, count)] };
    },
    (dy, [gradient, weights]) => [() => mul(gradient, reshape(mul(weights, dy), [-1, 1]))],
  );
}

/** Rows that are left out still need an id that exists. */
function clampIds(targets: Tensor): Tensor {
  return where(greaterEqual(targets, 0), targets, scalar(0, "int32"));
}

/**
 * Loss of predicting each next token.
 *
 * @param inputs shape `[B, T]` int32
 * @param targets shape `[B, T]` int32: the inputs one token later
 * @returns a scalar, nats per token
 */
export function nextTokenLoss(model: Model<Tensor>, inputs: Tensor, targets: Tensor): Tensor {
  const scores = head(model, reshape(hidden(model, inputs), [-1, model.config.width]));
  return crossEntropy(scores, reshape(targets, [-1]));
}
