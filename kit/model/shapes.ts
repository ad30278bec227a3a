import { sizeOf, tree } from "../engine/index.js";
import type { LayerSpec, ModelConfig, ModelParams } from "./config.js";
import { mixerOf, mlpOf } from "./registry.js";

/** A parameter's shape, as a leaf: a list of numbers would be a branch of the tree. */
export type Shape = { readonly shape: readonly number[] };

/** Marks leaves of a shape tree. A class, so that the tree does not walk into it. */
class ShapeLeaf implements Shape {
  constructor(readonly shape: readonly number[]) {}
}

const leaf = (...shape: number[]): Shape => new ShapeLeaf(shape);

/** The parameter tree a config calls for, with the shape of each leaf. */
export function shapes(config: ModelConfig): ModelParams<Shape> {
  const { vocab, width, tied } = config;
  return {
    embed: leaf(vocab, width),
    layers: config.layers.map((layer) => layerShapes(layer, width)),
    norm: { gain: leaf(width) },
    ...(tied ? {} : { head: leaf(vocab, width) }),
  };
}

function layerShapes({ mixer, mlp }: LayerSpec, width: number): ModelParams<Shape>["layers"][number] {
  const named = (of: Readonly<Record<string, readonly number[]>>): { [name: string]: Shape } =>
    Object.fromEntries(Object.entries(of).map(([name, shape]) => [name, leaf(...shape)]));
  return {
    mixerNorm: { gain: leaf(width) },
    mixer: named(mixerOf(mixer).shapes(mixer, width)),
    mlpNorm: { gain: leaf(width) },
    mlp: named(mlpOf(mlp).shapes(mlp, width)),
  };
}

/** Number of parameters. A tied head is counted once. TinyLlama-1.1B has 1,100,048,384. */
export function countParameters(config: ModelConfig): number {
  return tree.leaves<Shape>(shapes(config)).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/**
 * Floating-point operations to compute the logits of one token that sees `seen` tokens, itself included.
 *
 * Two for each weight of a linear layer and of the head (the embedding is a look-up), plus the mixing itself. A backward
 * pass costs twice as much again.
 */
export function flopsPerToken(config: ModelConfig, seen: number): number {
  const linear = config.layers.reduce((total, layer) => {
    const { mixer, mlp } = layerShapes(layer, config.width);
    return total + tree.leaves<Shape>({ mixer, mlp }).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }, config.vocab * config.width);
  const mixing = config.layers.reduce((total, { mixer }) => total + mixerOf(mixer).mixingFlops(mixer, seen), 0);
  return 2 * (linear + mixing);
}
