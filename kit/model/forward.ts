import { dims, gather, recompute, scope, type Tensor, tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type LayerContext, linear, rmsNorm } from "../nn/index.js";
import { refuseOrder } from "./branching.js";
import type { LayerParams, LayerSpec, Model, ModelConfig } from "./config.js";
import { contextOf, type DocumentLayout, partsOf, throughParts } from "./parts.js";

/**
 * A batch of token ids, `[B, T]` int32.
 *
 * @throws UserError when rows differ in length, there is none, or an id is no whole number
 */
export function batch(rows: readonly (readonly number[] | Int32Array)[]): Tensor {
  const lengths = new Set(rows.map(({ length }) => length));
  if (lengths.size !== 1) {
    throw new UserError(`batch: ${rows.length} rows of ${[...lengths].join(", ") || "no"} tokens`, {
      expected: "rows of one length, at least one",
    });
  }
  return tensor(
    rows.flatMap((row) => [...row]),
    [rows.length, rows[0].length],
    "int32",
  );
}

/**
 * Scores of every next token.
 *
 * @param ids shape `[B, T]` int32, each below `config.vocab`
 * @returns shape `[B, T, N]`; row `t` sees tokens `0 … t`, of its own document where there are several
 */
export function logits(model: Model<Tensor>, ids: Tensor, options?: ForwardOptions): Tensor {
  return scope(() => head(model, hidden(model, ids, options)));
}

export type ForwardOptions = DocumentLayout & {
  /**
   * Computes each block again for its gradient, instead of keeping what it computed on its way: less memory for a fifth more
   * time. Default: no.
   */
  readonly recompute?: boolean;
};

/**
 * The residual stream before the head, after the last norm; shape `[B, T, D]`.
 *
 * @throws UserError for documents that branch, where the model has parts for which tokens stand in one order
 */
export function hidden(model: Model<Tensor>, ids: Tensor, options: ForwardOptions = {}): Tensor {
  dims(ids, "B T");
  const { config, params } = model;
  const { segments, branches } = options;
  if (branches !== undefined) refuseOrder(config);
  const layout = { ...(segments && { segments }), ...(branches && { branches }) };
  const context = contextOf(config, layout);
  const block = (x: Tensor, spec: LayerSpec, i: number): Tensor => {
    if (options.recompute !== true) return layer(params.layers[i], x, spec, config, context);
    // The second run finds nothing alive but its inputs: what follows from them is made again.
    const of = { own: params.layers[i], x, layout };
    return recompute(({ own, x, layout }: typeof of) => layer(own, x, spec, config, contextOf(config, layout)), of);
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
 * One residual block; shape `[B, T, D]`.
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
  return scope(() => throughParts(partsOf(params, spec, config, context), x, (part, y) => part.apply(y)));
}

/**
 * The residual stream after the embedding and after each block, for finding where two models part.
 *
 * @returns `layers.length + 1` tensors of shape `[B, T, D]`
 */
export function residualStream(model: Model<Tensor>, ids: Tensor, layout: DocumentLayout = {}): Tensor[] {
  return scope(() => {
    const context = contextOf(model.config, layout);
    const stream = [embed(model, ids)];
    for (const [i, spec] of model.config.layers.entries()) {
      stream.push(layer(model.params.layers[i], stream[i], spec, model.config, context));
    }
    return stream;
  });
}
