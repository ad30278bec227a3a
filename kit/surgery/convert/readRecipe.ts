/** Recipes from parsed JSON: every field is checked, and nothing else may stand there. */
import {
  type DifferentialDials,
  type LiquidDials,
  liquidParts,
  poolReader,
  reading,
  ternaryFields,
} from "../../model/index.js";
import type { LayerChoice, LayerRange } from "./layers.js";
import type { Recipe } from "./recipe.js";
import type { TernariseSpec } from "./ternarise.js";

const { either, fields, list, oneOf, optional, whole, wholeOr } = reading;

type Version<V> = Extract<DifferentialDials, { readonly version: V }>;

const layers: reading.Reader<LayerChoice> = either(
  (value) => typeof value === "string",
  oneOf("all"),
  list(fields<LayerRange>({ first: whole(0), last: whole(0), every: optional(whole()) })),
);

const attention: reading.Reader<DifferentialDials> = either(
  (value) => (value as Partial<DifferentialDials> | null)?.version === 2,
  fields<Version<2>>({ version: oneOf(2), lambdaBias: optional(oneOf(true)) }),
  fields<Version<1>>({
    version: oneOf(1),
    split: oneOf("adjacentHeads", "halvedHeads", "withinHead"),
    output: optional(oneOf("subNorm", "plainSubNorm", "residual")),
  }),
);

const liquid: reading.Reader<LiquidDials> = fields<LiquidDials>({
  parts: optional(list(oneOf(...liquidParts))),
  rank: optional(wholeOr("full")),
  pool: optional(poolReader),
  kernel: optional(whole()),
  hidden: optional(whole()),
  gate: optional(oneOf("doubleSigmoid", "sigmoid")),
  bias: optional(oneOf(true)),
});

const { scale, norm, activationBits } = ternaryFields;

/** Reads a conversion; `readRun` does with it what it does with the rest of a run. */
export const recipeReader: reading.Reader<Recipe> = fields<Recipe>({
  newLayers: optional(layers),
  layers: optional(layers),
  heads: optional(whole()),
  attention: optional(attention),
  liquid: optional(liquid),
  ternary: optional(fields<TernariseSpec>({ scale, norm, activationBits })),
  init: oneOf("identity", "standard"),
});
