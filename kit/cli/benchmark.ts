import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.js";
import * as evals from "../evals/index.js";
import type { Speaker } from "../generate/index.js";
import * as lab from "../lab/index.js";
import { startOf } from "../lab/start.js";
import { benchmarks, studies } from "../studies/index.js";
import * as weights from "../weights/index.js";
import { progressText } from "./eval.js";
import { named } from "./named.js";
import { statusLine } from "./progress.js";
import { loadSpeaker } from "./speaker.js";
import { stopSignal } from "./stopping.js";

type Options = { readonly only?: readonly string[]; readonly task?: readonly string[]; readonly models?: string };

/** `kintsugi benchmark`: whatever evaluations a benchmark lacks. */
export function benchmarkCommand(): Command {
  return new Command("benchmark")
    .description("carry out the evaluations a benchmark lacks; stopped at any time, it goes on with the next task")
    .argument(
      "<names...>",
      `of ${benchmarks([])
        .map(({ name }) => name)
        .join(", ")}`,
    )
    .option("--only <labels...>", "only these models, by their labels in the table")
    .option("--task <names...>", "only these tasks and groups")
    .option("--models <folder>", "where `kintsugi study` kept trained models; default data/cache/models")
    .action(async (names: readonly string[], options: Options) => {
      const all = benchmarks(lab.packedModels());
      await run(
        names.map((name) => named(all, "benchmark", name)),
        options,
      );
    });
}

async function run(chosen: readonly evals.Benchmark[], { only, task: tasks, models }: Options): Promise<void> {
  const signal = stopSignal();
  const line = statusLine(process.stderr);
  const say = (message: string): void => {
    line.end();
    console.error(message);
  };
  for (const benchmark of chosen) {
    const options = { only, tasks, signal, say, open: (subject: evals.Subject) => openSubject(subject, models) };
    const complete = await evals
      .conductBenchmark(benchmark, { ...options, progress: (progress) => line.show(progressText(progress)) })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
        process.exitCode = 130;
        return undefined;
      })
      .finally(line.end);
    if (complete === undefined) return;
    console.log(`${benchmark.name}: ${complete ? "complete" : "not all models are there"}\n`);
    console.log(evals.scoreTable(await evals.benchmarkResult(benchmark, new evals.EvalArchive())));
  }
}

async function openSubject({ source }: evals.Subject, models: string | undefined): Promise<Speaker> {
  switch (source.kind) {
    case "named":
      return await loadSpeaker(source.name);
    case "packed":
      return await loadSpeaker(join(lab.packedFolder(), source.study, source.arm));
    case "trained": {
      const run = runOf(source);
      return await loadSpeaker(lab.keptModel(run, models) ?? lab.modelFolder(run, models));
    }
    case "converted": {
      const { model, source: checkpoint } = await startOf(runOf(source).spec, source.seed);
      return { model, tokenizer: weights.requireTokenizer(source.arm, checkpoint?.tokenizer) };
    }
  }
}

/** The run of an arm, at the learning rate its study has found. */
function runOf({ study: name, arm, seed }: { study: string; arm: string; seed: number }): lab.Run {
  const study = named(studies, "study", name);
  const { rate } = lab.learningRate(study, arm, new lab.Archive(lab.recordsFolder(), () => undefined));
  const found = lab.armRuns(study, arm, rate).find((run) => run.seed === seed);
  if (found !== undefined) return found;
  throw new UserError(`the arm ${arm} has no seed ${seed}`, { where: `study ${name}` });
}
