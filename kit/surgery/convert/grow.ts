/** Models made deeper or wider from where they are: what is added begins without effect. */
import { sizeOf, type Tensor, tree } from "../../engine/index.js";
import type { TensorRef } from "../../engine/ref.js";
import { UserError } from "../../errors.js";
import {
  initialValues,
  type LayerParams,
  type LayerSpec,
  type Model,
  type ModelConfig,
  mixers,
  mlps,
  notDense,
} from "../../model/index.js";
import type { TensorSource } from "../../weights/index.js";
import { type Hand, inMemory } from "./hands.js";
import { chosenLayers, type LayerChoice } from "./layers.js";
import { handFor, isInMemory, type Refit, rebuilt } from "./refit.js";

/** Behind which layers, counted from 0, a new one is put; a number that stands there twice gets two. */
export type NewLayers = { readonly after: readonly number[] };

/**
 * Puts new layers into a model. Each is a copy of the layer before it whose matrices that write to the residual stream are
 * zero, so that the model computes what it did, to the last bit; these matrices learn first, and then all.
 *
 * @throws UserError when there is no such layer, or none is asked for
 * @source C. Wu et al., LLaMA Pro: Progressive LLaMA with Block Expansion (2024)
 */
export function addLayers(model: Model<Tensor>, where: NewLayers): Model<Tensor>;
export function addLayers(model: Model<TensorRef> | Model<TensorSource>, where: NewLayers): Model<TensorSource>;
export function addLayers(
  model: Model<Tensor> | Model<TensorSource>,
  where: NewLayers,
): Model<Tensor> | Model<TensorSource> {
  return isInMemory(model) ? deepened(model, where, inMemory) : deepened(model, where, handFor(model));
}

function deepened<Leaf>({ config, params }: Model<Leaf>, { after }: NewLayers, hand: Hand<Leaf>): Model<Leaf> {
  const depth = config.layers.length;
  const wrong = after.find((layer) => !(Number.isInteger(layer) && layer >= 0 && layer < depth));
  if (wrong !== undefined || after.length === 0) {
    throw new UserError(wrong === undefined ? "No layer is asked for" : `There is no layer ${wrong}`, {
      where: "addLayers",
      expected: `numbers from 0 to ${depth - 1}`,
    });
  }
  const copy = (own: LayerParams<Leaf>, layer: number): LayerParams<Leaf> => silent(own, config.layers[layer], hand);
  return { config: withLayers(config, after), params: { ...params, layers: repeated(params.layers, after, copy) } };
}

/** The config of a model with new layers behind some of its own. */
export function withLayers(config: ModelConfig, after: Iterable<number>): ModelConfig {
  return { ...config, layers: repeated(config.layers, [...after], (spec) => spec) };
}

/** The parts of all layers, each followed by as many copies of it as `after` names it. */
function repeated<Part>(
  parts: readonly Part[],
  after: readonly number[],
  copy: (part: Part, layer: number) => Part,
): Part[] {
  const copies = (layer: number): number => after.filter((other) => other === layer).length;
  return parts.flatMap((part, layer) => [part, ...Array.from({ length: copies(layer) }, () => copy(part, layer))]);
}

/** The layer's parameters with zeros for all that adds to the residual stream. */
function silent<Leaf>(params: LayerParams<Leaf>, { mixer, mlp }: LayerSpec, hand: Hand<Leaf>): LayerParams<Leaf> {
  const adding = [`mixer.${mixers[mixer.kind].writer}`, "tokenMixing.bias", `mlp.${mlps[mlp.kind].writer}`];
  return tree.map<Leaf, Leaf, LayerParams<Leaf>>(params, (leaf, path) => {
    const { shape } = leaf as { readonly shape: readonly number[] };
    return adding.includes(path) ? hand.made(shape, () => new Float32Array(sizeOf(shape))) : leaf;
  }) as LayerParams<Leaf>;
}

export type NewHeads = {
  /** Heads for keys and values to add to each layer. With each come as many query heads as the others have. */
  readonly groups: number;
  /** Default: all. */
  readonly layers?: LayerChoice;
  /** Selects the new rows. Default 0. */
  readonly seed?: number;
};

/**
 * Gives attention more heads. Their rows of queries, keys and values are drawn; the columns by which they would write to the
 * residual stream are zero, so that the model computes what it did but for rounding.
 *
 * @throws UserError when a layer has no attention, the linear layers are not dense (a ternary matrix shares a scale with its
 * new columns), or no head is asked for
 */
export function addHeads(model: Model<Tensor>, heads: NewHeads): Model<Tensor>;
export function addHeads(model: Model<TensorRef> | Model<TensorSource>, heads: NewHeads): Model<TensorSource>;
export function addHeads(
  model: Model<Tensor> | Model<TensorSource>,
  heads: NewHeads,
): Model<Tensor> | Model<TensorSource> {
  const config = withHeads(model.config, heads);
  const draw = initialValues(config, heads.seed ?? 0);
  const refit: Refit = (path) => {
    if (!/\.mixer\.[qkvo]$/.test(path)) return undefined;
    return (leaf, shape, hand) => {
      const before = (leaf as { readonly shape: readonly number[] }).shape;
      if (before.join() === shape.join()) return leaf;
      if (path.endsWith("o")) return hand.reworked(leaf, shape, (values) => withColumns(values, before[1], shape));
      const added = [shape[0] - before[0], shape[1]];
      return hand.reworked(leaf, shape, (values) => withRows(values, draw(path, added)));
    };
  };
  return rebuilt(model, config, draw, refit);
}

/** The config of a model whose attention has more heads. */
export function withHeads(config: ModelConfig, { groups, layers = "all" }: NewHeads): ModelConfig {
  const problem = notDense(config, "A model that gets new heads");
  if (problem !== undefined) throw problem;
  if (!Number.isInteger(groups) || groups < 1) {
    throw new UserError(`addHeads: ${groups} groups`, { expected: "a whole number from 1 on" });
  }
  const chosen = chosenLayers(layers, config.layers.length);
  const wider = (layer: LayerSpec, i: number): LayerSpec => {
    if (!chosen.has(i)) return layer;
    const { mixer } = layer;
    if (mixer.kind !== "attention") {
      throw new UserError(`Layer ${i} has no attention to give heads to`, { where: `its mixer is ${mixer.kind}` });
    }
    const { heads, kvHeads } = mixer;
    return { ...layer, mixer: { ...mixer, kvHeads: kvHeads + groups, heads: heads + groups * (heads / kvHeads) } };
  };
  return { ...config, layers: config.layers.map(wider) };
}

function withRows(values: Float32Array, more: Float32Array): Float32Array {
  const out = new Float32Array(values.length + more.length);
  out.set(values);
  out.set(more, values.length);
  return out;
}

/** A matrix with columns of zeros behind its own. */
function withColumns(values: Float32Array, columns: number, [rows, all]: readonly number[]): Float32Array {
  const out = new Float32Array(rows * all);
  for (let row = 0; row < rows; row++) out.set(values.subarray(row * columns, (row + 1) * columns), row * all);
  return out;
}
