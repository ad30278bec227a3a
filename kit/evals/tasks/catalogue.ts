/** Tasks by name: those of the kit, and those of folders with files in the harness's format. */
import { existsSync } from "node:fs";
import { nearest, UserError, type UserErrorParts } from "../../errors.js";
import { literal } from "../../text/literal.js";
import { shippedGroups, shippedTasks } from "../shipped/tasks.js";
import type { AggregateSpec, Place, TaskConfig } from "./config.js";
import { type LeftOut, meant, readNamed, readTaskFolder } from "./folder.js";
import { Functions, type NamedFunctions } from "./functions.js";
import { groupConfig, taskConfig, type Values } from "./schema.js";
import type { TaskFile } from "./yaml.js";

/** A group with its members; a member may be a group again. */
export type Group = {
  readonly name: string;
  readonly alias: string;
  readonly members: readonly (Group | TaskConfig)[];
  readonly aggregates: readonly AggregateSpec[];
  readonly version?: number | string;
};

/** What names stand for: all tasks in order, and the groups they were asked for by. */
export type Selection = { readonly tasks: readonly TaskConfig[]; readonly groups: readonly Group[] };

export type CatalogueOptions = {
  /** Folders with task files of one's own; they win over the kit's. */
  readonly include?: readonly string[];
  /** Functions for `!function`, before those of a JavaScript module beside the file. */
  readonly functions?: NamedFunctions;
};

/** A task or group that can be asked for: of a file, or the kit's own. */
type Entry = Omit<TaskFile, "path"> & Partial<TaskFile>;

/** What the groups around a task say for it, where they say it, and the names they are asked for by. */
type Outer = { readonly values: Values; readonly where: Place; readonly above: readonly string[] };

const outermost: Outer = { values: {}, where: (field) => field, above: [] };

/** What two groups say, the second of which wins. */
function overriding(first: Outer, second: Outer): Outer {
  return {
    values: { ...first.values, ...second.values },
    where: (field) => (Object.hasOwn(second.values, field) ? second : first).where(field),
    above: second.above,
  };
}

/**
 * The tasks that names stand for.
 *
 * @param names tasks, groups, tags, patterns with `*`, and paths of task files
 * @throws UserError for a name that there is not (with the nearest), a task asked for twice by different groups, or a file
 * that is wrong
 */
export async function selectTasks(names: readonly string[], options: CatalogueOptions = {}): Promise<Selection> {
  const catalogue = new Catalogue(options);
  const wanted = names.flatMap((name) => catalogue.matching(name));
  if (wanted.length === 0) throw new UserError("no tasks are named", { expected: "at least one" });
  const top: (Group | TaskConfig)[] = [];
  for (const name of new Set(wanted)) top.push(...(await catalogue.open(name)));
  const tasks = new Map<string, TaskConfig>();
  const owners = new Map<string, string>();
  for (const each of top) {
    const owner = isGroup(each) ? each.name : each.task;
    for (const task of tasksOf(each)) {
      const other = owners.get(task.task);
      if (other !== undefined && other !== owner) {
        throw new UserError(`the task ${task.task} belongs to ${other} and to ${owner}`, {
          fix: "Ask for them one after the other",
        });
      }
      owners.set(task.task, owner);
      tasks.set(task.task, task);
    }
  }
  return { tasks: [...tasks.values()], groups: top.filter(isGroup) };
}

/** Names of all tasks, groups and tags: those the kit ships, and those of one's own files. */
export function taskNames(options: CatalogueOptions = {}): readonly string[] {
  return new Catalogue(options).names();
}

export function isGroup(each: Group | TaskConfig): each is Group {
  return "members" in each;
}

/** All tasks of a group, those of its groups included. */
export function tasksOf(each: Group | TaskConfig): readonly TaskConfig[] {
  return isGroup(each) ? each.members.flatMap(tasksOf) : [each];
}

class Catalogue {
  private readonly entries = new Map<string, Entry>();
  private readonly tags = new Map<string, Set<string>>();
  private readonly leftOut: LeftOut[] = [];
  private readonly functions: Functions;

  constructor({ include = [], functions }: CatalogueOptions) {
    this.functions = new Functions(functions);
    for (const task of shippedTasks) this.add(task.task, { values: task, where: () => `task ${task.task}` });
    for (const group of shippedGroups) this.add(group.group, { values: group, where: () => `group ${group.group}` });
    for (const folder of include) {
      const { tasks, leftOut } = readTaskFolder(folder);
      for (const { name, file } of tasks) this.add(name, file);
      this.leftOut.push(...leftOut);
    }
  }

