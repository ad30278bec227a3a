import { random, type Tensor, tensor } from "../engine/index.js";
import type { GatedDeltaNetParams } from "./gatedDeltaNet.js";

/** Draws a parameter from a stream of its own. */
export type Initial = (from: random.Key, shape: readonly number[]) => Tensor;

/** Every element 1. */
export const ones: Initial = (_, shape) => filled(shape, () => 1);

/**
 * A depthwise kernel `[k, D]`, uniform within ±1/√k, which keeps the variance of what it convolves about the same. (The
 * teeny-s model's N(0, 0.02²) makes values, which no norm follows, vanish at the start.)
 */
export const kernel: Initial = (from, shape) => random.uniform(from, shape, -(shape[0] ** -0.5), shape[0] ** -0.5);

/**
 * What of {@link GatedDeltaNetParams} is not a matrix: `aLog = log U(0, 16)`; `dtBias` such that `softplus(dtBias)` is
 * log-uniform from 0.001 to 0.1; gains 1; kernels as {@link kernel}.
 *
 * @source flash-linear-attention and Mamba 2, except the kernels, which take PyTorch's default for a convolution
 */
export const gatedDeltaNetInitial: { readonly [Name in keyof GatedDeltaNetParams<Tensor>]?: Initial } = {
  qConv: kernel,
  kConv: kernel,
  vConv: kernel,
  aLog: (from, shape) => {
    const uniform = random.uniformValues(from, shape[0], 0, 16);
    // A rate of zero has no logarithm.
    return filled(shape, (i) => Math.log(Math.max(uniform[i], 1e-4)));
  },
  dtBias: (from, shape) => {
    const logarithms = random.uniformValues(from, shape[0], Math.log(1e-3), Math.log(0.1));
    return filled(shape, (i) => {
      const dt = Math.exp(logarithms[i]);
      return dt + Math.log(-Math.expm1(-dt));
    });
  },
  outputGain: ones,
};

function filled(shape: readonly number[], value: (i: number) => number): Tensor {
  const count = shape.reduce((product, axis) => product * axis, 1);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => value(i)),
    shape,
  );
}
