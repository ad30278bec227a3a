import { Command } from "commander";
import { UserError } from "../errors.js";
import * as evals from "../evals/index.js";
import { names, share, whole } from "./arguments.js";
import { statusLine } from "./progress.js";
import { loadSpeaker } from "./speaker.js";
import { stopSignal } from "./stopping.js";
import { count, plural } from "./words.js";

type Options = {
  readonly tasks?: readonly string[];
  readonly list?: true;
  readonly compare?: readonly string[];
  readonly fewshot?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly record?: true;
  readonly data?: string;
  readonly include?: readonly string[];
  readonly batchSize?: number;
  readonly maxLength?: number;
  readonly allowLeak?: true;
};

/** `kintsugi eval`: a model on tasks of lm-evaluation-harness, with its numbers, files and tables. */
export function evalCommand(): Command {
  return new Command("eval")
    .description("evaluate a model on tasks of lm-evaluation-harness, computed here with the harness's numbers")
    .argument("[model]", "a known name, a file or a folder")
    .option("-t, --tasks <names>", "tasks, groups, tags, patterns with * and task files, with commas", names)
    .option("--list", "name all tasks")
    .option("--compare <folders...>", "compare two evaluations document by document: folders that --out has made")
    .option(
      "--fewshot <n>",
      "examples in front of each question (default: the task's own; a task that says 0 keeps to it)",
      whole(0),
    )
    .option("--limit <n>", "only so many documents of each task; below 1 that share of them", share)
    .option("--out <folder>", "write results and samples there, in the harness's files")
    .option("--record", "keep a record of each task in results/evals as it ends")
    .option("--data <folder>", "data of the tasks, in place of KINTSUGI_MIRROR and the hub")
    .option("--include <folders...>", "folders with task files of your own")
    .option("--batch-size <n>", "most sequences read at once", whole(1))
    .option("--max-length <n>", "longest sequence, as the harness's API models count it", whole(3))
    .option("--allow-leak", "evaluate a model that sees the future; its rows are marked, and compare with no others")
    .action(run);
}

async function run(
  name: string | undefined,
  { list, compare, tasks, out, record, ...options }: Options,
): Promise<void> {
  if (list === true) {
    console.log(evals.taskNames(options).join("\n"));
    return;
  }
  if (compare !== undefined) {
    console.log(comparison(compare));
    return;
  }
  if (name === undefined) throw new UserError("There is no model to evaluate", { fix: "Name one" });
  if (tasks === undefined || tasks.length === 0) {
    throw new UserError("There are no tasks to evaluate on", { fix: "Name them with --tasks; --list shows them all" });
  }
  // Tasks before weights: a typo costs no download.
  await evals.selectTasks(tasks, options);
  const speaker = await loadSpeaker(name);
  const signal = stopSignal();
  const line = statusLine(process.stderr);
  const say = (message: string): void => {
    line.end();
    console.error(message);
  };
  let done: evals.Evaluation | undefined;
  const keep = async (task: evals.Evaluation): Promise<void> => {
    done = { ...task, tasks: [...(done?.tasks ?? []), ...task.tasks] };
    if (record !== true) return;
    for (const { path, written } of await evals.recordEvaluation(task)) {
      say(written ? path : `${path} was there before, and is as it was`);
    }
  };
  try {
    done = await evals.run(speaker, tasks, {
      ...options,
      name,
      signal,
      ended: keep,
      say: (message) => say(`note: ${message}`),
      progress: (progress) => line.show(progressText(progress)),
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = 130;
    say(`stopped after ${plural(done?.tasks.length ?? 0, "task")}`);
  } finally {
    line.end();
    // Whatever stopped it, what was computed before is there.
    if (done !== undefined) await report(done, out);
  }
}

async function report(evaluation: evals.Evaluation, out: string | undefined): Promise<void> {
  console.log(evals.table(evaluation).trimEnd());
  if (out !== undefined) console.log((await evals.writeResults(evaluation, out)).results);
}

function comparison(folders: readonly string[]): string {
  if (folders.length !== 2) {
    throw new UserError(`${plural(folders.length, "folder")} to compare`, { where: "--compare", expected: "two" });
  }
  const [a, b] = folders.map(evals.readScores);
  // Two evaluations of one model are told apart by their folders.
  const names = a.name === b.name ? { a: folders[0], b: folders[1] } : { a: a.name, b: b.name };
  const found = evals.compare(a, b);
  const apart = evals.incomparable(a, b, found);
  if (found.length === 0) {
    throw new UserError(`${names.a} and ${names.b} have no document in common`, {
      where: apart.join(", "),
      fix: "Evaluate both on the same documents: --limit takes the first ones",
    });
  }
  const lines = apart.map((task) => `${task}: no document in common, so that nothing is compared\n`);
  return [evals.comparisonTable(found, names), ...lines].join("\n").trimEnd();
}

/** `3 of 67: blimp_anaphor_gender_agreement, 1,200 of 9,000`. */
export function progressText({ task, done, tasks, scored, total }: evals.EvalProgress): string {
  return `${done + 1} of ${tasks}: ${task}, ${count(scored)} of ${count(total)}`;
}
