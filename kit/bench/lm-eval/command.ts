import { join } from "node:path";
import { Command } from "commander";
import { names, share, whole } from "../../cli/arguments.js";
import { loadSpeaker } from "../../cli/speaker.js";
import { stopSignal } from "../../cli/stopping.js";
import * as evals from "../../evals/index.js";
import { cacheFolder } from "../../source/index.js";
import { say } from "../harness/table.js";
import { harnessOn } from "./harness.js";

type Options = {
  readonly tasks: readonly string[];
  readonly fewshot?: number;
  readonly limit?: number;
  readonly out: string;
  readonly data?: string;
  readonly batchSize: number;
  readonly maxLength?: number;
  readonly allowLeak?: true;
};

/** `npm run lm-eval -- MODEL --tasks …`: the real lm-evaluation-harness on a model of ours. */
export function lmEvalCommand(): Command {
  return new Command("lm-eval")
    .description(
      "evaluate a model with the real lm-evaluation-harness, which asks a server that runs as long as it does",
    )
    .argument("<model>", "a known name, a file or a folder")
    .requiredOption("-t, --tasks <names>", "tasks, groups, tags, patterns with * and task files, with commas", names)
    .option("--fewshot <n>", "examples in front of each question (default: the task's own)", whole(0))
    .option("--limit <n>", "only so many documents of each task; below 1 that share of them", share)
    .option("--out <folder>", "results and samples go there", join(cacheFolder(), "lm-eval"))
    .option("--data <folder>", "data of the tasks, in place of KINTSUGI_MIRROR and the hub")
    .option("--batch-size <n>", "sequences in one request", whole(1), 16)
    .option("--max-length <n>", "longest sequence (default: the model's context)", whole(3))
    .option("--allow-leak", "evaluate a model that sees the future; its scores compare with no others")
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  // Tasks before weights: a typo costs no download.
  await evals.selectTasks(options.tasks);
  const speaker = await loadSpeaker(name);
  const said = (text: string): void => void process.stderr.write(text);
  const { table, notes, results } = await harnessOn(speaker, { ...options, name, say: said, signal: stopSignal() });
  for (const text of [table, ...notes]) say(text);
  say(results);
}
