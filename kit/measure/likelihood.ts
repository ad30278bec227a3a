import {
  compile,
  type ExecutionBackend,
  gather,
  logSumExp,
  mul,
  read,
  reshape,
  scope,
  sub,
  sum,
  type Tensor,
  tensor,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import { onceFor } from "../model/compiled.js";
import { head, hidden, type Model } from "../model/index.js";

/**
 * Log-likelihood of each target: `log p(targets[t] | inputs[0 … t])`, in nats.
 *
 * @param inputs shape `[B, T]` int32
 * @param targets shape `[B, T]` int32: the inputs one token later
 * @returns shape `[B, T]`
 */
export function tokenLogLikelihoods(model: Model<Tensor>, inputs: Tensor, targets: Tensor): Tensor {
  const { params, config } = model;
  const x = reshape(hidden(model, inputs), [-1, config.width]);
  // A target's score is a product with its own row of the head: no one-hot matrix of the size of all scores.
  const picked = sum(mul(x, gather(params.head ?? params.embed, reshape(targets, [-1]))), { axis: -1 });
  return reshape(sub(picked, logSumExp(head(model, x))), inputs.shape);
}

/** How well a model predicts a text. */
export type Likelihood = {
  /** Mean negative log-likelihood. */
  readonly nats: number;
  /** `exp(nats)`. Comparable only between models of one tokenizer. */
  readonly perplexity: number;
  /** Tokens that were predicted: all but the first. */
  readonly tokens: number;
  /** Of each predicted token, in nats. */
  readonly logLikelihoods: Float32Array;
};

/**
 * Predicts each token of one sequence from those before it, in one window.
 *
 * @param ids At least two ids, at most `config.context`.
 * @throws UserError when the sequence is too short or too long.
 */
export function likelihood(
  model: Model<Tensor>,
  ids: ArrayLike<number>,
  options: { readonly backend?: ExecutionBackend } = {},
): Likelihood {
  const { config } = model;
  if (ids.length < 2 || ids.length > config.context + 1) {
    throw new UserError(`likelihood: the sequence has ${ids.length} tokens`, {
      expected: `2 to ${config.context + 1}`,
    });
  }
  const all = Int32Array.from(ids);
  const shape = [1, all.length - 1];
  const { backend = "graph" } = options;
  const score = onceFor(config, `likelihood ${backend}`, () =>
    compile(
      (params: Model<Tensor>["params"], inputs: Tensor, targets: Tensor) =>
        tokenLogLikelihoods({ config, params }, inputs, targets),
      { backend, newShapes: "expect", name: "likelihood" },
    ),
  );
  const logLikelihoods = scope(
    () => read(score(model.params, tensor(all.slice(0, -1), shape), tensor(all.slice(1), shape))) as Float32Array,
  );
  const nats = -logLikelihoods.reduce((total, x) => total + x, 0) / logLikelihoods.length;
  return { nats, perplexity: Math.exp(nats), tokens: logLikelihoods.length, logLikelihoods };
}
