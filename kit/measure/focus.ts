/** Where attention looks, and how much of it goes where nothing is to be found. */
import { read, scope, type Tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { batch, embed, type Model, partsOf, throughParts } from "../model/index.js";

/**
 * What each token takes from which, of each layer: the weights its mixer gives to values, for differential attention the
 * difference of its maps. Layers whose mixer has no such maps are left out.
 *
 * Costs a forward pass that is not compiled.
 *
 * @param ids shape `[B, T]` int32
 * @returns shape `[B, heads, T, T]` each, rows are the tokens that look
 */
export function attentionMaps({ config, params }: Model<Tensor>, ids: Tensor): readonly Tensor[] {
  return scope(() => {
    const found: Tensor[] = [];
    config.layers.reduce(
      (x, spec, i) =>
        throughParts(partsOf(params.layers[i], spec, config), x, (part, y) => {
          if (part.maps !== undefined) found.push(part.maps(y));
          return part.apply(y);
        }),
      embed({ config, params }, ids),
    );
    return found;
  });
}

/** Where the last token of a text looks, as means over heads and layers. */
export type Focus = {
  /** Share of attention that goes to tokens that do not matter: `1 − Σ_relevant |a| / Σ |a|`. */
  readonly irrelevant: number;
  /** `−Σ p·ln p / ln T` of `p = |a| / Σ |a|`: 0 where one token gets all, 1 where all get the same. */
  readonly entropy: number;
};

/**
 * Where the last token of a text looks.
 *
 * The weights of a difference of maps may be negative; what counts is their size.
 *
 * @param ids of the text
 * @param relevant places in it, from 0, of what the last token needs
 * @source T. Ye et al., Differential Transformer (2024), section 3.3, which compares the normalised shares of the answer's
 * span and of the rest
 * @throws UserError when a place lies outside, or no layer has attention maps
 */
export function focus(model: Model<Tensor>, ids: readonly number[], relevant: readonly number[]): Focus {
  const length = ids.length;
  const outside = relevant.find((at) => !(Number.isInteger(at) && at >= 0 && at < length));
  if (outside !== undefined) {
    throw new UserError(`focus: there is no token ${outside}`, { expected: `whole numbers from 0 to ${length - 1}` });
  }
  const rows = scope(() =>
    attentionMaps(model, batch([ids])).flatMap((maps) => {
      const values = read(maps);
      const heads = values.length / length ** 2;
      return Array.from({ length: heads }, (_, head) => {
        const last = (head + 1) * length ** 2 - length;
        return sizes(values.subarray(last, last + length));
      });
    }),
  );
  if (rows.length === 0) throw new UserError("focus: no layer of the model has attention maps");
  const matters = new Set(relevant);
  return {
    irrelevant: average(rows.map((row) => sum(row.filter((_, at) => !matters.has(at))))),
    entropy: average(rows.map((row) => -sum(row.map((p) => (p > 0 ? p * Math.log(p) : 0))) / Math.log(length))),
  };
}

/** Shares of the absolute values. */
function sizes(values: ArrayLike<number>): readonly number[] {
  const absolute = Array.from(values, Math.abs);
  const total = sum(absolute);
  return absolute.map((value) => value / total);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function average(values: readonly number[]): number {
  return sum(values) / values.length;
}
