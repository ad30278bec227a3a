/** How the parameters that a conversion adds begin. */
import { random } from "../../engine/index.js";
import { initialValues, type ModelConfig } from "../../model/index.js";
import { initial } from "../../nn/index.js";
import type { Recipe } from "./recipe.js";

/** The values of a new parameter, row-major. */
export type Start = (path: string, shape: readonly number[]) => Float32Array;

/** Draws a parameter, where it does not begin as in a model that is trained from its first step. */
type Rule = {
  readonly paths: RegExp;
  readonly values: (path: string, shape: readonly number[], key: random.Key, usual: Start) => Float32Array;
};

/** PyTorch's linear layer: uniform within ±1/√in. */
const likePytorch = initial.uniform(([, columns]) => columns ** -0.5);

const rules: { readonly [Init in Recipe["init"]]: readonly Rule[] } = {
  identity: [
    // λ = λ_init: what the second pair of vectors subtracts is what the first adds, and both learn at once.
    { paths: /\.mixer\.lambda[QK]2$/, values: (path, shape, _, usual) => usual(path.replace(/2$/, "1"), shape) },
    // λ = ½ for every token.
    { paths: /\.mixer\.lambda$/, values: (_, shape, key) => initial.zeros(key, shape) },
  ],
  standard: [
    { paths: /Norm\.(matrix|down|up)$/, values: (_, shape, key) => likePytorch(key, shape) },
    { paths: /\.squeezeExcite\.(down|up)$/, values: (_, shape, key) => likePytorch(key, shape) },
    { paths: /\.tokenMixing\.kernel$/, values: (_, shape, key) => withoutResidual(initial.kernel(key, shape), shape) },
  ],
};

/** The kernel with which token mixing, which adds its input, is the plain convolution of this one. */
function withoutResidual(kernel: Float32Array, [rows, width]: readonly number[]): Float32Array {
  return kernel.map((value, i) => (i < (rows - 1) * width ? value : value - 1));
}

/**
 * How new parameters of a converted model begin, by path: as {@link initialValues} has them, but for the rules above.
 *
 * @param config the converted model's
 * @param seed selects what is drawn
 */
export function startsOf(config: ModelConfig, init: Recipe["init"], seed: number): Start {
  const usual = initialValues(config, seed);
  return (path, shape) => {
    const rule = rules[init].find(({ paths }) => paths.test(path));
    return rule === undefined
      ? usual(path, shape)
      : rule.values(path, shape, random.fold(random.key(seed), path), usual);
  };
}
