/** The table the harness prints. */
import type { MetricResult, TaskResult } from "../evaluate.js";
import type { Evaluation } from "../run.js";
import type { GroupResult } from "./groups.js";
import { marked } from "./leaks.js";
import { markdownTable } from "./markdown.js";

const headers = ["Version", "Filter", "n-shot", "Metric", "", "Value", "", "Stderr"];

/** A line of the table: a task or a group. */
type Entry = {
  readonly alias: string;
  readonly version: number | string | undefined;
  readonly shots: number | undefined;
  readonly metrics: readonly MetricResult[];
};

/**
 * Results as the harness prints them, to the character: tasks under their groups, then the groups by themselves. What a
 * model has reached that sees the future is marked.
 *
 * @returns one table, or two with a line feed between them
 */
export function table(evaluation: Evaluation): string {
  const { tasks, groups, model } = evaluation;
  const named = (entry: Entry): Entry => ({ ...entry, alias: marked(entry.alias, model.leaks) });
  const entries = new Map<string, Entry>([
    ...tasks.map((task) => [task.config.task, named(entryOfTask(task))] as const),
    ...groups.map((group) => [group.name, named(entryOfGroup(group))] as const),
  ]);
  const whole = rowsOf(entries, groups);
  const aggregated = new Map(
    groups.filter(({ metrics }) => metrics.length > 0).map(({ name }) => [name, entries.get(name)!]),
  );
  const tables = [markdownTable(["Tasks", ...headers], whole)];
  if (aggregated.size > 0) tables.push(markdownTable(["Groups", ...headers], rowsOf(aggregated, groups)));
  return tables.join("\n");
}

function entryOfTask({ config, shots, metrics }: TaskResult): Entry {
  return { alias: config.task_alias ?? config.task, version: config.metadata?.version ?? "Yaml", shots, metrics };
}

function entryOfGroup({ alias, version = "N/A", shots, metrics }: GroupResult): Entry {
  return { alias, version, shots, metrics };
}

function rowsOf(entries: ReadonlyMap<string, Entry>, groups: readonly GroupResult[]): string[][] {
  return ordered(entries, groups).flatMap(([name, depth]) => {
    const { alias, version, shots, metrics } = entries.get(name)!;
    const shown = depth > 0 ? `${" ".repeat(depth)}- ${alias}` : alias;
    return sortedMetrics(metrics).map(({ metric, filter, value, stderr, higherIsBetter }, i) => [
      i === 0 ? shown : "",
      i === 0 ? String(version) : "",
      filter,
      shots === undefined ? " " : String(shots),
      metric,
      higherIsBetter === undefined ? "" : higherIsBetter ? "↑" : "↓",
      fourDecimals(value),
      "±",
      stderr === undefined ? "   N/A" : fourDecimals(stderr),
    ]);
  });
}

/** Metrics by name, then by filter. */
function sortedMetrics(metrics: readonly MetricResult[]): readonly MetricResult[] {
  const key = ({ metric, filter }: MetricResult): string => `${metric},${filter}`;
  return [...metrics].sort((a, b) => compared(key(a), key(b)));
}

/** Groups that are in no other, each followed by its members, by name; then what belongs to none. */
function ordered(entries: ReadonlyMap<string, Entry>, groups: readonly GroupResult[]): readonly [string, number][] {
  const members = new Map(groups.map(({ name, members }) => [name, [...members].sort(compared)]));
  const inner = new Set([...members.values()].flat());
  const order = new Map<string, number>();
  const visit = (name: string, depth: number): void => {
    order.set(name, depth);
    for (const member of members.get(name) ?? []) visit(member, depth + 1);
  };
  for (const name of [...members.keys()].sort(compared)) if (!inner.has(name)) visit(name, 0);
  for (const name of [...entries.keys()].sort(compared)) if (!order.has(name)) order.set(name, 0);
  return [...order].filter(([name]) => entries.has(name));
}

/** By code points, as Python compares. */
function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `f"{value:.4f}"`: exact ties go to the even digit, where `toFixed` goes up. */
export function fourDecimals(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Math.abs(value) >= 2 ** 53) return `${BigInt(value)}.0000`;
  const exact = value.toFixed(30);
  const tie = /^-?\d+\.\d{4}50+$/.test(exact);
  const cut = exact.slice(0, -26);
  return tie && /[02468]$/.test(cut) ? cut : value.toFixed(4);
}
