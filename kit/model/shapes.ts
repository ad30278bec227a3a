import { sizeOf, tree } from "../engine/index.js";
import { UserError } from "../errors.js";
import type { LayerSpec, ModelConfig, ModelParams } from "./config.js";
import type { Shapes } from "./kinds.js";
import { linearOf, mixerOf, mlpOf, normOf, squeezeExcitePart, tokenMixingPart } from "./registry.js";

/** A parameter's shape, as a leaf: a list of numbers would be a branch of the tree. */
export type Shape = { readonly shape: readonly number[] };

/** Marks leaves of a shape tree. A class, so that the tree does not walk into it. */
class ShapeLeaf implements Shape {
  constructor(readonly shape: readonly number[]) {}
}

const leaf = (...shape: number[]): Shape => new ShapeLeaf(shape);

/**
 * The parameter tree a config calls for, with the shape of each leaf.
 *
 * @throws UserError when a norm is to adapt where `config.linear` places none
 */
export function shapes(config: ModelConfig): ModelParams<Shape> {
  const { vocab, width, tied } = config;
  return {
    embed: leaf(vocab, width),
    layers: config.layers.map((layer, i) => layerShapes(layer, config, i)),
    norm: { gain: leaf(width) },
    ...(tied ? {} : { head: leaf(vocab, width) }),
  };
}

type LayerShapes = ModelParams<Shape>["layers"][number];

function layerShapes(layer: LayerSpec, { width, linear }: ModelConfig, at: number): LayerShapes {
  const { mixer, mlp, norm, tokenMixing, squeezeExcite } = layer;
  const [ofMixer, ofMlp] = [mixerOf(mixer), mlpOf(mlp)];
  const all = { mixer: ofMixer.shapes(mixer, width), mlp: ofMlp.shapes(mlp, width) };
  const { block, own } = linearOf(linear).norms(linear);
  if (!block && norm.kind !== "rmsNorm") {
    throw new UserError(`There is no place for the ${norm.kind} of layer ${at}`, {
      expected: "a placement of norms that has one before each half of a block",
    });
  }
  const normLeaves = leavesOf(normOf(norm).shapes(norm, width)) as NonNullable<LayerShapes["mixerNorm"]>;
  return {
    ...(block ? { mixerNorm: normLeaves } : {}),
    mixer: leavesOf(all.mixer),
    ...(tokenMixing && { tokenMixing: leavesOf(tokenMixingPart.shapes(tokenMixing, width)) }),
    ...(block ? { mlpNorm: normLeaves } : {}),
    mlp: leavesOf(all.mlp),
    ...(squeezeExcite && { squeezeExcite: leavesOf(squeezeExcitePart.shapes(squeezeExcite, width)) }),
    ...(own
      ? { linearNorms: { mixer: inputGains(all.mixer, ofMixer.linears), mlp: inputGains(all.mlp, ofMlp.linears) } }
      : {}),
  } as LayerShapes;
}

/** A gain as wide as the input of each linear layer. */
function inputGains(
  shapes: Readonly<Record<string, readonly number[]>>,
  linears: readonly string[],
): { [name: string]: { gain: Shape } } {
  return Object.fromEntries(linears.map((name) => [name, { gain: leaf(shapes[name][1]) }]));
}

function leavesOf(shapes: Shapes): { [name: string]: Shape } {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, leaf(...shape)]));
}

/** Number of parameters. A tied head is counted once. TinyLlama-1.1B has 1,100,048,384. */
export function countParameters(config: ModelConfig): number {
  return tree.leaves<Shape>(shapes(config)).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/** Parameters of one part of a model. */
export type PartCount = { readonly part: string; readonly parameters: number };

/** The same, and how many each layer has of it; what stands outside the layers has no such list. */
export type LayeredPartCount = PartCount & { readonly byLayer?: readonly number[] };

/**
 * Parameters by part, of all layers together: `embed`, then `mixerNorm`, `mixer`, `tokenMixing`, … in the order in which a
 * token of the first layer that has them meets them, with `linearNorms` behind what they stand before, then `norm` and, where it is not tied, `head`. They add up to {@link countParameters}.
 */
export function parametersByPart(config: ModelConfig): readonly LayeredPartCount[] {
  const parts = new Map<string, { parameters: number; byLayer?: number[] }>();
  for (const [path, { shape }] of tree.entries<Shape>(shapes(config))) {
    const [, layer, name] = /^(?:layers\.(\d+)\.)?(\w+)/.exec(path)!;
    const part = parts.get(name) ?? { parameters: 0, ...(layer && { byLayer: config.layers.map(() => 0) }) };
    part.parameters += sizeOf(shape);
    if (part.byLayer !== undefined) part.byLayer[Number(layer)] += sizeOf(shape);
    parts.set(name, part);
  }
  return [...parts].map(([part, counts]) => ({ part, ...counts }));
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
 * Two for each weight of a part, except the gains of the norms between parts, and of the head (the embedding is a look-up), plus
 * the mixing itself. The few vectors of a mixer, such as λ's and the gains within, count like matrices. A backward pass costs twice as much again.
 */
export function flopsPerToken(config: ModelConfig, seen: number): number {
  const linear = config.layers.reduce((total, layer, i) => {
    const { mixerNorm, mlpNorm, linearNorms: _, ...parts } = layerShapes(layer, config, i);
    const adapting = [mixerNorm, mlpNorm].map((norm) => ({ ...norm, gain: undefined }));
    return total + tree.leaves<Shape>({ ...parts, adapting }).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }, config.vocab * config.width);
  const mixing = config.layers.reduce((total, { mixer }) => total + mixerOf(mixer).mixingFlops(mixer, seen), 0);
  return 2 * (linear + mixing);
}
