import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../errors.js";
import { batch } from "../model/index.js";
import type { PoolSpec } from "../nn/index.js";
import {
  conversionReport,
  convert,
  type Growth,
  growth,
  type LayerChoice,
  type Recipe,
  readLayers,
  recipes,
} from "../surgery/index.js";
import * as weights from "../weights/index.js";
import { whole } from "./arguments.js";
import { progressLine } from "./progress.js";
import { count, table } from "./words.js";

type Options = {
  readonly recipe: keyof typeof recipes;
  readonly layers?: LayerChoice;
  readonly init?: Recipe["init"];
  readonly rank?: number | "full";
  readonly pool?: PoolSpec;
  readonly seed?: number;
  readonly measure?: string;
  readonly force?: true;
};

/** `kintsugi convert`: a trained model rebuilt by a recipe. TensorFlow is loaded only to measure the damage. */
export function convertCommand(): Command {
  return new Command("convert")
    .description("rebuild a trained model by a recipe; what it adds begins without effect where that is possible")
    .argument("<source>", "a known name, a file or a folder")
    .argument("<out>", "the folder to make")
    .addOption(new Option("--recipe <name>", "what to do").choices(Object.keys(recipes)).makeOptionMandatory())
    .option("--layers <numbers>", "which layers, such as 8-21, 0,3,8-21 or 0-21/2 (default: all)", layers)
    .addOption(
      new Option("--init <how>", "how new parameters begin (default: identity)").choices(["identity", "standard"]),
    )
    .option("--rank <r>", "of the matrices of adaptive norms, or full (default: 16)", rank)
    .option("--pool <kind>", "prefix, ema:DECAY, or sequence, which sees the future (default: prefix)", pool)
    .option("--seed <number>", "selects what is drawn (default: 0)", whole(0))
    .option("--measure <text file>", "load both models and compare them on this text")
    .option("--force", "replace a folder that is already there")
    .action(run);
}

async function run(source: string, out: string, options: Options): Promise<void> {
  const recipe = recipeOf(options);
  const { seed = 0, measure, force } = options;
  const text = measure === undefined ? undefined : await textOf(measure);
  const line = progressLine(process.stderr);
  const opened = await weights.open(source, { progress: line.show }).finally(line.end);
  const converted = convert(opened.model, recipe, { seed });
  const metadata = { "kintsugi.conversion": JSON.stringify({ recipe, seed }) };
  const folder = await weights.save(converted, out, { like: opened, metadata, overwrite: force === true });
  console.log(growthText(growth(opened.model.config, converted.config)));
  if (text !== undefined) console.log(`\n${await damageText(source, folder, text)}`);
  console.log(`\n${folder}`);
}

/** The named recipe with the dials that were given. */
function recipeOf({ recipe: name, layers, init, rank, pool }: Options): Recipe {
  const recipe = recipes[name];
  if (recipe.liquid === undefined && (rank !== undefined || pool !== undefined)) {
    throw new UserError(`The recipe ${name} has no adaptive norms and no gates`, {
      fix: "Leave out --rank and --pool",
    });
  }
  return {
    ...recipe,
    ...(layers && { layers }),
    ...(init && { init }),
    ...(recipe.liquid && { liquid: { ...recipe.liquid, ...(rank && { rank }), ...(pool && { pool }) } }),
  };
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`The text ${file} cannot be read`, { where: error.code });
  });
}

/** What a conversion adds, as a table. */
export function growthText({ parameters, added, flopsPerToken, leaks }: Growth): string {
  const rows = [
    ...added.map(({ part, parameters }) => [part, count(parameters)]),
    ["added", count(parameters.after - parameters.before)],
    ["parameters", count(parameters.after)],
    ["FLOPs a token at full context", `${(100 * (flopsPerToken.after / flopsPerToken.before - 1)).toFixed(2)} % more`],
    ...leaks.slice(0, 1).map((part) => ["leaks", `${part} sees the future: training and scoring will refuse it`]),
  ];
  return table(rows, leaks.length > 0 ? [] : [1]);
}

/** What a conversion damaged, on the first tokens of a text. */
async function damageText(source: string, folder: string, text: string): Promise<string> {
  const [before, after] = [await weights.load(source), await weights.load(folder)];
  const ids = weights
    .requireTokenizer(source, before.tokenizer)
    .encode(text)
    .slice(0, Math.min(256, before.model.config.context));
  const { lossNats, logits, layers, diverges } = conversionReport(before.model, after.model, batch([ids]));
  const rows = layers.map(({ at, relative }) => [at, relative.toExponential(1)]);
  return [
    table([["behind", "relative difference"], ...rows], [1]),
    `loss ${lossNats.before.toFixed(4)} → ${lossNats.after.toFixed(4)} nats a token, largest change of a score ${logits.toExponential(1)}`,
    diverges === undefined ? "no layer diverges" : `${diverges.at} is the first that diverges`,
  ].join("\n");
}

function layers(text: string): LayerChoice {
  try {
    return readLayers(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
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
