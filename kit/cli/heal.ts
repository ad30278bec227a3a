import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { nearest, UserError } from "../errors.js";
import * as generate from "../generate/index.js";
import * as lab from "../lab/index.js";
import { rounded } from "../model/index.js";
import { type Recipe, readLayers, recipes } from "../surgery/index.js";
import { fetchedCorpora, namedMixtures } from "../text/index.js";
import { type PartSpec, readPart } from "../train/index.js";
import { save } from "../weights/index.js";
import { number, whole } from "./arguments.js";
import { writeFitted } from "./fitted.js";
import { stepLine } from "./run.js";
import { stopped, stopSignal } from "./stopping.js";

type Options = {
  readonly data: lab.HealingSpec["corpus"];
  readonly documentsApart?: true;
  readonly tokens: number;
  readonly out: string;
  readonly recipe?: Recipe;
  readonly layers?: string;
  readonly train?: PartSpec;
  readonly base?: string;
  readonly teacher?: true;
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
  `one of ${[...fetchedCorpora, "toy-stories", ...Object.keys(namedMixtures)].join(", ")}`,
  "a JSON file with a mixture, a file of rows or text, or a data set of the hub",
].join("; ");

/** `kintsugi heal`: a trained model, converted or not, goes on learning. */
export function healCommand(): Command {
  return new Command("heal")
    .description("train a model on, converted or as it is; started again, it goes on where it was")
    .argument("<model>", "a known name, a file or a folder; or a mergekit configuration (.yml), whose result is healed")
    .requiredOption("--data <what>", dataWords, corpus)
    .option("--documents-apart", "documents that share a row see nothing of each other")
    .requiredOption("--tokens <n>", "how many to learn from", whole(1))
    .requiredOption("--out <folder>", "the folder to make")
    .option("--recipe <name>", `convert it first: ${Object.keys(recipes).join(", ")}`, recipe)
    .option("--layers <list>", "the layers that are converted, such as 8-21 (default: all)")
    .option("--train <part>", "all, new, norms, scales, last:N, lora:RANK, or patterns of paths (default: all)", part)
    .option("--base <model>", "the model it was made from, if it was converted before")
    .option("--teacher", "learn from the base as well as from the text")
    .option("--temperature <t>", "softens what the teacher says", number)
    .option("--teacher-weight <w>", "the teacher's share of the loss, 0 to 1", number)
    .option("--match-hidden <h>", "weight of matching the teacher's residual stream", number)
    .option("--rounding-tokens <n>", "over which the rounding to ternary weights sets in (default: at once)", whole(1))
    .option("--learning-rate <r>", "at its highest", number)
    .option("--length <n>", "tokens of a sequence", whole(1))
    .option("--batch-tokens <n>", "tokens of a step", whole(1))
    .option("--seed <n>", "selects what is drawn, and the order of the data", whole(0), 0)
    .option("--backend <name>", "xla, graph or eager", "graph")
    .option("--threads <n>", "processor threads", whole(1), 2)
    .option("--bf16", "products of the steps take bfloat16 operands")
    .option("--sample-every <steps>", "shows a text the model writes", whole(1))
    .option("--prompt <text>", "what that text begins with", "Once upon a time")
    .action(heal);
}

async function heal(source: string, options: Options): Promise<void> {
  const out = resolve(options.out);
  if (existsSync(out)) throw new UserError(`${out} exists`, { fix: "Name another folder, or remove it" });
  const run = await lab.healingRun(nameOf(out), options.seed, specOf(source, options));
  const work = `${out}.healing`;
  await begun(run, work);
  const ending = await carriedOut(run, out, work, options).catch((error: unknown) => {
    // Nothing was trained: nothing stays.
    if (!existsSync(join(work, lab.healingStudy))) rmSync(work, { recursive: true, force: true });
    throw error;
  });
  if (ending === "interrupted") {
    stopped();
    return;
  }
  if (ending === "diverged") process.exitCode = 1;
  console.log(`${ending}: ${existsSync(out) ? out : "nothing is kept, it had no checkpoint yet"}`);
  console.log(`record: ${filed(run, work)}`);
}

