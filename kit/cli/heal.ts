import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../errors.js";
import * as generate from "../generate/index.js";
import * as lab from "../lab/index.js";
import { rounded } from "../model/index.js";
import { makeFolder } from "../source/files.js";
import { withLock } from "../source/lock.js";
import { fetchedCorpora, namedMixtures } from "../text/index.js";
import { type PartSpec, readPart } from "../train/index.js";
import { save } from "../weights/index.js";
import { number, whole } from "./arguments.js";
import { writeFitted } from "./fitted.js";
import { armOf, begin, checkpointsIn, claim, expectFree, filed, folderOf, tidied } from "./healFolder.js";
import { type RecipeOptions, recipeOf, withRecipe } from "./recipe.js";
import { stepLine } from "./run.js";
import { stopped, stopSignal } from "./stopping.js";

type Data = Pick<lab.HealingSpec, "corpus" | "validation">;

type Options = RecipeOptions & {
  readonly data: Data;
  readonly documents: lab.HealingSpec["documents"];
  readonly tokens: number;
  readonly out: string;
  readonly train?: PartSpec;
  readonly base?: string;
  readonly teacher?: true | string;
  readonly temperature?: number;
  readonly teacherWeight?: number;
  readonly matchHidden?: number;
  readonly roundingTokens?: number;
  readonly learningRate?: number;
  readonly length?: number;
  readonly batchTokens?: number;
  readonly seed: number;
  readonly backend: "xla" | "graph" | "eager";
  readonly threads: number;
  readonly bf16?: true;
  readonly sampleEvery?: number;
  readonly prompt: string;
};

const dataWords = [
  `a corpus: ${[...fetchedCorpora, "toy-stories"].join(", ")}`,
  `what models of the cards were trained on: ${Object.keys(namedMixtures).join(", ")}`,
  "a JSON file with a mixture",
  "a file of rows or text, or a data set of the hub",
].join("; ");

/** `kintsugi heal`: a trained model, converted or not, goes on learning. */
export function healCommand(): Command {
  const command = new Command("heal")
    .description("train a model on, converted or as it is; started again, it goes on where it was")
    .argument("<model>", "a known name, a file or a folder; or a mergekit configuration (.yml), whose result is healed")
    .requiredOption("--data <what>", dataWords, corpus)
    .addOption(
      new Option("--documents <how>", "those that share a row see nothing of each other, or are one text")
        .choices(["apart", "joined"])
        .default("apart"),
    )
    .requiredOption("--tokens <n>", "how many to learn from", whole(1))
    .requiredOption("--out <folder>", "the folder to make");
  return withRecipe(command, "optional")
    .option("--train <part>", "all, new, norms, scales, last:N, lora:RANK, or patterns of paths (default: all)", part)
    .option("--base <model>", "the model it was made from, if it was converted before")
    .option("--teacher [base]", "learn from the base as well as from the text; may name it in place of --base")
    .option("--temperature <t>", "softens what the teacher says", number)
    .option("--teacher-weight <w>", "the teacher's share of the loss, 0 to 1", number)
    .option("--match-hidden <h>", "weight of matching the teacher's residual stream", number)
    .option("--rounding-tokens <n>", "over which the rounding to ternary weights sets in (default: at once)", whole(1))
    .option("--learning-rate <r>", "at its highest", number)
    .option("--length <n>", "tokens of a sequence", whole(1))
    .option("--batch-tokens <n>", "tokens of a step", whole(1))
    .option("--seed <n>", "selects what is drawn, and the order of the data", whole(0), 0)
    .addOption(
      new Option("--backend <name>", "what the steps run on").choices(["xla", "graph", "eager"]).default("graph"),
    )
    .option("--threads <n>", "processor threads", whole(1), 2)
    .option("--bf16", "products of the steps take bfloat16 operands")
    .option("--sample-every <steps>", "shows a text the model writes", whole(1))
    .option("--prompt <text>", "what that text begins with", "Once upon a time")
    .action(heal);
}

