/** What goes into the linear layers of a model, and what rounding their matrices to three values loses. */
import { read, reshape, scope, type Tensor, tree } from "../engine/index.js";
import { contextOf, embed, layer, type Model } from "../model/index.js";
import { type LayerContext, matrixOf, normed, type TernaryScale, ternarise } from "../nn/index.js";

/** The input of one linear layer, as its matrix sees it: behind its own norm, if it has one. */
export type LinearInput = {
  /** Path of the matrix, such as `layers.3.mlp.down`. */
  readonly path: string;
  /** Root of the mean square over all tokens and channels. */
  readonly rms: number;
  /** Standard deviation over tokens of the natural logarithm of a token's own root mean square. */
  readonly spread: number;
};

/**
 * The size of what goes into each linear layer of the blocks.
 *
 * Costs a forward pass that is not compiled.
 *
 * @param ids shape `[B, T]` int32
 */
export function linearInputs(model: Model<Tensor>, ids: Tensor): readonly LinearInput[] {
  const { config, params } = model;
  const paths = new Map(tree.entries<Tensor>(params).map(([path, tensor]) => [tensor, path]));
  const found: LinearInput[] = [];
  const plain = contextOf(config);
  const watched: LayerContext = {
    ...plain,
    linear: (weight, x) => {
      found.push({ path: paths.get(matrixOf(weight)) ?? "", ...sizes(normed(weight, x)) });
      return plain.linear(weight, x);
    },
  };
  scope(() => {
    config.layers.reduce((x, spec, i) => layer(params.layers[i], x, spec, config, watched), embed(model, ids));
  });
  return found;
}

function sizes(x: Tensor): { readonly rms: number; readonly spread: number } {
  const width = x.shape[x.shape.length - 1];
  const values = read(reshape(x, [-1, width]));
  const squares = new Float64Array(values.length / width);
  for (let i = 0; i < values.length; i++) squares[Math.floor(i / width)] += (values[i] * values[i]) / width;
  // A token whose input is zero has no logarithm.
  const logs = squares.map((square) => Math.log(Math.max(square, 1e-20)) / 2);
  return { rms: Math.sqrt(average(squares)), spread: deviation(logs) };
}

/** How much of the matrices' energy rounding to three values loses, and where. */
export type RoundingLoss = {
  /** Share of weights that become zero. */
  readonly zeros: number;
  /** `√(Σ (w − value)² / Σ w²)` over all matrices of linear layers. */
  readonly error: number;
  /** The same over a tenth of the blocks of 256 weights, in each matrix those with the smallest mean `|w|`. */
  readonly smallBlockError: number;
};

/**
 * What a granularity of the scale loses of a model's matrices as they are now.
 *
 * @param paths of the matrices
 */
export function roundingLoss(model: Model<Tensor>, paths: readonly string[], scale: TernaryScale): RoundingLoss {
  const tensors = new Map(tree.entries<Tensor>(model.params));
  const all = { weights: 0, zeros: 0, energy: 0, lost: 0, smallEnergy: 0, smallLost: 0 };
  for (const path of paths) {
    const weight = tensors.get(path)!;
    const [w, values] = scope(() => [read(weight), read(ternarise(weight, scale).values)]);
    const blocks = Array.from({ length: Math.floor(w.length / 256) }, () => ({ size: 0, energy: 0, lost: 0 }));
    for (let i = 0; i < w.length; i++) {
      const [energy, lost] = [w[i] ** 2, (w[i] - values[i]) ** 2];
      all.zeros += values[i] === 0 ? 1 : 0;
      all.energy += energy;
      all.lost += lost;
      const block = blocks[Math.floor(i / 256)];
      if (block === undefined) continue;
      block.size += Math.abs(w[i]);
      block.energy += energy;
      block.lost += lost;
    }
    all.weights += w.length;
    for (const block of blocks.sort((a, b) => a.size - b.size).slice(0, Math.ceil(blocks.length / 10))) {
      all.smallEnergy += block.energy;
      all.smallLost += block.lost;
    }
  }
  return {
    zeros: all.zeros / all.weights,
    error: Math.sqrt(all.lost / all.energy),
    smallBlockError: Math.sqrt(all.smallLost / all.smallEnergy),
  };
}

/** Standard deviation of a population. */
function deviation(values: ArrayLike<number>): number {
  const middle = average(values);
  return Math.sqrt(average(Array.from(values, (value) => (value - middle) ** 2)));
}

function average(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total / values.length;
}

/**
 * The two as figures of a record.
 *
 * | figure | meaning |
 * |---|---|
 * | `inputRmsDrift` | standard deviation over linear layers of the logarithm of their input's root mean square |
 * | `inputTokenSpread` | mean over linear layers of {@link LinearInput} `spread` |
 * | `zeros…`, `error…`, `smallBlockError…` | {@link RoundingLoss} with a scale per `Tensor`, per `256`, per `64` weights |
 *
 * @param ids shape `[B, T]` int32: a sample to look at the inputs with
 */
export function linearFigures(model: Model<Tensor>, ids: Tensor): Readonly<Record<string, number>> {
  const inputs = linearInputs(model, ids);
  const paths = [...new Set(inputs.map(({ path }) => path))];
  const scales = {
    Tensor: "per-tensor",
    256: { group: 256, aligned: false },
    64: { group: 64, aligned: true },
  } as const;
  const losses = Object.entries(scales).flatMap(([name, scale]) =>
    Object.entries(roundingLoss(model, paths, scale)).map(([figure, value]) => [`${figure}${name}`, value] as const),
  );
  return {
    inputRmsDrift: deviation(inputs.map(({ rms }) => Math.log(rms))),
    inputTokenSpread: average(inputs.map(({ spread }) => spread)),
    ...Object.fromEntries(losses),
  };
}
