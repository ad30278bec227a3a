/** Numbers of groups from those of their tasks. */
import type { MetricResult, TaskResult } from "../evaluate.js";
import { type Group, isGroup, tasksOf } from "../tasks/catalogue.js";
import type { AggregateSpec } from "../tasks/config.js";

/** A metric over those tasks of a group that have it. */
export type GroupMetric = MetricResult & {
  /** Documents of these tasks. */
  readonly documents: number;
};

/** A group's numbers over all its tasks. */
export type GroupResult = {
  readonly name: string;
  readonly alias: string;
  readonly version?: number | string;
  /** Names of its tasks and groups. */
  readonly members: readonly string[];
  /** Examples in front of each question, where all members have as many. */
  readonly shots?: number;
  /** Documents of all its tasks. */
  readonly documents: number;
  /** Whether more is better, by metric of its members; `null` where they do not agree. */
  readonly directions: Directions;
  readonly metrics: readonly GroupMetric[];
};

/** What a group's numbers are made of. */
export type MemberResult = Pick<TaskResult, "shots" | "documents" | "metrics"> & {
  readonly config: Pick<TaskResult["config"], "task">;
};

/** Whether more is better, by metric. */
export type Directions = { readonly [metric: string]: boolean | null };

/**
 * The results of groups and of the groups in them, inner ones first.
 *
 * A group's score is the mean of its tasks' scores, weighted by their documents or not; its standard error is that of the
 * weighted mean, pooled, or of the plain mean of independent scores.
 *
 * @source lm-eval 0.4.13, `api/group.py`, `api/metrics.py`, `evaluator_utils.py`
 */
export function groupResults(groups: readonly Group[], tasks: readonly MemberResult[]): readonly GroupResult[] {
  const shots = new Map(tasks.map((task) => [task.config.task, task.shots]));
  const directions = new Map(tasks.map((task) => [task.config.task, directionsOf(task.metrics)]));
  // What members have in common is gathered from the outside in, as the harness does, so that inner groups add nothing.
  for (const group of groups.flatMap(withInner)) {
    const members = membersOf(group);
    const common = new Set(members.flatMap((member) => shots.get(member) ?? []));
    if (common.size === 1) shots.set(group.name, [...common][0]);
    const known = members.flatMap((member) => Object.entries(directions.get(member) ?? {}));
    if (known.length > 0) directions.set(group.name, merged(known));
  }
  const results = new Map<string, GroupResult>();
  const visit = (group: Group): void => {
    for (const member of group.members) if (isGroup(member)) visit(member);
    const { name, alias, version, aggregates } = group;
    const names = new Set(tasksOf(group).map(({ task }) => task));
    const own = tasks.filter(({ config }) => names.has(config.task));
    const better = directions.get(name) ?? {};
    const documents = own.reduce((sum, { documents }) => sum + documents.effective, 0);
    const metrics = aggregates.flatMap((spec) => aggregated(spec, own));
    results.set(name, {
      ...{ name, alias, version, documents, members: membersOf(group), shots: shots.get(name), directions: better },
      metrics: metrics.map((each) => ({ ...each, higherIsBetter: better[each.metric] ?? undefined })),
    });
  };
  for (const group of groups) visit(group);
  return [...results.values()];
}

function withInner(group: Group): readonly Group[] {
  return [group, ...group.members.filter(isGroup).flatMap(withInner)];
}

function membersOf({ members }: Group): readonly string[] {
  return members.map((member) => (isGroup(member) ? member.name : member.task));
}

/** The directions of a task's metrics. */
export function directionsOf(metrics: readonly MetricResult[]): Directions {
  return merged(metrics.map(({ metric, higherIsBetter = null }) => [metric, higherIsBetter]));
}

function merged(known: readonly (readonly [string, boolean | null])[]): Directions {
  const found: { [metric: string]: boolean | null } = {};
  for (const [metric, better] of known) found[metric] = metric in found && found[metric] !== better ? null : better;
  return found;
}

function aggregated(spec: AggregateSpec, tasks: readonly MemberResult[]): readonly GroupMetric[] {
  const { metric, filter_list: listed, weight_by_size: weighted = true } = spec;
  const found = new Set(
    tasks.flatMap(({ metrics }) => metrics.filter((each) => each.metric === metric)).map(({ filter }) => filter),
  );
  const filters = listed === undefined || listed === null ? [...found].sort() : [listed].flat();
  return filters.flatMap((filter) => {
    const parts = tasks.flatMap(({ metrics, documents }) =>
      metrics
        .filter((each) => each.metric === metric && each.filter === filter)
        .map((each) => ({ ...each, size: documents.effective })),
    );
    if (parts.length === 0) return [];
    const sizes = parts.map(({ size }) => (weighted ? size : 1));
    const value = sum(parts.map((part, i) => part.value * sizes[i])) / sum(sizes);
    const errors = parts.flatMap(({ stderr }) => stderr ?? []);
    return [
      {
        metric,
        filter,
        value,
        stderr: errors.length === parts.length ? (weighted ? pooled(errors, sizes) : plain(errors)) : undefined,
        documents: sum(parts.map(({ size }) => size)),
      },
    ];
  });
}

/** `√(Σ (nᵢ − 1) · nᵢ · sᵢ² / (Σnᵢ − k) / Σnᵢ)`: as if all documents were of one task. */
function pooled(errors: readonly number[], sizes: readonly number[]): number {
  const total = sum(sizes);
  const variance = sum(errors.map((error, i) => (sizes[i] - 1) * error ** 2 * sizes[i])) / (total - sizes.length);
  return Math.sqrt(variance / total);
}

/** `√(Σ sᵢ²) / k`. */
function plain(errors: readonly number[]): number {
  return Math.sqrt(sum(errors.map((error) => error ** 2))) / errors.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
