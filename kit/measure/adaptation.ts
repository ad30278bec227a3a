/** How much adaptive gains and gates change from text to text, and the model in which they do not change at all. */
import { mean, mul, read, reshape, scope, type Tensor, tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import {
  embed,
  type LayerParams,
  type LayerSpec,
  type Model,
  type ModelParams,
  type PartName,
  partsOf,
  throughParts,
} from "../model/index.js";
import {
  type AdaptiveRmsNormParams,
  adaptiveGains,
  type SqueezeExciteParams,
  squeezeExciteGates,
} from "../nn/index.js";

/** The gains or gates of one part of a layer, as means over the tokens of each text. */
export type Adaptation = {
  /** Such as `layers.3.squeezeExcite`. */
  readonly at: string;
  /** One row of `D` values for each text. */
  readonly texts: readonly Float32Array[];
};

/**
 * What adaptive norms and squeeze-and-excitation make of texts.
 *
 * Costs a forward pass that is not compiled.
 *
 * @param ids shape `[B, T]` int32: B texts
 * @returns one for each part that adapts, in their order; none of a model without such parts
 */
export function adaptations({ config, params }: Model<Tensor>, ids: Tensor): readonly Adaptation[] {
  const found: Adaptation[] = [];
  scope(() => {
    config.layers.reduce(
      (x, spec, i) =>
        throughParts(partsOf(params.layers[i], spec, config), x, (part, y, name) => {
          const factors = factorsOf(params.layers[i], spec, name, y, config.normEps);
          if (factors !== undefined)
            found.push({ at: `layers.${i}.${name}`, texts: rowsOf(mean(factors, { axis: 1 })) });
          return part.apply(y);
        }),
      embed({ config, params }, ids),
    );
  });
  return found;
}

/** Gains or gates of a part for its input `[B, T, D]`; nothing where it does not adapt. */
function factorsOf(
  params: LayerParams<Tensor>,
  { norm, squeezeExcite }: LayerSpec,
  name: PartName,
  x: Tensor,
  eps: number,
): Tensor | undefined {
  if (name === "squeezeExcite" && squeezeExcite !== undefined) {
    return squeezeExciteGates(params.squeezeExcite as SqueezeExciteParams<Tensor>, x, squeezeExcite);
  }
  if ((name === "mixerNorm" || name === "mlpNorm") && norm.kind === "adaptiveRmsNorm") {
    return adaptiveGains(params[name] as AdaptiveRmsNormParams<Tensor>, x, norm, eps);
  }
  return undefined;
}

function rowsOf(x: Tensor): Float32Array[] {
  const [rows, width] = x.shape;
  const values = read(x) as Float32Array;
  return Array.from({ length: rows }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/**
 * How far a text's gains and gates are from their means over all texts: `√(Σ (g − ḡ)² / Σ ḡ²)` over channels and parts.
 *
 * @returns one number for each text; nothing where no part adapts
 */
export function adaptationSpread(parts: readonly Adaptation[]): readonly number[] | undefined {
  if (parts.length === 0) return undefined;
  const middles = parts.map(({ texts }) => meanOf(texts));
  const energy = middles.reduce((sum, row) => sum + row.reduce((total, value) => total + value * value, 0), 0);
  return parts[0].texts.map((_, text) => {
    const apart = parts.reduce(
      (sum, { texts }, part) =>
        sum + texts[text].reduce((total, value, channel) => total + (value - middles[part][channel]) ** 2, 0),
      0,
    );
    return Math.sqrt(apart / energy);
  });
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  return rows[0].map((_, channel) => rows.reduce((sum, row) => sum + row[channel], 0) / rows.length);
}

/**
 * The model whose gains and gates are their means over some texts: adaptive norms become RMSNorm with these gains, gates are
 * multiplied into the matrix before them, and both modules are gone. What this model loses is what adapting is worth.
 *
 * @param parts of the model; see {@link adaptations}
 * @throws UserError when linear layers are not dense, whose rounding a gate would change
 */
export function withoutAdapting({ config, params }: Model<Tensor>, parts: readonly Adaptation[]): Model<Tensor> {
  if (config.linear.kind !== "dense") {
    throw new UserError("withoutAdapting: gates cannot be multiplied into these matrices", {
      where: `linear layers of kind ${config.linear.kind}`,
      expected: "dense",
    });
  }
  const means = new Map(parts.map(({ at, texts }) => [at, meanOf(texts)]));
  const layers = params.layers.map((layer, i): LayerParams<Tensor> => {
    const { squeezeExcite: _, ...rest } = layer;
    const fixed = (name: "mixerNorm" | "mlpNorm") => {
      const gains = means.get(`layers.${i}.${name}`);
      return gains === undefined ? layer[name] : { gain: tensor(gains, [gains.length]) };
    };
    const gates = means.get(`layers.${i}.squeezeExcite`);
    const { down } = layer.mlp;
    return {
      ...rest,
      mixerNorm: fixed("mixerNorm"),
      mlpNorm: fixed("mlpNorm"),
      mlp: gates === undefined ? layer.mlp : { ...layer.mlp, down: gated(down, gates) },
    } as LayerParams<Tensor>;
  });
  const specs = config.layers.map(
    ({ squeezeExcite: _, ...spec }): LayerSpec => ({ ...spec, norm: { kind: "rmsNorm" } }),
  );
  return { config: { ...config, layers: specs }, params: { ...params, layers } as ModelParams<Tensor> };
}

/** Each row of a matrix `[D, F]` times the gate of its channel. */
function gated(matrix: Tensor, gates: Float32Array): Tensor {
  return scope(() => mul(matrix, reshape(tensor(gates, [gates.length]), [-1, 1])));
}
