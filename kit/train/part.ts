/** Which weights a run changes, and the model they make together with those that stay. */
import { add, item, matmul, mul, random, scalar, scope, share, type Tensor, tree, zeros } from "../engine/index.js";
import { UserError } from "../errors.js";
import { linearPaths, type Model, type ModelConfig, type ModelParams, type Shape, shapes } from "../model/index.js";
import type { Weight } from "../nn/index.js";
import { matching } from "./paths.js";

/** Words of {@link readPart}. */
const partWords = "all, new, norms, scales, last:N, lora:RANK or patterns of paths with commas between them";

/**
 * A part from a few words: `all`, `new`, `norms`, `scales`, `last:4`, `lora:8`, or patterns such as `layers.*.mlp.*`.
 *
 * @throws UserError for anything else
 */
export function readPart(text: string): PartSpec {
  if (text === "all" || text === "new" || text === "norms" || text === "scales") return { kind: text };
  const [, kind, number] = /^(last|lora):([1-9]\d*)$/.exec(text) ?? [];
  if (kind === "last") return { kind, layers: Number(number) };
  if (kind === "lora") return { kind, rank: Number(number) };
  if (/^[\w*.]+(,[\w*.]+)*$/.test(text) && /[*.]/.test(text)) return { kind: "paths", paths: text.split(",") };
  throw new UserError(`"${text}" names no part of a model`, { expected: partWords });
}

/** A tree of weights that are trained, and the model a step differentiates. */
export type Part<P> = {
  readonly config: ModelConfig;
  /** The weights before the first step; they share memory with the model, and are freed without it. */
  readonly start: () => P;
  /** The model with these weights in it. What is not among them costs no gradient and no memory of the optimiser. */
  readonly model: (trained: P) => Model<Tensor>;
  /** The model as it is saved: the same scores, with factors and low-rank matrices multiplied in. */
  readonly merged: (trained: P) => Model<Tensor>;
  /** The factors that matrices are multiplied by, where these are what is trained: by path, such as `layers.3.mixer.o`. */
  readonly factors?: (trained: P) => Readonly<Record<string, number>>;
};

/** Weights by their paths, or by names derived from them. */
export type Weights = Readonly<Record<string, Tensor>>;

/** Which weights are trained, as plain JSON. */
export type PartSpec =
  /** All of them. */
  | { readonly kind: "all" }
  /** Those that the base has not: what a conversion put in. */
  | { readonly kind: "new" }
  /** Gains of norms. */
  | { readonly kind: "norms" }
  /** The last blocks, the last norm, and the head where it is not tied. */
  | { readonly kind: "last"; readonly layers: number }
  /** One factor for the last matrix of each mixer and each MLP, 1 at the start. */
  | { readonly kind: "scales" }
  /** Low-rank additions to all matrices of linear layers: `W + (alpha/rank)·U·D`, U zero at the start. */
  | { readonly kind: "lora"; readonly rank: number; readonly alpha?: number; readonly seed?: number }
  /** Patterns of paths: `*` stands for a part without dots, `**` for anything. */
  | { readonly kind: "paths"; readonly paths: readonly string[] };

/** The whole model: its own parameter tree is what is trained. */
export function whole({ config, params }: Model<Tensor>): Part<ModelParams<Tensor>> {
  const of = (trained: ModelParams<Tensor>): Model<Tensor> => ({ config, params: trained });
  const start = (): ModelParams<Tensor> => tree.map<Tensor, Tensor, unknown>(params, share) as ModelParams<Tensor>;
  return { config, start, model: of, merged: of };
}

/**
 * The part of a model that a specification names.
 *
 * @param base of the model before its conversion, which `new` needs
 * @throws UserError when nothing is left to train, or the specification does not fit the model
 */
export function partOf(model: Model<Tensor>, spec: PartSpec, base?: ModelConfig): Part<Weights> {
  if (spec.kind === "lora") return lowRank(model, spec);
  if (spec.kind === "scales") return factors(model);
  const chosen = selection(model.config, spec, base);
  const trained = tree.entries<Tensor>(model.params).filter(([path]) => chosen(path));
  if (trained.length === 0) {
    throw new UserError(`${JSON.stringify(spec)} leaves nothing to train`, {
      expected: "at least one weight that it names",
      fix: "npx kintsugi inspect shows the paths of a model's weights",
    });
  }
  const of = (trained: Weights): Model<Tensor> => exchanged(model, (path, leaf) => trained[path] ?? leaf);
  const start = (): Weights => Object.fromEntries(trained.map(([path, leaf]) => [path, share(leaf)]));
  return { config: model.config, start, model: of, merged: of };
}

