import { execute } from "./primitive.js";
import type { Tensor } from "./tensor.js";

/**
 * Cross-entropy of each row and its gradient by the scores, from one pass over them. Neither has a gradient of its own.
 *
 * @param scores shape `[R, N]`
 * @param targets shape `[R]` int32, each in `[0, N)`
 * @returns `losses` `[R]` in nats; `gradient` `[R, N]` of each row's loss
 */
export function sparseCrossEntropy(scores: Tensor, targets: Tensor): { losses: Tensor; gradient: Tensor } {
  const [losses, gradient] = execute("SparseSoftmaxCrossEntropyWithLogits", [scores, targets], {}, 2);
  return { losses, gradient };
}
