import { Command } from "commander";
import * as evals from "../evals/index.js";
import type { Speaker } from "../generate/index.js";
import * as lab from "../lab/index.js";
import { benchmarks } from "../studies/index.js";
import { progressText } from "./eval.js";
import { named } from "./named.js";
import { statusLine } from "./progress.js";
import { stopSignal } from "./stopping.js";
import { openSource, weightsOf } from "./subjects.js";

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
  const archive = new lab.Archive(lab.recordsFolder(), () => undefined);
  const known: evals.WeightsOf = (source) => weightsOf(source, archive);
  const open = ({ source }: evals.Subject): Promise<Speaker> => openSource(source, archive, models);
  for (const benchmark of chosen) {
    const options = { only, tasks, signal, say, open, weightsOf: known };
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
    console.log(evals.scoreTable(await evals.benchmarkResult(benchmark, new evals.EvalArchive(), known)));
  }
}
