/** What the records of a benchmark say: the only source of its tables and figures. */
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../errors.js";
import { type Comparison, compare, corrected } from "../compare/compare.js";
import type { ScoredDocument, Scores } from "../compare/scores.js";
import type { MetricResult } from "../evaluate.js";
import type { EvalRecord } from "../record.js";
import { directionsOf, groupResults } from "../results/groups.js";
import { type Selection, selectTasks } from "../tasks/catalogue.js";
import type { EvalArchive, EvalQuery } from "./archive.js";
import {
  type Benchmark,
  type BenchmarkTask,
  checkBenchmark,
  type ModelSource,
  recordedName,
  type Subject,
} from "./benchmark.js";

/** SHA-256 of a model's weights, where it is known without the model: of a trained one, its run's record says it. */
export type WeightsOf = (source: ModelSource) => string | undefined;

/** A model on a task, as far as its records go. */
export type Score = Pick<MetricResult, "value" | "stderr" | "higherIsBetter"> & {
  /** Documents that count. */
  readonly n: number;
};

/** A model, with an entry for each task of the benchmark. */
export type SubjectResult = {
  readonly subject: Subject;
  /** From its records. */
  readonly parameters?: number;
  /** It sees the future: its numbers compare with no other's. */
  readonly leaks: boolean;
  readonly scores: readonly (Score | undefined)[];
  /** This model − the first, paired by documents; p corrected for all tasks. */
  readonly comparisons: readonly (Comparison | undefined)[];
};

export type BenchmarkResult = {
  readonly benchmark: Benchmark;
  readonly subjects: readonly SubjectResult[];
  /** What a task's name does not say, such as which documents it has. */
  readonly notes: readonly string[];
};

/**
 * Reads what a benchmark's records say. A task or group of which a record is missing counts as missing.
 *
 * @param weightsOf what is known of a model's weights without it, as SHA-256: records of others count as missing too
 * @throws UserError when the records of a model are of different weights, where these are not known, or of different configurations
 */
export async function benchmarkResult(
  benchmark: Benchmark,
  archive: EvalArchive,
  weightsOf: WeightsOf = () => undefined,
): Promise<BenchmarkResult> {
  const { tasks, subjects } = checkBenchmark(benchmark);
  const selections = await Promise.all(tasks.map(({ task }) => selectTasks([task])));
  const found = subjects.map(({ source }) => {
    const query = { model: recordedName(source), weights: weightsOf(source) };
    const records = tasks.map(({ limit }, i) => recordsOf({ ...query, limit }, selections[i], archive));
    checkIdentity(query.model, records);
    return records;
  });
  return {
    benchmark,
    notes: selections.flatMap(({ tasks }) =>
      tasks.flatMap(({ task, metadata }) => {
        return metadata?.description === undefined ? [] : [`${task}: ${metadata.description}`];
      }),
    ),
    subjects: subjects.map((subject, s) => {
      const headers = found[s].flatMap((records) => records?.map(({ header }) => header) ?? []);
      return {
        subject,
        parameters: headers.find(({ parameters }) => parameters !== undefined)?.parameters,
        leaks: headers.some(({ leaks }) => leaks === true),
        scores: tasks.map((task, i) => scoreOf(task, selections[i], found[s][i])),
        comparisons: s === 0 ? tasks.map(() => undefined) : compared(tasks, found[0], found[s]),
      };
    }),
  };
}

/** One model, one row. Records that do not say their configuration are of any. */
function checkIdentity(model: string, records: Found): void {
  const all = records.flatMap((some) => some ?? []);
  for (const [field, what] of [
    ["weights", "weights"],
    ["configuration", "configurations"],
  ] as const) {
    const said = all.filter(({ header: { spec } }) => spec[field] !== undefined);
    const [first, other] = [...new Map(said.map(({ header: { spec }, path }) => [spec[field], path])).values()];
    if (other === undefined) continue;
    throw new UserError(`records of ${model} are of different ${what}`, {
      where: `${first}, ${other}`,
      fix: "Delete those that are outdated; `kintsugi benchmark` makes them anew",
    });
  }
}

/** The records of all members of a task or group, in their order; nothing while one is missing. */
function recordsOf(
  query: Omit<EvalQuery, "config">,
  { tasks }: Selection,
  archive: EvalArchive,
): readonly EvalRecord[] | undefined {
  const records = tasks.flatMap((config) => archive.find({ ...query, config }) ?? []);
  return records.length === tasks.length ? records : undefined;
}

function scoreOf(
  { task, metric }: BenchmarkTask,
  { groups }: Selection,
  records: readonly EvalRecord[] | undefined,
): Score | undefined {
  if (records === undefined) return undefined;
  const members = records.map(({ header: { spec }, footer: { metrics, documents } }) => {
    return { config: { task: spec.task.name }, shots: spec.shots, metrics, documents };
  });
  const group = groupResults(groups, members).find(({ name }) => name === task);
  const results: readonly MetricResult[] = group?.metrics ?? members[0].metrics;
  const found = results.find((each) => each.metric === metric && each.filter === "none");
  if (found === undefined) return undefined;
  const { value, stderr, higherIsBetter } = found;
  return { value, stderr, higherIsBetter, n: members.reduce((sum, { documents }) => sum + documents.effective, 0) };
}

type Found = readonly (readonly EvalRecord[] | undefined)[];

/** A model beside the first on each task, with p corrected for all of them: whatever their metrics, they are one question. */
function compared(tasks: readonly BenchmarkTask[], base: Found, own: Found): readonly (Comparison | undefined)[] {
  const found = tasks.map(({ task, metric }, i) => {
    const [a, b] = [base[i], own[i]];
    return a === undefined || b === undefined ? undefined : comparedOn(task, metric, a, b);
  });
  const family = corrected(found.flatMap((each) => each ?? []));
  return tasks.map(({ task }) => family.find((each) => each.task === task));
}

/** Two models on a task, or on all tasks of a group as if they were one. */
function comparedOn(
  task: string,
  metric: string,
  base: readonly EvalRecord[],
  own: readonly EvalRecord[],
): Comparison | undefined {
  // Numbers of documents that tell members apart, whatever each model has left out.
  const ids = [...base, ...own].flatMap(({ documents }) => documents.ids);
  const most = 1 + ids.reduce((largest, id) => Math.max(largest, id), 0);
  const scores = (records: readonly EvalRecord[], others: readonly EvalRecord[]): Scores => ({
    name: records[0].header.model,
    leaks: records.some(({ header }) => header.leaks === true),
    directions: new Map([[task, directionsOf(records.flatMap(({ footer }) => footer.metrics))]]),
    tasks: new Map([
      [
        task,
        records.flatMap((record, i) =>
          documentsOf(record, others[i], metric).map((each) => ({ ...each, id: i * most + each.id })),
        ),
      ],
    ]),
  });
  const [found] = compare(scores(base, own), scores(own, base));
  return found;
}

/** What each document of a task adds to a metric. */
function documentsOf(record: EvalRecord, other: EvalRecord, metric: string): readonly ScoredDocument[] {
  const { header, documents, footer } = record;
  // Records have one hash of all documents and prompts together: it says something where both have judged the same ones.
  const comparable = isDeepStrictEqual(documents.ids, other.documents.ids);
  return (documents.values[`${metric},none`] ?? []).map((value, i) => ({
    id: documents.ids[i],
    filter: "none",
    doc: `${header.spec.task.name}: ${documents.ids[i]} of ${footer.documents.original}`,
    prompt: comparable ? footer.taskHash : "",
    metrics: { [metric]: value },
  }));
}
