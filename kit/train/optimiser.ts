import {
  add,
  div,
  exp,
  minimum,
  mul,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tree,
  zeros,
} from "../engine/index.js";
import { matching } from "./paths.js";

/** What changes from step to step: scalars, inputs of the compiled step. */
export type Rates = { readonly learningRate: Tensor; readonly weightDecay: Tensor };

/** An optimiser: two pure functions over trees of one structure. */
export type Optimiser<State> = {
  /** The state before the first step. */
  readonly init: <P>(params: P) => State;
  /** One step. */
  readonly update: <P>(gradients: P, state: State, params: P, rates: Rates) => { params: P; state: State };
};

export type AdamState = {
  /** Running mean of the gradients, and of their squares, with the structure of the parameters. */
  readonly mean: unknown;
  readonly square: unknown;
  /** Steps taken, a float32 scalar. */
  readonly steps: Tensor;
};

/** Parameters whose rates are multiplied. */
export type RateFactors = {
  /** Pattern of paths: `*` stands for a part without dots, `**` for anything. */
  readonly paths: string;
  /** Default 1. */
  readonly learningRate?: number;
  /** Default 1. */
  readonly weightDecay?: number;
};

const withoutDecay = (paths: string): RateFactors => ({ paths, weightDecay: 0 });

/** The vectors of differential attention's λ, which do not decay. */
export const undecayedLambda: readonly RateFactors[] = ["**lambdaQ*", "**lambdaK*"].map(withoutDecay);

/** Gains, rates and biases, whose size has a meaning that decay would change: they do not decay. */
export const undecayedGains: readonly RateFactors[] = ["**gain", "**Gain", "**aLog", "**bias", "**Bias"].map(
  withoutDecay,
);

/** All that does not decay, whatever the model. */
export const undecayed: readonly RateFactors[] = [...undecayedGains, ...undecayedLambda];

export type AdamOptions = {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Factors of the rates by path; those of several matching patterns are multiplied. Default {@link undecayed}. */
  readonly factors?: readonly RateFactors[];
};

/**
 * AdamW: `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `p ← p − lr·(m̂ / (√v̂ + eps) + decay·p)`.
 *
 * `m̂` and `v̂` are corrected for their start at zero by `1 − βᵗ`.
 *
 * @source I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019); torch.optim.AdamW computes the same
 */
export function adamW(options: AdamOptions = {}): Optimiser<AdamState> {
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, factors = undecayed } = options;
  const factorsOf = rateFactors(factors);
  return {
    init: (params) => {
      const zero = (): unknown => tree.map<Tensor, Tensor, unknown>(params, (leaf) => zeros(leaf.shape));
      return { mean: zero(), square: zero(), steps: scalar(0) };
    },
    update: (gradients, state, params, { learningRate, weightDecay }) => {
      const steps = add(state.steps, 1);
      const correction = (beta: number): Tensor => sub(1, exp(mul(steps, Math.log(beta))));
      const [first, second] = [correction(beta1), correction(beta2)];
      const means = blend(state.mean, gradients, beta1);
      const squares = blend(state.square, tree.map<Tensor, Tensor, unknown>(gradients, square), beta2);
      const [m, v] = [tree.leaves<Tensor>(means), tree.leaves<Tensor>(squares)];
      let next = 0;
      const updated = tree.map<Tensor, Tensor, unknown>(params, (leaf, path) => {
        const i = next++;
        const factor = factorsOf(path);
        const step = div(div(m[i], first), add(sqrt(div(v[i], second)), eps));
        const decayed = factor.weightDecay === 0 ? step : add(step, mul(leaf, scaled(weightDecay, factor.weightDecay)));
        return sub(leaf, mul(decayed, scaled(learningRate, factor.learningRate)));
      });
      return { params: updated as typeof params, state: { mean: means, square: squares, steps } };
    },
  };
}

function scaled(rate: Tensor, factor: number): Tensor {
  return factor === 1 ? rate : mul(rate, factor);
}

/** The factors of a path: products over all patterns that match it. */
export function rateFactors(
  factors: readonly RateFactors[],
): (path: string) => { readonly learningRate: number; readonly weightDecay: number } {
  const patterns = factors.map(({ paths, ...rest }) => ({ matches: matching([paths]), ...rest }));
  return (path) => {
    const own = patterns.filter(({ matches }) => matches(path));
    const product = (of: "learningRate" | "weightDecay"): number =>
      own.reduce((total, factor) => total * (factor[of] ?? 1), 1);
    return { learningRate: product("learningRate"), weightDecay: product("weightDecay") };
  };
}

/** `β·old + (1−β)·fresh` for each leaf. */
function blend(old: unknown, fresh: unknown, beta: number): unknown {
  const values = tree.leaves<Tensor>(fresh);
  let next = 0;
  return tree.map<Tensor, Tensor, unknown>(old, (leaf) => add(mul(leaf, beta), mul(values[next++], 1 - beta)));
}

/**
 * Scales gradients so that their norm over all leaves is at most `limit`.
 *
 * @returns the gradients and their norm before clipping, a scalar
 */
export function clipByNorm<P>(gradients: P, limit: number): { gradients: P; norm: Tensor } {
  const squares = tree.leaves<Tensor>(gradients).map((leaf) => sum(square(leaf)));
  const norm = sqrt(squares.reduce((a, b) => add(a, b)));
  const factor = minimum(div(limit, add(norm, 1e-6)), 1);
  return { gradients: tree.map<Tensor, Tensor, P>(gradients, (leaf) => mul(leaf, factor)) as P, norm };
}
