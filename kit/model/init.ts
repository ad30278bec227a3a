import { random, type Tensor, tensor, tree } from "../engine/index.js";
import type { Initial } from "../nn/initial.js";
import type { Llama, LlamaConfig, Model, ModelConfig, ModelParams } from "./config.js";
import { mixerOf, mlpOf } from "./registry.js";
import { type Shape, shapes } from "./shapes.js";

/**
 * A model with random weights.
 *
 * | leaf | distribution |
 * |---|---|
 * | gains | 1 |
 * | embedding, head, linear layers | N(0, 0.02²) |
 * | linear layers that write to the residual stream | N(0, 0.02² / 2L), so that its variance does not grow with depth |
 * | the rest: kernels, rates | as the mixer's entry in the registry says |
 *
 * Each leaf draws from a stream of its own path: adding a layer does not change the others.
 *
 * @param seed Selects the weights.
 * @source A. Radford et al. (2019) for the residual scaling
 */
export function init(config: LlamaConfig, seed: number): Llama<Tensor>;
export function init(config: ModelConfig, seed: number): Model<Tensor>;
export function init(config: ModelConfig, seed: number): Model<Tensor> {
  const drawn = new Map<string, Initial>(
    config.layers.flatMap(({ mixer }, i) =>
      Object.entries(mixerOf(mixer).initial ?? {}).map(([name, draw]) => [`layers.${i}.mixer.${name}`, draw] as const),
    ),
  );
  const writers = new Set(
    config.layers.flatMap(({ mixer, mlp }, i) => [
      `layers.${i}.mixer.${mixerOf(mixer).writer}`,
      `layers.${i}.mlp.${mlpOf(mlp).writer}`,
    ]),
  );
  const start = random.key(seed);
  const params = tree.map<Shape, Tensor, ModelParams<Shape>>(shapes(config), ({ shape }, path) => {
    const count = shape.reduce((product, axis) => product * axis, 1);
    const draw = drawn.get(path);
    if (draw !== undefined) return draw(random.fold(start, path), shape);
    if (path.endsWith(".gain")) return tensor(new Float32Array(count).fill(1), shape);
    const deviation = writers.has(path) ? 0.02 / Math.sqrt(2 * config.layers.length) : 0.02;
    return random.normal(random.fold(start, path), shape, deviation);
  });
  return { config, params: params as unknown as ModelParams<Tensor> };
}
