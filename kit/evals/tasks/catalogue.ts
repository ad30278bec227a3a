/** Tasks by name: those of the kit, and those of folders with files in the harness's format. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { nearest, UserError } from "../../errors.js";
import { shippedGroups, shippedTasks } from "../shipped/tasks.js";
import { type AggregateSpec, type GroupConfig, type Place, type TaskConfig, taskConfig } from "./config.js";
import { FunctionName, readTaskFile, type TaskFile } from "./yaml.js";

/** Functions that task files name, such as `utils.process_docs`. */
export type NamedFunctions = { readonly [name: string]: (...args: never[]) => unknown };

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

/** A task or group that can be asked for. */
type Entry = TaskConfig | GroupConfig | TaskFile;

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

/** Names of all tasks, groups and tags the kit ships. */
export function taskNames(): readonly string[] {
  return new Catalogue({}).names();
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
  private readonly modules = new Map<string, Promise<Readonly<Record<string, unknown>>>>();

  constructor(private readonly options: CatalogueOptions) {
    for (const task of shippedTasks) this.add(task.task, task, task.tag);
    for (const group of shippedGroups) this.add(group.group, group, undefined);
    for (const folder of options.include ?? []) {
      for (const path of taskFiles(folder)) this.addFile(readTaskFile(path));
    }
  }

  names(): readonly string[] {
    return [...this.entries.keys(), ...this.tags.keys()].sort();
  }

  /** The names a pattern stands for, or a file's. */
  matching(name: string): readonly string[] {
    if (/\.ya?ml$/.test(name) && existsSync(name)) return [this.addFile(readTaskFile(name))];
    if (this.entries.has(name) || this.tags.has(name)) return [name];
    const pattern = new RegExp(`^${name.split("*").map(escaped).join(".*")}$`);
    const found = name.includes("*") ? this.names().filter((each) => pattern.test(each)) : [];
    if (found.length > 0) return found;
    const near = nearest(name, this.names());
    throw new UserError(`there is no task "${name}"`, {
      expected: "a task, a group, a tag, or the path of a task file",
      fix: near === undefined ? "`npx kintsugi eval --list` names them all" : `Did you mean ${near}?`,
    });
  }

  async open(name: string, overrides: object = {}): Promise<readonly (Group | TaskConfig)[]> {
    const entry = this.entries.get(name);
    if (entry === undefined) {
      const members = [...(this.tags.get(name) ?? [])].sort();
      return (await Promise.all(members.map((member) => this.open(member, overrides)))).flat();
    }
    if ("group" in entry) return [await this.group(entry, overrides)];
    if (!("values" in entry)) return [{ ...entry, ...overrides }];
    if ("group" in entry.values) return [await this.group(entry.values as unknown as GroupConfig, overrides)];
    return [await this.task({ ...entry.values, ...overrides }, entry.where, entry.path)];
  }

  private async task(
    values: { readonly [field: string]: unknown },
    where: Place,
    source?: string,
  ): Promise<TaskConfig> {
    const complete = (await this.withFunctions(values, where)) as { readonly [field: string]: unknown };
    const config = taskConfig(complete, where);
    return source === undefined ? config : { ...config, metadata: { ...config.metadata, config_source: source } };
  }

  /** A group; what it says beside its own fields holds for its tasks. */
  private async group(config: GroupConfig, outer: object): Promise<Group> {
    const { group: name, group_alias, task, aggregate_metric_list = [], metadata, ...own } = config;
    const overrides = { ...own, ...outer };
    const members: (Group | TaskConfig)[] = [];
    for (const member of typeof task === "string" ? [task] : task) {
      members.push(...(await this.member(name, member, overrides)));
    }
    const aggregates = [aggregate_metric_list].flat() as readonly AggregateSpec[];
    return { name, alias: group_alias ?? name, members, aggregates, version: metadata?.version };
  }

  private async member(
    owner: string,
    member: string | { readonly [field: string]: unknown },
    overrides: object,
  ): Promise<readonly (Group | TaskConfig)[]> {
    if (typeof member === "string") return await this.known(owner, member, overrides);
    const { group, ...rest } = member;
    if (typeof group === "string") {
      if (this.entries.has(group)) return await this.known(owner, group, { ...overrides, ...rest });
      return [await this.group({ ...rest, group: `${owner}::${group}` } as GroupConfig, overrides)];
    }
    const name = String(member.task);
    if (this.entries.has(name) || this.tags.has(name))
      return await this.known(owner, name, { ...overrides, ...member });
    return [await this.task({ ...overrides, ...member, task: `${owner}::${name}` }, () => `group ${owner}`)];
  }

  private async known(owner: string, name: string, overrides: object): Promise<readonly (Group | TaskConfig)[]> {
    if (this.entries.has(name) || this.tags.has(name)) return await this.open(name, overrides);
    const near = nearest(name, this.names());
    throw new UserError(`there is no task "${name}"`, {
      where: `group ${owner}`,
      fix: near === undefined ? undefined : `Did you mean ${near}?`,
    });
  }

  private addFile(file: TaskFile): string {
    const { task, group, tag } = file.values;
    const name = group ?? task;
    if (typeof name !== "string") {
      throw new UserError("the file has neither a task nor a group", { where: file.path, expected: "task: a name" });
    }
    this.add(name, file, tag as TaskConfig["tag"]);
    return name;
  }

  private add(name: string, entry: Entry, tag: TaskConfig["tag"]): void {
    this.entries.set(name, entry);
    for (const each of [tag ?? []].flat()) {
      if (!this.tags.has(each)) this.tags.set(each, new Set());
      this.tags.get(each)!.add(name);
    }
  }

  /** The same values with every `!function` replaced by the function. */
  private async withFunctions(value: unknown, where: Place, field = ""): Promise<unknown> {
    if (value instanceof FunctionName) return await this.functionOf(value, where(field));
    if (Array.isArray(value)) return await Promise.all(value.map((each) => this.withFunctions(each, where, field)));
    if (typeof value !== "object" || value === null) return value;
    const pairs = Object.entries(value).map(
      async ([key, each]) => [key, await this.withFunctions(each, where, field === "" ? key : field)] as const,
    );
    return Object.fromEntries(await Promise.all(pairs));
  }

  private async functionOf({ name, folder }: FunctionName, where: string): Promise<unknown> {
    const given = this.options.functions?.[name];
    if (given !== undefined) return given;
    const dot = name.lastIndexOf(".");
    const stem = join(folder, ...name.slice(0, Math.max(0, dot)).split("."));
    const path = [".mjs", ".js"].map((ending) => stem + ending).find((each) => existsSync(each));
    const found = path === undefined ? undefined : (await this.moduleOf(path))[name.slice(dot + 1)];
    if (typeof found === "function") return found;
    throw new UserError(`the function ${name} is not to be had`, {
      where,
      expected: `${basename(stem)}.mjs beside the file, with ${name.slice(dot + 1)} among its exports, or a function that was given`,
      fix: "Functions in Python have to be written anew in JavaScript",
    });
  }

  private async moduleOf(path: string): Promise<Readonly<Record<string, unknown>>> {
    if (!this.modules.has(path)) {
      this.modules.set(path, import(pathToFileURL(path).href) as Promise<Readonly<Record<string, unknown>>>);
    }
    return await this.modules.get(path)!;
  }
}

/** Task files of a folder and of those below it. */
function taskFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => join(folder, file))
      .sort();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the folder of tasks cannot be read: ${reason}`, { where: folder });
  }
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}
