/** What a conversion did to a model: what it added, and what it damaged. */
import { abs, item, max, mean, narrow, neg, scope, sub, type Tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { type LayerDifference, layerDifferences, tokenLogLikelihoods } from "../../measure/index.js";
import {
  countParameters,
  flopsPerToken,
  leaks,
  logits,
  type Model,
  type ModelConfig,
  type PartCount,
  parametersByPart,
} from "../../model/index.js";

/** A figure of the base and of the converted model. */
export type BeforeAfter = { readonly before: number; readonly after: number };

/** What a conversion adds, known from the configs alone. */
export type Growth = {
  readonly parameters: BeforeAfter;
  /** Parameters added by part: `mixerNorm`, `mixer`, `tokenMixing`, `squeezeExcite`, … */
  readonly added: readonly PartCount[];
  /** Of a token at the end of the context. */
  readonly flopsPerToken: BeforeAfter;
  /** Parts that see the future: a model that has any is good for comparison with nothing. */
  readonly leaks: readonly string[];
};

/** What a conversion adds to a model. */
export function growth(before: ModelConfig, after: ModelConfig): Growth {
  const old = new Map(parametersByPart(before).map(({ part, parameters }) => [part, parameters]));
  const added = parametersByPart(after).map(({ part, parameters }) => ({
    part,
    parameters: parameters - (old.get(part) ?? 0),
  }));
  return {
    parameters: { before: countParameters(before), after: countParameters(after) },
    added: added.filter(({ parameters }) => parameters !== 0),
    flopsPerToken: { before: flopsPerToken(before, before.context), after: flopsPerToken(after, after.context) },
    leaks: leaks(after),
  };
}

/** {@link Growth}, and what the conversion damaged, measured on a text. */
export type ConversionReport = Growth & {
  /** Mean loss of predicting the text, in nats per token. */
  readonly lossNats: BeforeAfter;
  /** Largest difference of a score. */
  readonly logits: number;
  /**
   * How far the residual streams are apart behind the embedding and behind each layer, with all that came before; nothing where
   * the depths differ.
   */
  readonly layers: readonly LayerDifference[];
  /** The first of these that is further apart than the tolerance, in proportion; absent where none is. */
  readonly diverges?: LayerDifference;
};

/**
 * Compares a model with what a conversion has made of it.
 *
 * @param ids shape `[B, T]` int32, at least two tokens: a text the base knows how to predict
 * @param tolerance of a layer's relative difference. Default 1e-5, which is rounding
 * @throws UserError when the models have not the same vocabulary, or the text has no token to predict
 */
export function conversionReport(
  before: Model<Tensor>,
  after: Model<Tensor>,
  ids: Tensor,
  tolerance = 1e-5,
): ConversionReport {
  const [vocab, other] = [before.config.vocab, after.config.vocab];
  if (vocab !== other) throw new UserError(`conversionReport: the vocabularies have ${vocab} and ${other} tokens`);
  if (ids.shape.length !== 2 || ids.shape[1] < 2) {
    throw new UserError(`conversionReport: the ids are [${ids.shape}]`, { expected: "[B, T] of at least two tokens" });
  }
  return scope(() => {
    const sameDepth = before.config.layers.length === after.config.layers.length;
    const layers = sameDepth ? layerDifferences(before, after, ids) : [];
    const of = (f: (model: Model<Tensor>) => Tensor): Tensor[] => [before, after].map((model) => scope(() => f(model)));
    const [lossBefore, lossAfter] = of((model) => lossOf(model, ids)).map(item);
    const [first, second] = of((model) => logits(model, ids));
    const diverges = layers.find(({ relative }) => !(relative <= tolerance));
    return {
      ...growth(before.config, after.config),
      lossNats: { before: lossBefore, after: lossAfter },
      logits: item(max(abs(sub(first, second)))),
      layers,
      ...(diverges && { diverges }),
    };
  });
}

function lossOf(model: Model<Tensor>, ids: Tensor): Tensor {
  const tokens = ids.shape[1];
  return neg(mean(tokenLogLikelihoods(model, narrow(ids, 1, 0, tokens - 1), narrow(ids, 1, 1, tokens - 1))));
}
