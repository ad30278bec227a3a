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

/** An optimiser: two pure functions over trees of one structure. */
export type Optimiser<State> = {
  /** The state before the first step. */
  readonly init: <P>(params: P) => State;
  /**
   * One step.
   *
   * @param learningRate scalar tensor, an input of the compiled step
   */
  readonly update: <P>(gradients: P, state: State, params: P, learningRate: Tensor) => { params: P; state: State };
};

export type AdamState = {
  /** Running mean of the gradients, and of their squares, with the structure of the parameters. */
  readonly mean: unknown;
  readonly square: unknown;
  /** Steps taken, a float32 scalar. */
  readonly steps: Tensor;
};

export type AdamOptions = {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled decay per step, times the learning rate. */
  readonly weightDecay?: number;
  /** Which parameters decay, by path. Default: everything but gains, rates and biases. */
  readonly decays?: (path: string) => boolean;
};

/**
 * AdamW: `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `p ← p − lr·(m̂ / (√v̂ + eps) + decay·p)`.
 *
 * `m̂` and `v̂` are corrected for their start at zero by `1 − βᵗ`.
 *
 * @source I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019); torch.optim.AdamW computes the same
 */
export function adamW(options: AdamOptions = {}): Optimiser<AdamState> {
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weightDecay = 0.1 } = options;
  const decays = options.decays ?? ((path: string) => !/(^|\.)(\w*[gG]ain|aLog|dtBias)$/.test(path));
  return {
    init: (params) => {
      const zero = (): unknown => tree.map<Tensor, Tensor, unknown>(params, (leaf) => zeros(leaf.shape));
      return { mean: zero(), square: zero(), steps: scalar(0) };
    },
    update: (gradients, state, params, learningRate) => {
      const steps = add(state.steps, 1);
      const correction = (beta: number): Tensor => sub(1, exp(mul(steps, Math.log(beta))));
      const [first, second] = [correction(beta1), correction(beta2)];
      const means = blend(state.mean, gradients, beta1);
      const squares = blend(state.square, tree.map<Tensor, Tensor, unknown>(gradients, square), beta2);
      const [m, v] = [tree.leaves<Tensor>(means), tree.leaves<Tensor>(squares)];
      let next = 0;
      const updated = tree.map<Tensor, Tensor, unknown>(params, (leaf, path) => {
        const i = next++;
        const step = div(div(m[i], first), add(sqrt(div(v[i], second)), eps));
        const decayed = decays(path) && weightDecay > 0 ? add(step, mul(leaf, weightDecay)) : step;
        return sub(leaf, mul(decayed, learningRate));
      });
      return { params: updated as typeof params, state: { mean: means, square: squares, steps } };
    },
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
