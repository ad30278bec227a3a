/** What two evaluations are compared by: what every document added to every metric. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../errors.js";
import type { DocumentMetrics } from "../metrics/results.js";
import { type Directions, directionsOf } from "../results/groups.js";
import { sampleHashes } from "../results/samples.js";
import type { Evaluation } from "../run.js";
import type { MetricValue } from "../tasks/config.js";

/** A document as one evaluation has judged it. */
export type ScoredDocument = {
  readonly id: number;
  readonly filter: string;
  /** Hashes of the document and of what the model was asked. */
  readonly doc: string;
  readonly prompt: string;
  readonly metrics: DocumentMetrics;
};

/** Documents by task. */
export type Scores = {
  readonly name: string;
  /** The model sees the future. */
  readonly leaks?: boolean;
  /** Whether more is better, by task and metric, as far as the tasks say. */
  readonly directions?: ReadonlyMap<string, Directions>;
  readonly tasks: ReadonlyMap<string, readonly ScoredDocument[]>;
};

/** The scores of an evaluation at hand. */
export function scoresOf({ model, tasks }: Evaluation): Scores {
  const entries = tasks.map(({ config, samples }) => {
    const documents = samples.map((sample): ScoredDocument => {
      const { doc, prompt } = sampleHashes(sample);
      return { id: sample.id, filter: sample.filter, doc, prompt, metrics: sample.metrics };
    });
    return [config.task, documents] as const;
  });
  const directions = new Map(tasks.map(({ config, metrics }) => [config.task, directionsOf(metrics)]));
  return { name: model.name, leaks: model.leaks, directions, tasks: new Map(entries) };
}

/** `samples_<task>_<date>.jsonl`, as the harness and {@link writeResults} name them. */
const samplesName = /^samples_(.+)_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+)\.jsonl$/;

/**
 * The scores in a folder of results, those of the harness itself included (`--log_samples`): of each task the newest.
 *
 * @param folder one with samples files, or with one folder that has them
 * @throws UserError when there are none, or a line is not what it should be
 */
export function readScores(folder: string): Scores {
  const own = samplesFolder(folder);
  const newest = new Map<string, { readonly date: string; readonly path: string }>();
  for (const file of readdirSync(own)) {
    const [, task, date] = samplesName.exec(file) ?? [];
    if (task === undefined || (newest.get(task)?.date ?? "") > date) continue;
    newest.set(task, { date, path: join(own, file) });
  }
  const sorted = [...newest].sort(([a], [b]) => (a < b ? -1 : 1));
  const about = sorted.map(([task, { date }]) => [task, readAbout(join(own, `results_${date}.json`), task)] as const);
  return {
    name: basename(own),
    leaks: about.some(([, { leaks }]) => leaks),
    directions: new Map(about.map(([task, { directions }]) => [task, directions])),
    tasks: new Map(sorted.map(([task, { path }]) => [task, read(path)])),
  };
}

/** What the results beside samples say of the model and the metrics; nothing where they are not there. */
function readAbout(path: string, task: string): { readonly leaks: boolean; readonly directions: Directions } {
  if (!existsSync(path)) return { leaks: false, directions: {} };
  try {
    const { higher_is_better: better, config } = JSON.parse(readFileSync(path, "utf8"));
    // The harness writes the arguments of a model as a text or as they are.
    const leaks = /"?allow_leak"?\s*[=:]\s*true/i.test(JSON.stringify(config?.model_args ?? {}));
    return { leaks, directions: better?.[task] ?? {} };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError("these are no results", { where: path, expected: "JSON as the harness writes it" });
  }
}

function samplesFolder(folder: string): string {
  const expected = "a folder with samples_<task>_<date>.jsonl, as --out makes it";
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`there is no folder ${folder}`, { expected });
  }
  const hasSamples = (path: string): boolean => readdirSync(path).some((file) => samplesName.test(file));
  if (hasSamples(folder)) return folder;
  const inner = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .filter(hasSamples);
  if (inner.length === 1) return inner[0];
  throw new UserError(inner.length === 0 ? "there are no samples" : `there are samples of ${inner.length} models`, {
    where: folder,
    expected,
    fix: inner.length === 0 ? "Evaluate with --out" : `Name one: ${inner.map((path) => basename(path)).join(", ")}`,
  });
}

function read(path: string): readonly ScoredDocument[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const found = documentOf(line);
    if (found !== undefined) return [found];
    throw new UserError("this is no sample", {
      where: `${path}:${i + 1}`,
      expected: "a line as the harness writes it",
    });
  });
}

function documentOf(line: string): ScoredDocument | undefined {
  try {
    const { doc_id: id, filter, doc_hash: doc, prompt_hash: prompt, metrics: names, ...rest } = JSON.parse(line);
    const metrics: readonly (readonly [string, MetricValue])[] = names.map((name: string) => [name, rest[name]]);
    const valid = metrics.every(([, value]) => [value].flat().every((part) => typeof part === "number"));
    return valid && Number.isInteger(id)
      ? { id, filter, doc, prompt, metrics: Object.fromEntries(metrics) }
      : undefined;
  } catch {
    return undefined;
  }
}
