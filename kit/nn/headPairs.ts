/** How the attention maps of differential attention come in pairs. */
import { concat, dims, narrow, reshape, type Tensor, transpose } from "../engine/index.js";
import type { RopeSpec } from "./rope.js";

/**
 * Which two maps are subtracted from each other.
 *
 * | split | the pair | needs |
 * |---|---|---|
 * | `adjacentHeads` | heads 2h and 2h + 1, and key heads alike: unilm's `flashdiff_1` | even numbers of heads and key heads |
 * | `halvedHeads` | heads h and h + H/2, and key heads alike: Hugging Face's DiffLlama | the same |
 * | `withinHead` | a head's rotary pairs 0, 2, 4, … and its rotary pairs 1, 3, 5, … | a head width divisible by 4 |
 *
 * The first two differ in the order of rows of the projections alone. Where several query heads share a key head, only
 * `halvedHeads` leaves every query the keys it has in plain attention: `adjacentHeads` gives head 1 the keys of key head 1.
 * Within a head, both groups keep whole rotary pairs, so that their scores depend on distances alone, and the whole range of
 * wavelengths.
 */
export type HeadSplit = "adjacentHeads" | "halvedHeads" | "withinHead";

/** Heads that are to be split. */
type SplitHeads = {
  readonly split: HeadSplit;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly output: "subNorm" | "plainSubNorm" | "residual";
};

/** What heads must be like for their split; `field` names what is wrong where it does not hold. */
export const splitLaws: readonly {
  readonly field: Exclude<keyof SplitHeads, "split">;
  readonly expected: string;
  readonly holds: (heads: SplitHeads) => boolean;
}[] = [
  {
    field: "heads",
    expected: "an even number, for pairs of heads",
    holds: ({ split, heads }) => split === "withinHead" || heads % 2 === 0,
  },
  {
    field: "kvHeads",
    expected: "an even number, for pairs of heads",
    holds: ({ split, kvHeads }) => split === "withinHead" || kvHeads % 2 === 0,
  },
  {
    field: "headDim",
    expected: "a multiple of 4, for two groups of rotary pairs",
    holds: ({ split, headDim }) => split !== "withinHead" || headDim % 4 === 0,
  },
  {
    field: "output",
    expected: '"subNorm" or "plainSubNorm": only halved heads have keys and values of their own',
    holds: ({ split, output }) => split === "halvedHeads" || output !== "residual",
  },
];

type Layout = RopeSpec["layout"];

/** One way to pair maps. "Apart" means: the first members of all pairs, then all second ones. */
type Pairing = {
  /** Maps of a head. */
  readonly maps: 1 | 2;
  /** Rotated queries or keys, taken apart: `[B, H, T, K]` → `[B, H·maps, T, K/maps]`. */
  readonly apart: (x: Tensor, layout: Layout) => Tensor;
  /** The values of a pair side by side: `[B, H, T, K]` → `[B, H·maps/2, T, 2K/maps]`. */
  readonly joined: (x: Tensor) => Tensor;
};

export const pairings: { readonly [S in HeadSplit]: Pairing } = {
  adjacentHeads: { maps: 1, apart: evensFirst, joined: (x) => sideBySide(evensFirst(x)) },
  halvedHeads: { maps: 1, apart: (x) => x, joined: sideBySide },
  withinHead: { maps: 2, apart: rotaryGroups, joined: (x) => x },
};

/** Heads 0, 2, 4, …, then heads 1, 3, 5, … */
function evensFirst(x: Tensor): Tensor {
  const { B, H, T, K } = dims(x, "B H T K");
  return reshape(transpose(reshape(x, [B, H / 2, 2, T, K]), [0, 2, 1, 3, 4]), [B, H, T, K]);
}

/** Each head of the first half beside its partner in the second. */
function sideBySide(x: Tensor): Tensor {
  const half = x.shape[1] / 2;
  return concat([narrow(x, 1, 0, half), narrow(x, 1, half, half)], -1);
}

/** Every second rotary pair of all heads, then the others. */
function rotaryGroups(x: Tensor, layout: Layout): Tensor {
  const { B, H, T, K } = dims(x, "B H T K");
  // The last axis as pairs of pairs: which member, of which couple of pairs, which pair of the couple.
  const [shape, order] =
    layout === "half"
      ? [
          [B, H, T, 2, K / 4, 2],
          [0, 5, 1, 2, 3, 4],
        ]
      : [
          [B, H, T, K / 4, 2, 2],
          [0, 4, 1, 2, 3, 5],
        ];
  return reshape(transpose(reshape(x, shape), order), [B, 2 * H, T, K / 2]);
}
