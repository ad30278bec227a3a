/** What a conversion does, as a value; and the recipes of the models that this kit takes after. */
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../errors.js";
import {
  type DifferentialDials,
  differentialLayer,
  type LayerSpec,
  type LiquidDials,
  liquidLayer,
  liquidParts,
  type ModelConfig,
} from "../../model/index.js";
import { withHeads, withLayers } from "./grow.js";
import { chosenLayers, type LayerChoice } from "./layers.js";
import { type TernariseSpec, ternaryConfig } from "./ternarise.js";

/** A conversion as plain JSON. */
export type Recipe = {
  /** Behind which layers a new one is put, first of all, as `addLayers` does. Default: none. */
  readonly newLayers?: LayerChoice;
  /** The layers that get what `heads`, `attention` and `liquid` say, new ones counted. Default: all. */
  readonly layers?: LayerChoice;
  /** Heads for keys and values that their attention gets beside its own, before all else, as `addHeads` does. Default: none. */
  readonly heads?: number;
  /** What their attention becomes. Default: it stays. */
  readonly attention?: DifferentialDials;
  /** What of Liquid Metal they get, `{}` for all of it. Default: nothing. */
  readonly liquid?: LiquidDials;
  /** How the matrices of all layers are rounded at every use, last of all. Default: not at all. */
  readonly ternary?: TernariseSpec;
  /**
   * How new parameters begin. `identity`: without effect, wherever the mechanism allows it. `standard`: as an ordinary rewrite
   * of the modelling code would have it, which damages the model: matrices as PyTorch draws them, token mixing a plain
   * convolution with a random kernel, gates σ (about ½), second queries random. What the base has stays in both.
   */
  readonly init: "identity" | "standard";
};

/**
 * Liquid Metal, as the cards of Liquid-Metal-Tinyllama tell it: "AdaptiveRMSNorm", attention, "TokenMixing", a second
 * "AdaptiveRMSNorm", the MLP, "SEBlock". Begins as the base, exactly.
 *
 * | the card says | decided here | because |
 * |---|---|---|
 * | "adaptive scaling based on the global context of each input batch" | the gain is the base's plus a matrix of rank 16 times the mean of the text so far | a batch's mean would make a text depend on its neighbours, a whole text's mean on its future; the two full matrices a layer, 17 % of TinyLlama, would not be "lightweight" |
 * | "a local convolution across tokens" | depthwise, the present and two tokens before it, beside a residual path | the usual width of 3; a centred one sees the next token |
 * | "channel-wise recalibration … based on global context" | squeeze-and-excitation of width D/16 over the text so far, gate 2σ | 16 is its paper's reduction; 2σ(0) = 1 changes nothing |
 * | nothing of attention in the list of modules | it stays | the second norm is called "post-attention" |
 */
export const liquidMetal: Recipe = { liquid: {}, init: "identity" };

/**
 * Differential Liquid Metal ("LM-Diff"): {@link liquidMetal}, whose attention is differential.
 *
 * | the card says | decided here | because |
 * |---|---|---|
 * | "splitting query and key vectors into two groups" | within each head, after the rotation; values whole | these are its words; pairs of heads would not fit an odd number of them |
 * | "combining them with a differential weighting mechanism" | λ and the norm behind it as in the Differential Transformer, λ_init by depth | the card names no other |
 * | "healing consisted of around 58860 steps" | it begins as something else than the base | half a head's scores are not its scores: no λ repairs that |
 */
export const differentialLiquidMetal: Recipe = {
  attention: { version: 1, split: "withinHead" },
  liquid: {},
  init: "identity",
};

/**
 * Differential attention, second version. Begins as the base, exactly.
 *
 * No card has it: it is the differential attention that a trained model can be turned into without damage. Each query head gets
 * a twin with the same weights. Where the gate's matrix is zero, λ = σ(0) = ½, so that `a − ½a` remains; the output projection
 * is doubled. Both factors are powers of two and cost no bit. Gradients reach the twins with opposite signs, so they part at
 * the first step. (A gate shut by a bias of −10 would need a parameter the reference does not have, be 5·10⁻⁵ off, and let
 * next to no gradient through.)
 */
