/** Samples files of the harness beside one of its results files. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a document was asked and scored. */
export type HarnessSample = {
  readonly id: number;
  readonly doc: string;
  readonly prompt: string;
  readonly target: string;
  /** Of each request; texts have none. */
  readonly scores: readonly { readonly logLikelihood: number; readonly greedy?: boolean }[];
};

/** A results file, as far as it is read. */
type Results = { readonly configs: { readonly [task: string]: { readonly output_type?: string } } };

/** A line of a samples file: numbers are written as texts, one answer for each repetition. */
type Line = {
  readonly doc_id: number;
  readonly doc_hash: string;
  readonly prompt_hash: string;
  readonly target_hash: string;
  readonly resps: readonly (readonly (string | readonly [logLikelihood: string, greedy: string])[])[];
};

/**
 * The samples of each task.
 *
 * @param results `results_<date>.json`, beside its `samples_<task>_<date>.jsonl`
 */
export function readSamples(results: string): ReadonlyMap<string, readonly HarnessSample[]> {
  const date = basename(results).slice("results_".length, -".json".length);
  const tasks = Object.keys(readResults(results).configs);
  return new Map(tasks.map((task) => [task, readFileOf(join(dirname(results), `samples_${task}_${date}.jsonl`))]));
}

/** The tasks of choices in which no document prefers one: a server that does not score gives every choice the same. */
export function tiedTasks(results: string): readonly string[] {
  const samples = readSamples(results);
  return Object.entries(readResults(results).configs).flatMap(([task, { output_type }]) => {
    const own = samples.get(task) ?? [];
    return output_type === "multiple_choice" && own.length > 0 && own.every(isTied) ? [task] : [];
  });
}

function isTied({ scores }: HarnessSample): boolean {
  return new Set(scores.map(({ logLikelihood }) => logLikelihood)).size === 1;
}

function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, "utf8")) as Results;
}

function readFileOf(path: string): readonly HarnessSample[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => sampleOf(JSON.parse(line) as Line));
}

function sampleOf({ doc_id: id, doc_hash: doc, prompt_hash: prompt, target_hash: target, resps }: Line): HarnessSample {
  const scores = resps.map(([answer]) =>
    typeof answer === "string"
      ? { logLikelihood: Number(answer) }
      : { logLikelihood: Number(answer[0]), greedy: answer[1] === "True" },
  );
  return { id, doc, prompt, target, scores };
}