async function carriedOut(
  run: lab.Run,
  out: string,
  work: string,
  { sampleEvery: every, prompt }: Options,
): Promise<lab.RunEnding> {
  return await lab.carryOut(run, {
    checkpoints: join(work, "checkpoints"),
    records: work,
    signal: stopSignal(),
    say: (message) => console.error(message),
    report: stepLine(lab.stepsOf(run.spec)),
    look: every === undefined ? undefined : { every, at: (trained) => sample(trained, prompt) },
    trained: async ({ model, companions, factors }) => {
      await save(model, out, companions);
      const { initial } = run.spec;
      if (factors === undefined || initial.kind !== "pretrained" || initial.recipe !== undefined) return;
      console.log(await writeFitted(initial, factors, out));
    },
  });
}

function specOf(source: string, options: Options): lab.HealingSpec {
  const { data, tokens, train, base, roundingTokens, learningRate, length, batchTokens, backend, threads } = options;
  const chosen = options.recipe;
  if (chosen === undefined && options.layers !== undefined) {
    throw new UserError("layers are chosen, and no recipe", { fix: "Add --recipe, or leave --layers out" });
  }
  const recipe = chosen && {
    ...chosen,
    ...(options.layers === undefined ? {} : { layers: readLayers(options.layers) }),
  };
  const { temperature, teacherWeight: weight, matchHidden: hidden } = options;
  const taught = options.teacher === true || weight !== undefined || hidden !== undefined || temperature !== undefined;
  return {
    source,
    recipe,
    base,
    corpus: data,
    documents: options.documentsApart === true ? "apart" : undefined,
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

/** Without the fields that are not there: a specification is hashed as JSON. */
function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The arm's name in records: the folder's, in letters that a file name may have. */
function nameOf(out: string): string {
  return out
    .split("/")
    .at(-1)!
    .replace(/[^\w.-]/g, "-");
}

/** Notes what is being done, or compares with what was being done here. */
async function begun(run: lab.Run, work: string): Promise<void> {
  const file = join(work, "run.json");
  if (!existsSync(file)) return await lab.writeRunFile(run, file);
  const before = lab.readRunFile(file);
  if (before.seed === run.seed && lab.specHash(before.spec) === lab.specHash(run.spec)) return;
  throw new UserError(
    `another healing was begun here: ${lab.fieldDifferences(picked(before), picked(run)).join("; ")}`,
    {
      where: work,
      fix: "Give the same options to go on, name another folder, or remove this one to begin anew",
    },
  );
}

/** What two runs are compared by. */
function picked({ seed, spec }: lab.Run): unknown {
  return { seed, ...spec };
}

/** Moves the record to the others and removes the working folder. */
function filed(run: lab.Run, work: string): string {
  const path = lab.recordPath(run);
  if (!existsSync(path)) {
    mkdirSync(join(path, ".."), { recursive: true });
    renameSync(lab.recordPath(run, work), path);
  }
  rmSync(work, { recursive: true, force: true });
  return path;
}

async function sample({ model, tokenizer }: lab.TrainedModel, prompt: string): Promise<void> {
  const { text } = await generate.text({ model: rounded(model), tokenizer }, prompt, { maxTokens: 40, temperature: 0 });
  console.log(`  ${JSON.stringify(prompt + text)}`);
}

/** What is read: a corpus the kit knows whole, or a mixture. */
function corpus(value: string): lab.HealingSpec["corpus"] {
  if (value === "tinystories-13k") return { kind: value };
  const [, count = 2000] = /^toy-stories(?::([1-9]\d*))?$/.exec(value) ?? [];
  if (value.startsWith("toy-stories")) return { kind: "toy-stories", seed: 0, count: Number(count) };
  const { sources, template } = lab.mixtureOf(value);
  return { kind: "mixture", sources, ...(template === undefined ? {} : { template }) };
}

function recipe(value: string): Recipe {
  if (Object.hasOwn(recipes, value)) return recipes[value as keyof typeof recipes];
  const near = nearest(value, Object.keys(recipes));
  throw new InvalidArgumentError(near === undefined ? "there is no such recipe" : `did you mean ${near}?`);
}

function part(value: string): PartSpec {
  return readPart(value);
}
