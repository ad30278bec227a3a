/** What `convert` and `heal` are told of a conversion. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { nearest, UserError } from "../errors.js";
import { parsedFile } from "../lab/jsonFile.js";
import type { PoolSpec } from "../nn/index.js";
import { type LayerChoice, type Recipe, readLayers, recipeReader, recipes } from "../surgery/index.js";
import { whole } from "./arguments.js";

export type RecipeOptions = {
  readonly recipe?: Recipe;
  readonly layers?: LayerChoice;
  readonly init?: Recipe["init"];
  readonly rank?: number | "full";
  readonly pool?: PoolSpec;
};

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
  if (recipe === undefined) {
    const lone = Object.entries({ layers, init, rank, pool }).find(([, value]) => value !== undefined);
    if (lone === undefined) return undefined;
    throw new UserError(`--${lone[0]} is given, and no recipe`, { fix: `Add --recipe, or leave --${lone[0]} out` });
  }
  if (recipe.liquid === undefined && (rank !== undefined || pool !== undefined)) {
    throw new UserError("The recipe has no adaptive norms and no gates", { fix: "Leave out --rank and --pool" });
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
