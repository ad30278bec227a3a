/** Ternary matrices: every weight becomes −1, 0 or 1 times a scale that it shares with others. */
import {
  abs,
  add,
  cast,
  clip,
  customGradient,
  dims,
  div,
  equal,
  maximum,
  mean,
  mul,
  narrow,
  pad,
  reshape,
  round,
  scope,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
} from "../engine/index.js";
import { UserError } from "../errors.js";

/**
 * Which weights share a scale: all of a matrix, each row, or runs of `group` weights.
 *
 * Runs are cut from the flattened matrix, across the ends of rows, and a last short one counts as filled up with zeros; or,
 * `aligned`, from each row by itself, so that a row can be packed and multiplied on its own, and a short one counts what it has.
 */
export type TernaryScale = "per-tensor" | "per-channel" | { readonly group: number; readonly aligned: boolean };

/** A ternarised matrix. */
export type Ternary = {
  /** −1, 0 or 1, shape `[out, in]`, float32. */
  readonly codes: Tensor;
  /** Scale of each group, `[G]`; in row-major order. */
  readonly scales: Tensor;
  /** Code times scale, shape `[out, in]`. */
  readonly values: Tensor;
};

/**
 * Rounds a matrix to `α · {−1, 0, 1}` with `α = mean |w|` of the group: `round(w / α)`, limited to ±1.
 *
 * Halves round to even. A whole tensor's or row's α is at least 1e−5; a run's α is what it is, with 1e−8 added where it
 * divides. Of normally distributed weights 31.0 % become zero.
 *
 * @param weight shape `[out, in]`
 * @source S. Ma et al., The Era of 1-bit LLMs (2024) and its training FAQ for tensors; the runs of 256 over the flattened
 * matrix, zero padding included in their mean, are those of the teeny-s model's author
 * @throws UserError when a group is not a positive whole number
 */
export function ternarise(weight: Tensor, scale: TernaryScale): Ternary {
  return scope(() => {
    const { groups, count, restore } = grouped(weight, scale);
    const average = div(sum(abs(groups), { axis: -1, keep: true }), count);
    const runs = typeof scale === "object";
    const alpha = runs ? average : maximum(average, 1e-5);
    const codes = clip(round(runs ? div(groups, add(alpha, 1e-8)) : mul(groups, div(1, alpha))), -1, 1);
    return { codes: restore(codes), scales: reshape(alpha, [-1]), values: restore(mul(codes, alpha)) };
  });
}

/**
 * The values of {@link ternarise}, with the gradient of the identity (straight through): the step function's own gradient
 * would be zero everywhere and nothing would learn.
 *
 * @param weight shape `[out, in]`
 * @returns shape `[out, in]`
 * @source Y. Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013)
 */
export function ternaryValues(weight: Tensor, scale: TernaryScale): Tensor {
  return customGradient(
    [weight],
    () => ({ value: ternarise(weight, scale).values }),
    (dy) => [() => dy],
  );
}

/**
 * What ternarising a matrix loses.
 *
 * @returns `zeros` the share of weights that become zero, a scalar; `scales` `[G]`; `errors` `[G]`, of each group
 * `√(Σ (w − value)² / Σ w²)`, zero where all weights are
 */
export function ternaryStatistics(
  weight: Tensor,
  scale: TernaryScale,
): { readonly zeros: Tensor; readonly scales: Tensor; readonly errors: Tensor } {
  return scope(() => {
    const { codes, scales, values } = ternarise(weight, scale);
    const energy = (x: Tensor): Tensor => sum(square(grouped(x, scale).groups), { axis: -1 });
    const lost = div(energy(sub(weight, values)), maximum(energy(weight), 1e-30));
    return { zeros: mean(cast(equal(codes, 0), "float32")), scales, errors: sqrt(lost) };
  });
}

type Grouped = {
  /** Shape `[G, n]`. */
  readonly groups: Tensor;
  /** Weights in each group, a number or `[G, 1]`. */
  readonly count: Tensor | number;
  /** From `[G, n]` back to the matrix. */
  readonly restore: (groups: Tensor) => Tensor;
};

function grouped(weight: Tensor, scale: TernaryScale): Grouped {
  const { rows, columns } = dims(weight, "rows columns");
  if (scale === "per-channel") return { groups: weight, count: columns, restore: (groups) => groups };
  if (scale === "per-tensor") return flattened(weight, weight.size);
  const { group, aligned } = scale;
  if (!Number.isInteger(group) || group < 1) {
    throw new UserError(`ternary: the group is ${group}`, { expected: "a whole number of weights above 0" });
  }
  if (!aligned) return flattened(weight, group);
  const perRow = Math.ceil(columns / group);
  const tail = columns - (perRow - 1) * group;
  const counts = Array.from({ length: rows * perRow }, (_, i) => ((i + 1) % perRow === 0 ? tail : group));
  const padded =
    tail === group
      ? weight
      : pad(weight, [
          [0, 0],
          [0, group - tail],
        ]);
  return {
    groups: reshape(padded, [-1, group]),
    count: tail === group ? group : tensor(counts, [counts.length, 1]),
    restore: (groups) => narrow(reshape(groups, [rows, -1]), 1, 0, columns),
  };
}

function flattened(weight: Tensor, group: number): Grouped {
  const flat = reshape(weight, [-1]);
  const missing = Math.ceil(weight.size / group) * group - weight.size;
  const padded = missing === 0 ? flat : pad(flat, [[0, missing]]);
  return {
    groups: reshape(padded, [-1, group]),
    count: group,
    restore: (groups) => reshape(narrow(reshape(groups, [-1]), 0, 0, weight.size), weight.shape),
  };
}
