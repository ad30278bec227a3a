/** What the harness is given of our tasks: their documents, and the task files it does not have. */
import { join } from "node:path";
import { makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import { openDataset } from "../data/dataset.js";
import { evaluatedSplit, examplesSplit, type TaskOptions } from "../evaluate.js";
import { dumps } from "../python/json.js";
import { ownTasks } from "../shipped/tasks.js";
import { type Group, isGroup, type Selection } from "../tasks/catalogue.js";
import type { TaskConfig } from "../tasks/config.js";

/** Where the harness finds them. */
export type HarnessFolder = {
  /** Holds `names.json`, `datasets.json` and files of rows, as `with_data.py` reads them. */
  readonly data: string;
  /** Task files for `--include_path`. */
  readonly tasks: string;
};

/**
 * Writes the rows of the splits that tasks read, as they are before a task's own changes to them, and task files for those
 * that only the kit has. So the harness needs no hub, and asks about the very documents that we ask about.
 *
 * @param folder exists, and is the caller's to remove
 * @throws UserError when the data of a task are not to be had
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
    if (examples !== undefined && hasShots(config, options.fewshot)) await put(examples);
    if (ownTasks.includes(config.task)) await write(join(places.tasks, `${config.task}.yaml`), taskFile(config));
  }
  for (const config of tasks) {
    // The harness opens the examples even where it draws none: then any rows will do.
    const examples = examplesSplit(config);
    const splits = listed[datasetKey(config)];
    if (examples !== undefined) splits[examples] ??= splits[evaluatedSplit(config)];
  }
  await write(join(places.data, "datasets.json"), JSON.stringify(listed));
  await write(
    join(places.data, "names.json"),
    JSON.stringify([...groups.flatMap(groupNames), ...tasks.map(({ task }) => task)]),
  );
  return places;
}

/** A group and those in it. */
function groupNames({ name, members }: Group): readonly string[] {
  return [name, ...members.filter(isGroup).flatMap(groupNames)];
}

/** `allenai/ai2_arc ARC-Easy`; a data set that is made by the kit is called like its task. */
function datasetKey({ task, custom_dataset, dataset_path: path, dataset_name: name }: TaskConfig): string {
  return custom_dataset === undefined ? `${path} ${name ?? ""}`.trim() : `kintsugi/${task}`;
}

/** Whether examples stand in front of the questions. */
function hasShots({ num_fewshot: own }: TaskConfig, fewshot: number | undefined): boolean {
  return own !== 0 && (fewshot ?? own ?? 0) > 0;
}

/** A task without functions as a task file; JSON is YAML. */
function taskFile({ custom_dataset, ...config }: TaskConfig): string {
  return JSON.stringify({ ...config, dataset_path: datasetKey({ custom_dataset, ...config }) }, undefined, 2);
}

async function write(path: string, text: string): Promise<void> {
  await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(text), 0, path));
}
