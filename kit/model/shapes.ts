import { sizeOf, tree } from "../engine/index.js";
import type { LayerSpec, ModelConfig, ModelParams } from "./config.js";
import { linearOf, mixerOf, mlpOf } from "./registry.js";

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
    layers: config.layers.map((layer) => layerShapes(layer, config)),
    norm: { gain: leaf(width) },
    ...(tied ? {} : { head: leaf(vocab, width) }),
  };
}

function layerShapes({ mixer, mlp }: LayerSpec, { width, linear }: ModelConfig): ModelParams<Shape>["layers"][number] {
  const [ofMixer, ofMlp] = [mixerOf(mixer), mlpOf(mlp)];
  const all = { mixer: ofMixer.shapes(mixer, width), mlp: ofMlp.shapes(mlp, width) };
  const { block, own } = linearOf(linear).norms(linear);
  return {
    ...(block ? { mixerNorm: { gain: leaf(width) } } : {}),
    mixer: mapValues(all.mixer, (shape) => leaf(...shape)),
    ...(block ? { mlpNorm: { gain: leaf(width) } } : {}),
    mlp: mapValues(all.mlp, (shape) => leaf(...shape)),
    ...(own
      ? { linearNorms: { mixer: inputGains(all.mixer, ofMixer.linears), mlp: inputGains(all.mlp, ofMlp.linears) } }
      : {}),
  };
}

/** A gain as wide as the input of each linear layer. */
function inputGains(
  shapes: Readonly<Record<string, readonly number[]>>,
  linears: readonly string[],
): { [name: string]: { gain: Shape } } {
  return Object.fromEntries(linears.map((name) => [name, { gain: leaf(shapes[name][1]) }]));
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, f: (value: A) => B): { [name: string]: B } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f(value)]));
}

/** Number of parameters. A tied head is counted once. TinyLlama-1.1B has 1,100,048,384. */
export function countParameters(config: ModelConfig): number {
  return tree.leaves<Shape>(shapes(config)).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/** Paths of the matrices that `config.linear` is about: those of the linear layers of the blocks. */
export function linearPaths({ layers }: ModelConfig): Set<string> {
  const paths = layers.flatMap(({ mixer, mlp }, i) => [
    ...mixerOf(mixer).linears.map((name) => `layers.${i}.mixer.${name}`),
    ...mlpOf(mlp).linears.map((name) => `layers.${i}.mlp.${name}`),
  ]);
  return new Set(paths);
}

/** Number of parameters in the linear layers of the blocks: those that `config.linear` is about. */
export function countLinearParameters(config: ModelConfig): number {
  const linear = linearPaths(config);
  return tree
    .entries<Shape>(shapes(config))
    .reduce((total, [path, { shape }]) => (linear.has(path) ? total + sizeOf(shape) : total), 0);
}

/**
 * Floating-point operations to compute the logits of one token that sees `seen` tokens, itself included.
 *
 * Two for each weight of a linear layer and of the head (the embedding is a look-up), plus the mixing itself. A backward
 * pass costs twice as much again.
 */
export function flopsPerToken(config: ModelConfig, seen: number): number {
  const linear = config.layers.reduce((total, layer) => {
    const { mixer, mlp } = layerShapes(layer, config);
    return total + tree.leaves<Shape>({ mixer, mlp }).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }, config.vocab * config.width);
  const mixing = config.layers.reduce((total, { mixer }) => total + mixerOf(mixer).mixingFlops(mixer, seen), 0);
  return 2 * (linear + mixing);
}
