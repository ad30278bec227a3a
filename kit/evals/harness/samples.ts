/** Samples files of the harness beside one of its results files. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Encoder } from "../scoring/encode.js";
import type { Pair } from "../scoring/languageModel.js";

/** What a document was asked and scored. */
export type HarnessSample = {
  readonly id: number;
  readonly doc: string;
  readonly prompt: string;
  readonly target: string;
  /** Of each request for a log-likelihood. */
  readonly scores: readonly { readonly logLikelihood: number; readonly greedy?: boolean }[];
  /** What those requests were, where they were about continuations. */
  readonly pairs: readonly Pair[];
  /** Of each request for a text. */
  readonly texts: readonly string[];
};

/** A results file, as far as it is read. */
type Results = { readonly configs: { readonly [task: string]: { readonly output_type?: string } } };

/** A line of a samples file: numbers are written as texts, one answer for each repetition. */
type Line = {
  readonly arguments: { readonly [request: string]: { readonly arg_0: string; readonly arg_1?: unknown } };
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
  const tasks = Object.entries(readResults(results).configs);
  return new Map(
    tasks.map(([task, { output_type }]) => {
      const path = join(dirname(results), `samples_${task}_${date}.jsonl`);
      return [task, linesOf(path).map((line) => sampleOf(line, output_type === "generate_until"))];
    }),
  );
}

/** The tasks of choices in which no document prefers one: a server that does not score gives every choice the same. */
export function tiedTasks(results: string): readonly string[] {
  const samples = readSamples(results);
  return Object.entries(readResults(results).configs).flatMap(([task, { output_type }]) => {
    const own = samples.get(task) ?? [];
    return output_type === "multiple_choice" && own.length > 0 && own.every(isTied) ? [task] : [];
  });
}

/**
 * Whether a continuation has no token of its own. The harness asks about it all the same, and takes the sum of no scores, 0,
 * for a certain and right answer.
 *
 * @param encode as long as the harness's sequences
 */
export function lacksTokens({ scores, pairs }: HarnessSample, encode: Encoder): boolean {
  return scores.some(({ logLikelihood, greedy }, i) => {
    if (logLikelihood !== 0 || greedy !== true) return false;
    return encode.pair(pairs[i].context, pairs[i].continuation).continuation.length === 0;
  });
}

function isTied({ scores }: HarnessSample): boolean {
  return new Set(scores.map(({ logLikelihood }) => logLikelihood)).size === 1;
}

function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, "utf8")) as Results;
}

function linesOf(path: string): readonly Line[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
}

function sampleOf({ resps, arguments: asked, ...line }: Line, writes: boolean): HarnessSample {
  const answers = resps.map(([answer]) => answer);
  const scores = answers.map((answer) =>
    typeof answer === "string"
      ? { logLikelihood: Number(answer) }
      : { logLikelihood: Number(answer[0]), greedy: answer[1] === "True" },
  );
  const pairs = Object.values(asked).map(({ arg_0, arg_1 }) => ({ context: arg_0, continuation: arg_1 }));
  return {
    ...{ id: line.doc_id, doc: line.doc_hash, prompt: line.prompt_hash, target: line.target_hash },
    scores: writes ? [] : scores,
    pairs: pairs.filter((pair): pair is Pair => typeof pair.continuation === "string"),
    texts: writes ? answers.filter((answer) => typeof answer === "string") : [],
  };
}
