import { random, sizeOf, type Tensor } from "../engine/index.js";
import type { AdaptiveRmsNormParams } from "./adaptiveRmsNorm.js";
import type { DifferentialV1Params } from "./differentialV1.js";
import type { DifferentialV2Params } from "./differentialV2.js";
import type { GatedDeltaNetParams } from "./gatedDeltaNet.js";
import type { SqueezeExciteParams } from "./squeezeExcite.js";
import type { TokenMixingParams } from "./tokenMixing.js";

/**
 * Draws a parameter's values, row-major, from a stream of its own. They are no tensor yet: a model on disk is extended without
 * TensorFlow.
 */
export type Initial = (from: random.Key, shape: readonly number[]) => Float32Array;

/** Every element 1. */
export const ones: Initial = (_, shape) => filled(shape, () => 1);

/** Every element 0: what is multiplied by it, or added to, stays as it is. */
export const zeros: Initial = (_, shape) => filled(shape, () => 0);

/** N(0, deviation²). */
export function normal(deviation: number): Initial {
  return (from, shape) => random.normalValues(from, sizeOf(shape), deviation);
}

/** Uniform from −bound to bound. */
export function uniform(bound: (shape: readonly number[]) => number): Initial {
  return (from, shape) => random.uniformValues(from, sizeOf(shape), -bound(shape), bound(shape));
}

/** N(0, 1/in) of a matrix `[out, in]`: the product with a vector of unit root mean square has unit variance. */
export const fanIn: Initial = (from, shape) => normal(shape[1] ** -0.5)(from, shape);

/**
 * A depthwise kernel `[k, D]`, uniform within ±1/√k: what it convolves has a third of its variance then. (The
 * teeny-s model's N(0, 0.02²) makes values, which no norm follows, vanish at the start.)
 */
export const kernel: Initial = uniform(([k]) => k ** -0.5);

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

type Differential = DifferentialV1Params<Tensor> & DifferentialV2Params<Tensor>;

const lambda = normal(0.1);

/**
 * What of differential attention is not a matrix: the vectors of λ N(0, 0.1²), gains 1, the bias of the gate 0.
 *
 * @source microsoft/unilm; the second version there has no bias
 */
export const differentialInitial: { readonly [Name in keyof Differential]?: Initial } = {
  lambdaQ1: lambda,
  lambdaK1: lambda,
  lambdaQ2: lambda,
  lambdaK2: lambda,
  subNormGain: ones,
  lambdaBias: zeros,
};

/** {@link AdaptiveRmsNormParams}: the context has no say, and in a product of two matrices the first can learn at once. */
export const adaptiveRmsNormInitial: { readonly [Name in keyof AdaptiveRmsNormParams<Tensor>]?: Initial } = {
  gain: ones,
  matrix: zeros,
  down: fanIn,
  up: zeros,
};

/** {@link TokenMixingParams}: nothing is mixed. */
export const tokenMixingInitial: { readonly [Name in keyof TokenMixingParams<Tensor>]?: Initial } = {
  kernel: zeros,
  bias: zeros,
};

/** {@link SqueezeExciteParams}: every gate is where an input of zero puts it. */
export const squeezeExciteInitial: { readonly [Name in keyof SqueezeExciteParams<Tensor>]?: Initial } = {
  down: fanIn,
  up: zeros,
  downBias: zeros,
  upBias: zeros,
};

function filled(shape: readonly number[], value: (i: number) => number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i));
}