/** Whether a path is trained. */
function selection(
  config: ModelConfig,
  spec: Exclude<PartSpec, { kind: "lora" | "scales" }>,
  base: ModelConfig | undefined,
): (path: string) => boolean {
  switch (spec.kind) {
    case "all":
      return () => true;
    case "norms":
      return (path) => /(^|\.)\w*(gain|Gain)$/.test(path);
    case "paths":
      return matching(spec.paths);
    case "last": {
      const first = config.layers.length - spec.layers;
      if (spec.layers < 1 || first < 0) {
        throw new UserError(`the last ${spec.layers} blocks are to be trained`, {
          expected: `1 to ${config.layers.length}, as many as the model has`,
        });
      }
      return (path) => {
        const layer = /^layers\.(\d+)\./.exec(path)?.[1];
        return layer === undefined ? path !== "embed" : Number(layer) >= first;
      };
    }
    case "new": {
      if (base === undefined) {
        throw new UserError("what is new in a model shows beside the one it was made from", {
          fix: "Name that model as the base",
        });
      }
      const [own, before] = [config.layers.length, base.layers.length];
      if (own !== before) {
        throw new UserError(
          `the model has ${own} layers and the one it was made from ${before}: which are new, nobody can tell`,
          {
            fix: "Name them by their paths, such as layers.1.**",
          },
        );
      }
      const had = new Set(tree.entries<Shape>(shapes(base)).map(([path]) => path));
      return (path) => !had.has(path);
    }
  }
}

/** The matrices that write to the residual stream, each times a factor. */
function factors(model: Model<Tensor>): Part<Weights> {
  const writes = /^layers\.\d+\.(mixer\.o|mixer\.down|mlp\.down)$/;
  const paths = [...linearPaths(model.config)].filter((path) => writes.test(path));
  const start = (): Weights => Object.fromEntries(paths.map((path) => [`${path}.gain`, scalar(1)]));
  const of = (trained: Weights): Model<Tensor> =>
    exchanged(model, (path, leaf) => {
      const factor = trained[`${path}.gain`];
      return factor === undefined ? leaf : mul(leaf, factor);
    });
  const factors = (trained: Weights): Readonly<Record<string, number>> =>
    Object.fromEntries(paths.map((path) => [path, item(trained[`${path}.gain`])]));
  return { config: model.config, start, model: of, merged: (trained) => scope(() => of(trained)), factors };
}

/**
 * Low-rank adaptation. Every matrix keeps its value at the start, since one of its two factors is zero.
 *
 * @source E. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021)
 */
function lowRank(
  model: Model<Tensor>,
  { rank, alpha = rank, seed = 0 }: Extract<PartSpec, { kind: "lora" }>,
): Part<Weights> {
  const { config, params } = model;
  if (config.linear.kind !== "dense") {
    throw new UserError(`low-rank additions to ${config.linear.kind} weights would be lost in rounding`, {
      expected: "a model with dense linear layers",
    });
  }
  const paths = linearPaths(config);
  const matrices = tree.entries<Tensor>(params).filter(([path]) => paths.has(path));
  const scale = alpha / rank;
  const start = (): Weights =>
    Object.fromEntries(
      matrices.flatMap(([path, { shape }]) => {
        const [out, width] = shape;
        const down = random.normal(random.fold(random.key(seed), path), [rank, width], 1 / Math.sqrt(width));
        return [[`${path}.down`, down] as const, [`${path}.up`, zeros([out, rank])] as const];
      }),
    );
  const of = (change: (weight: Tensor, up: Tensor, down: Tensor) => unknown) => (trained: Weights) =>
    exchanged(model, (path, leaf) =>
      paths.has(path) ? change(leaf, trained[`${path}.up`], trained[`${path}.down`]) : leaf,
    );
  return {
    config,
    start,
    model: of((weight, up, down): Weight => ({ weight, up, down, scale })),
    merged: (trained) => scope(() => of((weight, up, down) => add(weight, mul(matmul(up, down), scale)))(trained)),
  };
}

/** The model with other leaves. A matrix may become whatever a linear layer can apply. */
function exchanged({ config, params }: Model<Tensor>, change: (path: string, leaf: Tensor) => unknown): Model<Tensor> {
  const changed = tree.map<Tensor, unknown, unknown>(params, (leaf, path) => change(path, leaf));
  return { config, params: changed as ModelParams<Tensor> };
}