  names(): readonly string[] {
    return [...this.entries.keys(), ...this.tags.keys()].sort();
  }

  /** The names a pattern stands for, or a file's. */
  matching(name: string): readonly string[] {
    if (/\.ya?ml$/.test(name) && existsSync(name)) {
      const read = readNamed(name);
      this.add(read.name, read.file);
      return [read.name];
    }
    if (this.entries.has(name) || this.tags.has(name)) return [name];
    const pattern = new RegExp(`^${name.split("*").map(literal).join(".*")}$`);
    const found = name.includes("*") ? this.names().filter((each) => pattern.test(each)) : [];
    if (found.length > 0) return found;
    throw this.unknown(name, {
      expected: "a task, a group, a tag, or the path of a task file",
      fix: "`npx kintsugi eval --list` names them all",
    });
  }

  async open(name: string, outer: Outer = outermost): Promise<readonly (Group | TaskConfig)[]> {
    const entry = this.entries.get(name);
    const inner = { ...outer, above: [...outer.above, name] };
    if (entry === undefined) {
      const members = [...(this.tags.get(name) ?? [])].sort();
      return (await Promise.all(members.map((member) => this.open(member, inner)))).flat();
    }
    if (!("group" in entry.values)) return [await this.task(entry.values, entry.where, outer, entry.path)];
    if (outer.above.includes(name)) {
      throw new UserError("the group contains itself", { where: inner.above.join(" → ") });
    }
    return [await this.group(entry.values, entry.where, inner)];
  }

  private async task(values: Values, own: Place, outer: Outer, source?: string): Promise<TaskConfig> {
    const { values: all, where } = overriding({ ...outer, values, where: own }, outer);
    const config = taskConfig(await this.functions.in(all, where), where);
    return source === undefined ? config : { ...config, metadata: { ...config.metadata, config_source: source } };
  }

  /** A group; what it says beside its own fields holds for its tasks. */
  private async group(values: Values, where: Place, outer: Outer): Promise<Group> {
    const { config, forTasks } = groupConfig(values, where);
    const { group: name, group_alias: alias = name, task, aggregate_metric_list: aggregates = [], metadata } = config;
    const inner = overriding({ ...outer, values: forTasks, where }, outer);
    const members: (Group | TaskConfig)[] = [];
    for (const member of [task].flat()) members.push(...(await this.member(name, member, where("task"), inner)));
    return { name, alias, members, aggregates: [aggregates].flat(), version: metadata?.version };
  }

  private async member(
    owner: string,
    member: string | Values,
    place: string,
    outer: Outer,
  ): Promise<readonly (Group | TaskConfig)[]> {
    if (typeof member === "string") return await this.known(member, place, outer);
    const { group, task, ...own } = member;
    const where: Place = () => place;
    const inner = overriding(outer, { ...outer, values: own, where });
    if (typeof group === "string") {
      if (this.entries.has(group)) return await this.known(group, place, inner);
      return [await this.group({ ...own, task, group: `${owner}::${group}` }, where, outer)];
    }
    if (typeof task !== "string") {
      throw new UserError("a member of the group has no name", {
        where: place,
        expected: "the name of a task, or fields with `task: a name` or `group: a name`",
      });
    }
    if (this.entries.has(task) || this.tags.has(task)) return await this.known(task, place, inner);
    return [await this.task({ task: `${owner}::${task}` }, where, inner)];
  }

  private async known(name: string, where: string, outer: Outer): Promise<readonly (Group | TaskConfig)[]> {
    if (this.entries.has(name) || this.tags.has(name)) return await this.open(name, outer);
    throw this.unknown(name, { where });
  }

  /** What may have been meant by a name: a file that had to be left out, or else the nearest. */
  private unknown(name: string, parts: UserErrorParts): UserError {
    const near = nearest(name, this.names());
    const fix = meant(name, this.leftOut) ?? (near === undefined ? parts.fix : `Did you mean ${near}?`);
    return new UserError(`there is no task "${name}"`, { ...parts, fix });
  }

  private add(name: string, entry: Entry): void {
    this.entries.set(name, entry);
    // What is no text is told of when the task is opened.
    for (const each of [entry.values.tag].flat().filter((tag) => typeof tag === "string")) {
      if (!this.tags.has(each)) this.tags.set(each, new Set());
      this.tags.get(each)!.add(name);
    }
  }
}
