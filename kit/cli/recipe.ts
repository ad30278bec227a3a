/** What `convert` and `heal` are told of a conversion. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { nearest, UserError } from "../errors.js";
import { parsedFile } from "../lab/jsonFile.js";
import { liquidParts } from "../model/index.js";
import type { PoolSpec } from "../nn/index.js";
import { type LayerChoice, type Recipe, readLayers, recipeReader, recipes } from "../surgery/index.js";
import { whole } from "./arguments.js";

/** What goes over what a recipe says. */
type Dials = {
  readonly layers?: LayerChoice;
  readonly init?: Recipe["init"];
  readonly rank?: number | "full";
  readonly pool?: PoolSpec;
};

export type RecipeOptions = Dials & { readonly recipe?: Recipe };

/** What of a recipe each dial turns. */
const turned: {
  readonly [Dial in keyof Dials]-?: { readonly what: string; readonly isIn: (recipe: Recipe) => boolean };
} = {
  layers: {
    what: "heads, attention or liquid",
    isIn: ({ heads, attention, liquid }) => (heads ?? attention ?? liquid) !== undefined,
  },
  init: { what: "attention or liquid", isIn: ({ attention, liquid }) => (attention ?? liquid) !== undefined },
  rank: { what: "adaptive norms", isIn: (recipe) => hasPart(recipe, "adaptiveRmsNorm") },
  pool: {
    what: "adaptive norms or gates",
    isIn: (recipe) => hasPart(recipe, "adaptiveRmsNorm") || hasPart(recipe, "squeezeExcite"),
  },
};

function hasPart({ liquid }: Recipe, part: (typeof liquidParts)[number]): boolean {
  return liquid !== undefined && (liquid.parts ?? liquidParts).includes(part);
}

/**
 * Adds the options of a conversion to a command: the recipe, and the dials that go over what it says.
 *
 * @param need `required` where the command is nothing without a recipe
 */
export function withRecipe(command: Command, need: "required" | "optional"): Command {
  const words = `what is converted: ${Object.keys(recipes).join(", ")}, or a JSON file with a recipe`;
  return command
    .addOption(new Option("--recipe <recipe>", words).argParser(recipe).makeOptionMandatory(need === "required"))
    .option(
      "--layers <list>",
      "the layers that are converted, such as 8-21, 0,3,8-21 or 0-21/2 (default: all)",
      readLayers,
    )
    .addOption(
      new Option("--init <how>", "how new parameters begin (default: identity)").choices(["identity", "standard"]),
    )
    .option("--rank <r>", "of the matrices of adaptive norms, or full (default: 16)", rank)
    .option("--pool <kind>", "prefix, ema:DECAY, or sequence, which sees the future (default: prefix)", pool);
}

/**
 * The recipe with the dials that were given; nothing where no recipe was.
 *
 * @throws UserError when a dial turns nothing
 */
export function recipeOf({ recipe, layers, init, rank, pool }: RecipeOptions): Recipe | undefined {
  const dials = { layers, init, rank, pool };
  const given = (["layers", "init", "rank", "pool"] as const).filter((dial) => dials[dial] !== undefined);
  if (recipe === undefined) {
    const [lone] = given;
    if (lone === undefined) return undefined;
    throw new UserError(`--${lone} is given, and no recipe`, { fix: `Add --recipe, or leave --${lone} out` });
  }
  const idle = given.find((dial) => !turned[dial].isIn(recipe));
  if (idle !== undefined) {
    throw new UserError(`--${idle} turns nothing of this recipe`, {
      expected: `one with ${turned[idle].what}`,
      fix: `Leave --${idle} out`,
    });
  }
  return {
    ...recipe,
    ...(layers && { layers }),
    ...(init && { init }),
    ...(recipe.liquid && { liquid: { ...recipe.liquid, ...(rank && { rank }), ...(pool && { pool }) } }),
  };
}

function recipe(text: string): Recipe {
  if (Object.hasOwn(recipes, text)) return recipes[text as keyof typeof recipes];
  if (text.endsWith(".json")) return recipeReader(parsedFile(text), { field: "", where: text });
  const near = nearest(text, Object.keys(recipes));
  throw new InvalidArgumentError(near === undefined ? "there is no such recipe" : `did you mean ${near}?`);
}

function rank(text: string): number | "full" {
  return text === "full" ? text : whole(1)(text);
}

function pool(text: string): PoolSpec {
  if (text === "prefix" || text === "sequence") return { kind: text };
  const decay = Number(/^ema:(0?\.\d+)$/.exec(text)?.[1]);
  if (decay > 0) return { kind: "ema", decay };
  throw new InvalidArgumentError("Expected prefix, ema:0.99 or sequence.");
}
