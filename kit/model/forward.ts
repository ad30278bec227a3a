import { add, dims, gather, recompute, scope, type Tensor, tensor } from "../engine/index.js";
import { type LayerContext, linear, rmsNorm } from "../nn/index.js";
import type { LayerParams, LayerSpec, Model, ModelConfig, NormParams } from "./config.js";
import { type LayerTensors, linearOf, mixerOf, mlpOf } from "./registry.js";

/** A batch of token ids, `[B, T]` int32, from rows of equal length. */
export function batch(rows: readonly (readonly number[] | Int32Array)[]): Tensor {
  return tensor(Int32Array.from(rows.flatMap((row) => [...row])), [rows.length, rows[0].length]);
}

/**
 * Scores of every next token.
 *
 * @param ids shape `[B, T]` int32, each below `config.vocab`
 * @returns shape `[B, T, N]`; row `t` sees tokens `0 … t`
 */
export function logits(model: Model<Tensor>, ids: Tensor): Tensor {
  return scope(() => head(model, hidden(model, ids)));
}

export type ForwardOptions = {
  /**
   * Computes each block again for its gradient, instead of keeping what it computed on its way: less memory for a fifth more
   * time. Default: no.
   */
  readonly recompute?: boolean;
};

/** The residual stream before the head, after the last norm; shape `[B, T, D]`. */
export function hidden(model: Model<Tensor>, ids: Tensor, options: ForwardOptions = {}): Tensor {
  dims(ids, "B T");
  const { config, params } = model;
  const block = (x: Tensor, spec: LayerSpec, i: number): Tensor => {
    const of = { own: params.layers[i], x };
    const apply = ({ own, x }: typeof of): Tensor => layer(own, x, spec, config);
    return options.recompute === true ? recompute(apply, of) : apply(of);
  };
  return rmsNorm(params.norm, config.layers.reduce(block, embed(model, ids)), config.normEps);
}

/** Embedding rows of the ids, `[..., D]`. */
export function embed({ params }: Model<Tensor>, ids: Tensor): Tensor {
  return gather(params.embed, ids);
}

/** Scores of a normed residual stream: `[..., D]` → `[..., N]`. */
export function head({ params }: Model<Tensor>, x: Tensor): Tensor {
  return linear(params.head ?? params.embed, x);
}

/**
 * One residual block: `x += mixer(norm(x))`, then `x += mlp(norm(x))`; shape `[B, T, D]`.
 *
 * A scope of its own: without it a forward pass that is not compiled would hold every layer's scores at once.
 *
 * @param context How linear layers are applied; default as the config says. Measurements look in here.
 */
export function layer(
  params: LayerParams<Tensor>,
  x: Tensor,
  spec: LayerSpec,
  config: ModelConfig,
  context: LayerContext = contextOf(config),
): Tensor {
  return scope(() => {
    const tensors = mixerTensors(params, config);
    const normed = blockNorm(params.mixerNorm, x, config);
    const mixed = add(x, mixerOf(spec.mixer).apply(tensors, normed, spec.mixer, context));
    return add(mixed, feedForward(params, mixed, spec, config, context));
  });
}

/** What a block's second half adds to the residual stream. */
export function feedForward(
  params: LayerParams<Tensor>,
  x: Tensor,
  spec: LayerSpec,
  config: ModelConfig,
  context: LayerContext = contextOf(config),
): Tensor {
  const tensors = withNorms(params.mlp, params.linearNorms?.mlp, config);
  return mlpOf(spec.mlp).apply(tensors, blockNorm(params.mlpNorm, x, config), spec.mlp, context);
}

/** What layers take from their model. */
export function contextOf({ linear, normEps }: ModelConfig): LayerContext {
  return { linear: linearOf(linear).apply(linear), normEps };
}

/** A mixer's parameters, its linear layers together with their norms. */
export function mixerTensors({ mixer, linearNorms }: LayerParams<Tensor>, config: ModelConfig): LayerTensors {
  return withNorms(mixer, linearNorms?.mixer, config);
}

function withNorms(
  tensors: { readonly [name: string]: Tensor },
  norms: { readonly [name: string]: NormParams<Tensor> } | undefined,
  { normEps }: ModelConfig,
): LayerTensors {
  if (norms === undefined) return tensors;
  const normed = Object.entries(norms).map(([name, { gain }]) => [name, { weight: tensors[name], gain, eps: normEps }]);
  return { ...tensors, ...Object.fromEntries(normed) };
}

/** The norm before a block's half; `x` itself where the config places none. */
export function blockNorm(norm: NormParams<Tensor> | undefined, x: Tensor, { normEps }: ModelConfig): Tensor {
  return norm === undefined ? x : rmsNorm(norm, x, normEps);
}

/**
 * The residual stream after the embedding and after each block, for finding where two models part.
 *
 * @returns `layers.length + 1` tensors of shape `[B, T, D]`
 */
export function residualStream(model: Model<Tensor>, ids: Tensor): Tensor[] {
  return scope(() => {
    const stream = [embed(model, ids)];
    for (const [i, spec] of model.config.layers.entries()) {
      stream.push(layer(model.params.layers[i], stream[i], spec, model.config));
    }
    return stream;
  });
}