async function heal(source: string, options: Options): Promise<void> {
  const out = resolve(options.out);
  expectFree(out);
  const run = await lab.healingRun(armOf(out), options.seed, specOf(source, options), { say });
  await makeFolder(dirname(out));
  await withLock(folderOf(out), () => healed(run, out, options));
}

/** The same while no other process is at the same folder. */
async function healed(run: lab.Run, out: string, options: Options): Promise<void> {
  const work = folderOf(out);
  await begin(run, out, work);
  const ending = await carriedOut(run, out, work, options).catch((error: unknown) => {
    tidied(work);
    throw error;
  });
  if (ending === "interrupted") {
    stopped();
    return;
  }
  if (ending === "diverged") process.exitCode = 1;
  console.log(`${ending}: ${existsSync(out) ? out : "nothing is kept, it had no checkpoint yet"}`);
  console.log(`record: ${await filed(run, work)}`);
}

async function carriedOut(
  run: lab.Run,
  out: string,
  work: string,
  { sampleEvery: every, prompt }: Options,
): Promise<lab.RunEnding> {
  return await lab.carryOut(run, {
    checkpoints: checkpointsIn(work),
    records: work,
    signal: stopSignal(),
    say,
    report: stepLine(run.spec),
    look: every === undefined ? undefined : { every, at: (trained) => sample(trained, prompt) },
    trained: async ({ model, companions, factors }) => {
      await claim(out, work);
      await save(model, out, { ...companions, overwrite: true });
      const { initial } = run.spec;
      if (factors === undefined || initial.kind !== "pretrained" || initial.recipe !== undefined) return;
      console.log(await writeFitted(initial, factors, out));
    },
  });
}

function specOf(source: string, options: Options): lab.HealingSpec {
  const { data, tokens, train, roundingTokens, learningRate, length, batchTokens, backend, threads } = options;
  const { teacher, temperature, teacherWeight: weight, matchHidden: hidden } = options;
  const taught = [teacher, temperature, weight, hidden].some((option) => option !== undefined);
  return {
    ...data,
    source,
    recipe: recipeOf(options),
    base: baseOf(options),
    documents: options.documents,
    tokens,
    part: train?.kind === "all" ? undefined : train,
    distillation: taught ? defined({ temperature, weight, hidden }) : undefined,
    roundingTokens,
    learningRate,
    length,
    batchTokens,
    execution: { backend, threads, matmul: options.bf16 === true ? "bf16" : "float32" },
  };
}

/** Beside what the command prints. */
function say(message: string): void {
  console.error(message);
}

/** The base, which the teacher may name as well. */
function baseOf({ base, teacher }: Options): string | undefined {
  if (typeof teacher !== "string") return base;
  if (base === undefined || base === teacher) return teacher;
  throw new UserError(`the base is ${base}, and the teacher ${teacher}`, { expected: "one model that is both" });
}

/** Without the fields that are not there: a specification is hashed as JSON. */
function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

async function sample({ model, tokenizer }: lab.TrainedModel, prompt: string): Promise<void> {
  const { text } = await generate.text({ model: rounded(model), tokenizer }, prompt, { maxTokens: 40, temperature: 0 });
  console.log(`  ${JSON.stringify(prompt + text)}`);
}

/** What is read: a corpus the kit knows whole, or a mixture, which may say how much of it is held out. */
function corpus(value: string): Data {
  if (value === "tinystories-13k") return { corpus: { kind: value } };
  const [toys, count = 2000] = /^toy-stories(?::([1-9]\d*))?$/.exec(value) ?? [];
  if (toys !== undefined) return { corpus: { kind: "toy-stories", seed: 0, count: Number(count) } };
  const { sources, template, validation } = lab.mixtureOf(value);
  return { corpus: { kind: "mixture", sources, ...(template === undefined ? {} : { template }) }, validation };
}

function part(value: string): PartSpec {
  return readPart(value);
}
