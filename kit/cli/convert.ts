import { readFile } from "node:fs/promises";
import { Command } from "commander";
import type { Tensor, TensorRef } from "../engine/index.js";
import { UserError } from "../errors.js";
import { batch, type Model } from "../model/index.js";
import { conversionReport, convert, departure, type Growth, growth } from "../surgery/index.js";
import { refuseExisting } from "../weights/folder.js";
import * as weights from "../weights/index.js";
import { whole } from "./arguments.js";
import { progressLine } from "./progress.js";
import { type RecipeOptions, recipeOf, withRecipe } from "./recipe.js";
import { writing } from "./stopping.js";
import { count, plural, table } from "./words.js";

type Options = RecipeOptions & {
  readonly seed?: number;
  readonly measure?: string;
  readonly force?: true;
};

/** `kintsugi convert`: a trained model rebuilt by a recipe. TensorFlow is loaded only to measure the damage. */
export function convertCommand(): Command {
  const command = new Command("convert")
    .description("rebuild a trained model by a recipe; what it adds begins without effect where that is possible")
    .argument("<source>", "a known name, a file or a folder")
    .argument("<out>", "the folder to make");
  return withRecipe(command, "required")
    .option("--seed <number>", "selects what is drawn (default: 0)", whole(0))
    .option("--measure <text file>", "load both models and compare them on this text")
    .option("--force", "replace a folder that is already there")
    .action(run);
}

async function run(source: string, out: string, options: Options): Promise<void> {
  // The option is required.
  const recipe = recipeOf(options)!;
  const { seed = 0, measure, force } = options;
  if (force !== true) await refuseExisting(out);
  const text = measure === undefined ? undefined : await textOf(measure);
  const line = progressLine(process.stderr);
  const opened = await weights.open(source, { progress: line.show }).finally(line.end);
  const converted = convert(opened.model, recipe, { seed });
  const metadata = { "kintsugi.conversion": JSON.stringify({ recipe, seed }) };
  // The base may be what is replaced.
  const before = text === undefined ? undefined : await loadedBase(source, opened, text);
  const as = { like: opened, metadata, overwrite: force === true };
  const folder = await writing(() => weights.save(converted, out, as));
  console.log(growthText(growth(opened.model.config, converted.config)));
  const lost = departure(recipe);
  if (before !== undefined) console.log(`\n${await damageText(before, folder)}`);
  else if (lost !== undefined) console.log(`\ndoes not begin as the base: ${lost}; --measure FILE shows what is lost`);
  console.log(`\n${folder}`);
}

/** A model in memory, and the first tokens of a text that it is judged by. */
type Base = { readonly model: Model<Tensor>; readonly ids: Int32Array };

/** @throws UserError when the model has no tokenizer, or the text is too short */
async function loadedBase(
  source: string,
  { model, tokenizer }: weights.Checkpoint<TensorRef>,
  text: string,
): Promise<Base> {
  const ids = weights.requireTokenizer(source, tokenizer).encode(text).slice(0, Math.min(256, model.config.context));
  if (ids.length < 2) {
    throw new UserError(`The text has ${plural(ids.length, "token")}`, {
      where: "--measure",
      expected: "two at least: each is predicted from those before it",
    });
  }
  return { model: await weights.loadModel(model), ids };
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

/** What a conversion damaged, on the tokens the base is judged by. */
async function damageText(before: Base, folder: string): Promise<string> {
  const after = await weights.load(folder, { tokenizer: false });
  const { lossNats, logits, layers, diverges } = conversionReport(before.model, after.model, batch([before.ids]));
  const rows = layers.map(({ at, relative }) => [at, relative.toExponential(1)]);
  const loss = `loss ${lossNats.before.toFixed(4)} → ${lossNats.after.toFixed(4)} nats a token, largest change of a score ${logits.toExponential(1)}`;
  if (rows.length === 0) return `${loss}\nof another depth: layers are not compared`;
  return [
    table([["behind", "relative difference"], ...rows], [1]),
    loss,
    diverges === undefined ? "no layer diverges" : `${diverges.at} is the first that diverges`,
  ].join("\n");
}
