/** The small models of which the laws are asked: one around each example of the registry. */
import * as e from "../../engine/index.js";
import type { LinearSpec, MixerSpec, ModelConfig } from "../../model/index.js";
import { besidesExamples, configOf, linearExamples, mixerExamples } from "../../model/testing/examples.js";

/** Each example of a mixer. */
export const mixerCases: readonly (readonly [name: string, spec: MixerSpec])[] = Object.entries(mixerExamples).flatMap(
  ([kind, specs]) => Object.entries(specs).map(([name, spec]) => [`${kind}, ${name}`, spec as MixerSpec] as const),
);
const { grouped } = mixerExamples.attention;

/** A small model of some depth around each example. */
export type Around = (linear: LinearSpec, depth?: number) => ModelConfig;

export const cases: readonly (readonly [name: string, around: Around])[] = [
  ...mixerCases.map(
    ([name, mixer]) => [name, (linear: LinearSpec, depth = 2) => configOf(mixer, linear, depth)] as const,
  ),
  ...Object.entries(besidesExamples).map(
    ([name, besides]) =>
      [name, (linear: LinearSpec, depth = 2) => configOf(grouped, linear, depth, 12, besides)] as const,
  ),
];

/** The same with each kind of linear layer. */
export const withLinears: readonly (readonly [name: string, linear: string, config: ModelConfig])[] = cases.flatMap(
  ([name, around]) =>
    Object.entries(linearExamples)
      // What adapts is a norm before each half of a block.
      .filter(([, linear]) => !(name in besidesExamples) || linear.kind === "dense" || linear.norm === "block")
      .map(([how, linear]) => [name, how, around(linear)] as const),
);

/** Ids that do not repeat soon. */
export const tokens = (count: number, shift = 0): number[] =>
  Array.from({ length: count }, (_, t) => (t * t * 5 + shift) % 23);
/** The rows of a tensor. */
export const rows = (x: e.Tensor): number[][] => {
  const N = x.shape[x.shape.length - 1];
  const values = Array.from(e.read(x));
  return Array.from({ length: values.length / N }, (_, i) => values.slice(i * N, (i + 1) * N));
};
