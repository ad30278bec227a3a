/** What the harness is given of our tasks: their documents, and the task files it does not have. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../errors.js";
import { makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import { openDataset } from "../data/dataset.js";
import { evaluatedSplit, examplesSplit, shotsOf, type TaskOptions } from "../evaluate.js";
import { dumps } from "../python/json.js";
import { ownTasks, shippedGroups, shippedTasks } from "../shipped/tasks.js";
import { type Group, isGroup, type Selection } from "../tasks/catalogue.js";
import type { TaskConfig } from "../tasks/config.js";

/** Where the harness finds them. */
export type HarnessFolder = {
  /** Holds `names.json`, `datasets.json` and files of rows, as `with_data.py` reads them. */
  readonly data: string;
  /** Files of tasks and groups for `--include_path`. */
  readonly tasks: string;
};

/**
 * Writes the rows of the splits that tasks read, as they are before a task's own changes to them, and files of the tasks and
 * groups that the harness does not have, or has otherwise: the kit's own, and those that come from files. So the harness needs
 * no hub, and asks about the very documents that we ask about.
 *
 * @param folder exists, and is the caller's to remove
 * @throws UserError when the data of a task are not to be had, or a task has functions, which the harness would need in Python
 */
export async function writeHarnessFolder(
  { tasks, groups }: Selection,
  folder: string,
  options: Pick<TaskOptions, "data" | "fewshot"> = {},
): Promise<HarnessFolder> {
  const places = { data: join(folder, "data"), tasks: join(folder, "tasks") };
  for (const place of Object.values(places)) await makeFolder(place);
  const listed: Record<string, Record<string, string>> = {};
  let files = 0;
  for (const config of tasks) {
    if (!isTheirs(config)) await write(join(places.tasks, `${config.task}.yaml`), taskFile(config));
    const open = openDataset(config, options);
    const splits = (listed[datasetKey(config)] ??= {});
    const put = async (split: string): Promise<void> => {
      if (splits[split] !== undefined) return;
      const file = `${files++}.jsonl`;
      const rows = await open(split);
      await write(join(places.data, file), rows.map((row) => `${dumps(row)}\n`).join(""));
      splits[split] = file;
    };
    const [evaluated, examples] = [evaluatedSplit(config), examplesSplit(config)];
    await put(evaluated);
    if (examples !== undefined && shotsOf(config, options.fewshot) > 0) await put(examples);
  }
  for (const group of groups.flatMap(withGroups)) {
    if (shippedGroups.some((each) => each.group === group.name)) continue;
    await write(join(places.tasks, `${group.name}.yaml`), groupFile(group));
  }
  for (const config of tasks) {
    // The harness opens the examples even where it draws none: then any rows will do.
    const examples = examplesSplit(config);
    const splits = listed[datasetKey(config)];
    if (examples !== undefined) splits[examples] ??= splits[evaluatedSplit(config)];
  }
  await write(join(places.data, "datasets.json"), JSON.stringify(listed));
  await write(join(places.data, "names.json"), JSON.stringify([...groups.flatMap(withGroups), ...tasks].map(nameOf)));
  return places;
}

/** A group and those in it. */
function withGroups(group: Group): readonly Group[] {
  return [group, ...group.members.filter(isGroup).flatMap(withGroups)];
}

function nameOf(each: Group | TaskConfig): string {
  return isGroup(each) ? each.name : each.task;
}

/** Whether the harness has a task, and has it as it is: nothing in a file or a group changes it. */
function isTheirs(config: TaskConfig): boolean {
  const shipped = shippedTasks.find(({ task }) => task === config.task);
  return !ownTasks.includes(config.task) && isDeepStrictEqual(config, shipped);
}

/** `allenai/ai2_arc ARC-Easy`; a data set of a task that only we have is called like the task, wherever its rows are from. */
function datasetKey(config: TaskConfig): string {
  const { task, dataset_path: path, dataset_name: name } = config;
  return isTheirs(config) ? `${path} ${name ?? ""}`.trim() : `kintsugi/${task}`;
}

/** A task without functions as a file; JSON is YAML. */
function taskFile(config: TaskConfig): string {
  const { custom_dataset, dataset_path, dataset_name, dataset_kwargs, ...own } = config;
  const written = (field: string, value: unknown): unknown => {
    if (typeof value !== "function") return value;
    throw new UserError(`${field} is a function, which the harness would need in Python`, {
      where: `task ${config.task}`,
      fix: "Write it as a template, or use `npx kintsugi eval`",
    });
  };
  return JSON.stringify({ ...own, dataset_path: datasetKey(config) }, written, 2);
}

/** A group as a file. */
function groupFile({ name, alias, members, aggregates, version }: Group): string {
  return JSON.stringify({
    ...{ group: name, group_alias: alias, task: members.map(nameOf) },
    aggregate_metric_list: aggregates.length > 0 ? aggregates : undefined,
    metadata: version === undefined ? undefined : { version },
  });
}

async function write(path: string, text: string): Promise<void> {
  await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(text), 0, path));
}