export const differentialV2: Recipe = { attention: { version: 2 }, init: "identity" };

/**
 * Ternary weights, each matrix with one scale, and the norms of the base: what rounding alone does. No card has it; no `init` can
 * undo it: the model is another one at once, which a warm-up of the rounding spreads over many steps.
 */
export const ternary: Recipe = { ternary: { scale: "per-tensor", norm: "block" }, init: "identity" };

type RecipeName = "liquidMetal" | "differentialLiquidMetal" | "differentialV2" | "ternary";

/** The recipes that have names. */
export const recipes: { readonly [Name in RecipeName]: Recipe } = {
  liquidMetal,
  differentialLiquidMetal,
  differentialV2,
  ternary,
};

/**
 * The config a recipe makes of another.
 *
 * @throws UserError when the recipe does nothing, or a layer it is for does not exist, cannot be made so, or has another such
 * part already
 */
export function convertedConfig(config: ModelConfig, recipe: Recipe): ModelConfig {
  expectChange(recipe);
  const converted = withParts(config, recipe);
  return recipe.ternary === undefined ? converted : ternaryConfig(converted, recipe.ternary);
}

/** @throws UserError when a recipe does nothing */
export function expectChange({ newLayers, heads, attention, liquid, ternary }: Recipe): void {
  if ((newLayers ?? heads ?? attention ?? liquid ?? ternary) !== undefined) return;
  throw new UserError("The recipe changes nothing", {
    expected: "some of newLayers, heads, attention, liquid, ternary",
  });
}

/** {@link convertedConfig} but for how linear layers are applied. */
export function withParts(config: ModelConfig, recipe: Recipe): ModelConfig {
  const { newLayers, heads, layers = "all" } = recipe;
  const deeper = newLayers === undefined ? config : withLayers(config, chosenLayers(newLayers, config.layers.length));
  const grown = heads === undefined ? deeper : withHeads(deeper, { groups: heads, layers });
  const chosen = chosenLayers(layers, grown.layers.length);
  return {
    ...grown,
    layers: grown.layers.map((layer, i) => (chosen.has(i) ? convertedLayer(layer, i, config.width, recipe) : layer)),
  };
}

function convertedLayer(
  layer: LayerSpec,
  index: number,
  width: number,
  { attention, liquid, init }: Recipe,
): LayerSpec {
  const mixed = attention === undefined ? layer : differentialLayer(layer, index, attention);
  if (liquid === undefined) return mixed;
  const converted = liquidLayer(mixed, width, { ...liquid, gate: gateOf(liquid, init) });
  expectKept(layer, converted, index);
  return converted;
}

function gateOf({ gate }: LiquidDials, init: Recipe["init"]): NonNullable<LiquidDials["gate"]> {
  return gate ?? (init === "identity" ? "doubleSigmoid" : "sigmoid");
}

/** @throws UserError when a part that the layer has would compute something else with the weights it was trained with */
function expectKept(before: LayerSpec, after: LayerSpec, index: number): void {
  const part = (["norm", "tokenMixing", "squeezeExcite"] as const).find((part) => {
    const [had, gets] = [before[part], after[part]];
    return had !== undefined && !isPlainNorm(had) && !isDeepStrictEqual(had, gets);
  });
  if (part === undefined) return;
  throw new UserError(`Layer ${index} has another ${part} already: ${JSON.stringify(before[part])}`, {
    expected: JSON.stringify(after[part]),
    fix: "Begin with the base, or leave these layers out",
  });
}

function isPlainNorm(part: object): boolean {
  return "kind" in part && part.kind === "rmsNorm";
}

/** Why a model that is converted so does not begin as its base; nothing where it does. */
export function departure({ attention, liquid, ternary, init }: Recipe): string | undefined {
  if (ternary !== undefined) return "its weights are rounded";
  if (attention?.version === 1 && attention.output !== "residual") return "its heads are split in two";
  if (init === "standard" && (attention ?? liquid) !== undefined)
    return "its new parameters are drawn as an ordinary rewrite draws them";
  const gated = liquid !== undefined && (liquid.parts ?? liquidParts).includes("squeezeExcite");
  return gated && gateOf(liquid, init) === "sigmoid" ? "its gates begin at a half" : undefined;
}
