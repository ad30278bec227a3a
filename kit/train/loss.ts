import {
  add,
  cast,
  customGradient,
  dims,
  div,
  exp,
  gather,
  greaterEqual,
  log,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  scalar,
  segmentSum,
  sparseCrossEntropy,
  sub,
  sum,
  type Tensor,
  where,
} from "../engine/index.js";
import { type ForwardOptions, hidden, type Model } from "../model/index.js";

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
export function clampIds(targets: Tensor): Tensor {
  return where(greaterEqual(targets, 0), targets, scalar(0, "int32"));
}

/**
 * {@link crossEntropy} of the scores `x · Eᵀ` of a linear head, without writing its gradient by the scores:
 *
 * ```
 * e = exp(x·Eᵀ − max)        z = Σ e                                 w = 1/n, 0 for a row left out
 * dx = (w/z) ⊙ (e·E) − w ⊙ E[target]        dE = eᵀ·((w/z) ⊙ x) − Σ w·x of the rows with that target
 * ```
 *
 * The scores are written once and read by the two products as what the forward pass left, `e`. For a vocabulary of 10,000
 * that is a quarter less work than the softmax's gradient and its two products.
 *
 * @param x shape `[R, D]`
 * @param matrix shape `[N, D]`, E
 * @param targets shape `[R]` int32; `ignored` (or any negative id) leaves the row out
 * @returns a scalar; 0 when every row is left out
 */
export function headCrossEntropy(x: Tensor, matrix: Tensor, targets: Tensor): Tensor {
  const { R, D } = dims(x, "R D", { R: dims(targets, "R").R });
  const { N } = dims(matrix, "N D", { D });
  return customGradient(
    [x, matrix],
    () => {
      const counted = reshape(cast(greaterEqual(targets, 0), "float32"), [R, 1]);
      const weights = div(counted, maximum(sum(counted), 1));
      const scores = matmul(x, matrix, { right: true });
      const peak = max(scores, { axis: -1, keep: true });
      const exponentials = exp(sub(scores, peak));
      const total = sum(exponentials, { axis: -1, keep: true });
      const own = gather(matrix, clampIds(targets));
      const losses = sub(add(log(total), peak), sum(mul(x, own), { axis: -1, keep: true }));
      return { value: sum(mul(losses, weights)), save: [x, matrix, targets, exponentials, total, own, weights] };
    },
    (dy, [rows, table, ids, exponentials, total, own, shares]) => {
      const weights = mul(shares, dy);
      const each = div(weights, total);
      return [
        () => sub(mul(matmul(exponentials, table), each), mul(own, weights)),
        () => sub(matmul(exponentials, mul(rows, each), { left: true }), segmentSum(mul(rows, weights), ids, N)),
      ];
    },
  );
}

/**
 * Loss of predicting each next token.
 *
 * @param inputs shape `[B, T]` int32
 * @param targets shape `[B, T]` int32: the inputs one token later
 * @returns a scalar, nats per token
 */
export function nextTokenLoss(model: Model<Tensor>, inputs: Tensor, targets: Tensor, options?: ForwardOptions): Tensor {
  const x = reshape(hidden(model, inputs, options), [-1, model.config.width]);
  return headCrossEntropy(x, model.params.head ?? model.params.embed, reshape(targets, [-1]));
}
