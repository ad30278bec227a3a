/** Where attention looks, and how much of it goes where nothing is to be found. */
import { dims, narrow, read, reshape, scope, type Tensor, transpose } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type BoundPart, batch, embed, type Model, partsOf, throughParts } from "../model/index.js";

/**
 * What each token takes from which, of each layer: the weights its mixer gives to values, for differential attention the
 * difference of its maps. Layers whose mixer has no such maps are left out.
 *
 * Costs a forward pass that is not compiled.
 *
 * @param ids shape `[B, T]` int32
 * @returns shape `[B, heads, T, T]` each, rows are the tokens that look
 */
export function attentionMaps(model: Model<Tensor>, ids: Tensor): readonly Tensor[] {
  return throughMixers(model, ids, ({ maps }, x) => maps?.(x));
}

/** What mixers are asked for, layer by layer; those that have no answer are left out. */
function throughMixers(
  { config, params }: Model<Tensor>,
  ids: Tensor,
  ask: (mixer: BoundPart, x: Tensor) => Tensor | undefined,
): readonly Tensor[] {
  return scope(() => {
    const found: Tensor[] = [];
    config.layers.reduce(
      (x, spec, i) =>
        throughParts(partsOf(params.layers[i], spec, config), x, (part, y) => {
          const answer = ask(part, y);
          if (answer !== undefined) found.push(answer);
          return part.apply(y);
        }),
      embed({ config, params }, ids),
    );
    return found;
  });
}

/**
 * How much of their attention the two maps of a pair give to the same tokens: `Σ_s min(a₁, a₂)`, 1 where they are one map, 0
 * where they share nothing; a mean over all tokens but the first, pairs and layers.
 *
 * Pairs are those of differential attention. Of attention they are neighbouring heads, for comparison; the last one of an odd
 * number is left out.
 *
 * @param ids of a text, at least two
 * @throws UserError when the text is shorter, or no layer has pairs
 */
export function mapOverlap(model: Model<Tensor>, ids: readonly number[]): number {
  const length = ids.length;
  if (length < 2) throw new UserError(`mapOverlap: a text of ${length} tokens`, { expected: "at least two" });
  const shared = scope(() =>
    throughMixers(model, batch([ids]), (mixer, x) => mixer.pairs?.(x) ?? neighbours(mixer.maps?.(x))).map((pairs) => {
      const values = read(pairs);
      const [first, second] = [values.subarray(0, values.length / 2), values.subarray(values.length / 2)];
      const rows = values.length / 2 / length;
      // The first token of a text sees itself alone, in whatever map.
      const all = sum(Array.from(first, (a, at) => Math.min(a, second[at]))) - rows / length;
      return all / (rows - rows / length);
    }),
  );
  if (shared.length === 0) throw new UserError("mapOverlap: no layer of the model has two attention maps");
  return average(shared);
}

/** Heads side by side as pairs: `[B, H, T, T]` → `[B, 2, H/2, T, T]`. */
function neighbours(maps: Tensor | undefined): Tensor | undefined {
  if (maps === undefined || maps.shape[1] < 2) return undefined;
  const { B, H, T } = dims(maps, "B H T T");
  const half = Math.floor(H / 2);
  const paired = reshape(narrow(maps, 1, 0, 2 * half), [B, half, 2, T, T]);
  return transpose(paired, [0, 2, 1, 3, 4]);
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
