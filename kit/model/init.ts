import { random, type Tensor, tensor, tree } from "../engine/index.js";
import { initial } from "../nn/index.js";
import type { Llama, LlamaConfig, Model, ModelConfig, ModelParams } from "./config.js";
import type { Part } from "./kinds.js";
import type { PartName } from "./parts.js";
import { mixerOf, mlpOf, normOf, squeezeExcitePart, tokenMixingPart } from "./registry.js";
import { type Shape, shapes } from "./shapes.js";

/** How a model's weights begin, as plain JSON: as the kit draws them, or as the teeny-s model's author did. */
export type InitialSpec = { readonly kind: "kit" } | { readonly kind: "teeny" };

/**
 * A model with random weights.
 *
 * | leaf | `kit` | `teeny` |
 * |---|---|---|
 * | gains | 1 | 1 |
 * | embedding, head | N(0, 0.02²) | N(0, 0.02²) |
 * | linear layers | N(0, 0.02²) | N(0, 2 / out) |
 * | linear layers that write to the residual stream | N(0, 0.02² / 2L), so that its variance does not grow with depth | N(0, 2 / out) |
 * | convolutions of mixers | as the mixer's entry in the registry says | N(0, 0.02²) |
 * | the rest: rates, and what changes nothing at first | as the part's entry in the registry says | the same |
 *
 * Each leaf draws from a stream of its own path: adding a layer does not change the others.
 *
 * @param seed Selects the weights.
 * @source A. Radford et al. (2019) for the residual scaling; `teeny`: its training script, `kaiming_normal_(fan_out)`
 */
export function init(config: LlamaConfig, seed: number, spec?: InitialSpec): Llama<Tensor>;
export function init(config: ModelConfig, seed: number, spec?: InitialSpec): Model<Tensor>;
export function init(config: ModelConfig, seed: number, spec: InitialSpec = { kind: "kit" }): Model<Tensor> {
  const valuesOf = initialValues(config, seed, spec);
  const params = tree.map<Shape, Tensor, ModelParams<Shape>>(shapes(config), ({ shape }, path) =>
    tensor(valuesOf(path, shape), shape),
  );
  return { config, params: params as unknown as ModelParams<Tensor> };
}

/** The values that {@link init} gives a leaf, row-major. */
export function initialValues(
  config: ModelConfig,
  seed: number,
  spec: InitialSpec = { kind: "kit" },
): (path: string, shape: readonly number[]) => Float32Array {
  const initialOf = initials[spec.kind](config);
  const start = random.key(seed);
  return (path, shape) => {
    const draw = path.endsWith(".gain") ? initial.ones : (initialOf(path, shape) ?? initial.normal(0.02));
    return draw(random.fold(start, path), shape);
  };
}

/** What a leaf begins with; nothing means N(0, 0.02²). */
type InitialOf = (path: string, shape: readonly number[]) => initial.Initial | undefined;

const initials: { readonly [Kind in InitialSpec["kind"]]: (config: ModelConfig) => InitialOf } = {
  kit: (config) => {
    const own = ofParts(config);
    const writers = new Set(
      config.layers.flatMap(({ mixer, mlp }, i) => [
        `layers.${i}.mixer.${mixerOf(mixer).writer}`,
        `layers.${i}.mlp.${mlpOf(mlp).writer}`,
      ]),
    );
    const written = initial.normal(0.02 / Math.sqrt(2 * config.layers.length));
    return (path) => own.get(path) ?? (writers.has(path) ? written : undefined);
  },
  teeny: (config) => {
    const own = ofParts(config);
    const matrices = new Set(
      config.layers.flatMap(({ mixer, mlp }, i) => [
        ...mixerOf(mixer).linears.map((name) => `layers.${i}.mixer.${name}`),
        ...mlpOf(mlp).linears.map((name) => `layers.${i}.mlp.${name}`),
      ]),
    );
    return (path, shape) => {
      if (matrices.has(path)) return initial.normal(Math.sqrt(2 / shape[0]));
      return /onv$/.test(path) ? undefined : own.get(path);
    };
  },
};

function ofParts({ layers }: ModelConfig): ReadonlyMap<string, initial.Initial> {
  return new Map(
    layers.flatMap(({ norm, mixer, tokenMixing, squeezeExcite }, i) => {
      const parts: { readonly [Name in PartName]?: Pick<Part<never>, "initial"> } = {
        mixerNorm: normOf(norm),
        mixer: mixerOf(mixer),
        tokenMixing: tokenMixing && tokenMixingPart,
        mlpNorm: normOf(norm),
        squeezeExcite: squeezeExcite && squeezeExcitePart,
      };
      return Object.entries(parts).flatMap(([name, part]) =>
        Object.entries(part?.initial ?? {}).map(([leaf, draw]) => [`layers.${i}.${name}.${leaf}`, draw] as const),
      );
    }),
  );
}
