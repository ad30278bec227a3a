import { abs, item, max, scope, sub, type Tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type Model, residualStream } from "../model/index.js";

/** How far two models are apart after the embedding and after each layer. */
export type LayerDifference = {
  /** `embed`, `layers.0`, … */
  readonly at: string;
  /** Largest absolute difference of the residual streams. */
  readonly difference: number;
  /** The same, relative to the largest absolute value of the first model's stream. */
  readonly relative: number;
};

/**
 * Compares two models layer by layer on one batch; the first large difference is where they part.
 *
 * @param ids shape `[B, T]` int32
 * @throws UserError when their depths differ.
 */
export function layerDifferences(a: Model<Tensor>, b: Model<Tensor>, ids: Tensor): LayerDifference[] {
  const depths = [a.config.layers.length, b.config.layers.length];
  if (depths[0] !== depths[1])
    throw new UserError(`layerDifferences: the models have ${depths[0]} and ${depths[1]} layers`);
  return scope(() => {
    const [left, right] = [residualStream(a, ids), residualStream(b, ids)];
    return left.map((x, i) => {
      const difference = item(max(abs(sub(x, right[i]))));
      return { at: i === 0 ? "embed" : `layers.${i - 1}`, difference, relative: difference / item(max(abs(x))) };
    });
  });
}

/** The first place where two models differ by more than `tolerance` (relative), or `undefined`. */
export function firstDivergence(
  a: Model<Tensor>,
  b: Model<Tensor>,
  ids: Tensor,
  tolerance = 1e-4,
): LayerDifference | undefined {
  return layerDifferences(a, b, ids).find(({ relative }) => relative > tolerance);
}
