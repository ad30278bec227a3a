/** The documents of a task, wherever its data are. */
import { existsSync, readdirSync } from "node:fs";
import { resolve as absolute, dirname, join } from "node:path";
import { UserError } from "../../errors.js";
import { browseRepository, mirrorRoot } from "../../source/index.js";
import { splitTables, type Table, thereAre } from "../../text/index.js";
import { type Doc, listsFiles, type Splits, type TaskConfig } from "../tasks/config.js";
import { within } from "../tasks/within.js";
import { readDocs } from "./documents.js";
import { dataFolder, isFolder } from "./folders.js";
import { localRows, ownRows } from "./local.js";

/** A folder data are taken from, in place of the mirror and the hub. */
export type DataOptions = { readonly data?: string };

/** A split of a task, with the task's own changes to its documents. */
export type OpenSplit = (split: string, process?: TaskConfig["process_docs"]) => Promise<readonly Doc[]>;

/**
 * The splits of a task's data set. Each is read once, when it is asked for.
 *
 * @throws UserError from the function, when a split is nowhere to be found or has no documents
 */
export function openDataset(config: TaskConfig, options: DataOptions = {}): OpenSplit {
  let custom: Promise<Splits> | undefined;
  const read = async (split: string): Promise<readonly Doc[]> => {
    if (config.custom_dataset === undefined) return await splitRows(config, split, options);
    custom ??= Promise.resolve(config.custom_dataset({ ...config.metadata, ...config.dataset_kwargs }));
    const splits = await custom;
    if (Object.hasOwn(splits, split)) return await splits[split]();
    throw missing(config, split, `the task's own data have ${Object.keys(splits).join(", ")}`);
  };
  const kept = new Map<string, Promise<readonly Doc[]>>();
  return async (split, process) => {
    if (!kept.has(split)) kept.set(split, read(split));
    const rows = await kept.get(split)!;
    if (rows.length === 0) throw missing(config, split, "there are no documents in it");
    const docs = process === undefined ? rows : within(`task ${config.task}`, () => process(rows));
    const empty = docs.findIndex((doc) => typeof doc !== "object" || doc === null || Object.keys(doc).length === 0);
    if (empty < 0) return docs;
    throw new UserError(`document ${empty} of ${split} is empty`, { where: `task ${config.task}` });
  };
}

async function splitRows(config: TaskConfig, split: string, { data }: DataOptions): Promise<readonly Doc[]> {
  const { dataset_path: path, dataset_name: name, dataset_kwargs: kwargs = {} } = config;
  if (path === undefined) {
    throw new UserError("the task has no data", { where: `task ${config.task}`, expected: "dataset_path" });
  }
  if (listsFiles(path)) return await listedRows(config, split);
  if (isFolder(path)) return await folderRows(config, path, split);
  if (data !== undefined && !isFolder(data)) {
    throw new UserError(`there is no folder ${data}`, { where: "data", fix: "Check the path" });
  }
  const id = { path, name: name ?? undefined };
  const local = await within(`task ${config.task}`, async () => {
    return (await ownRows(config, split, data)) ?? (await localRows(id, split, data));
  });
  if (local !== undefined) return local;
  const folder = await dataFolder(path, data);
  if (folder !== undefined) return await folderRows(config, folder, split);
  if (data !== undefined) throw missing(config, split, `the folder ${data} does not have it`);
  const { revision } = kwargs;
  return await hubRows(config, path, split, typeof revision === "string" ? revision : undefined);
}

async function folderRows(config: TaskConfig, folder: string, split: string): Promise<readonly Doc[]> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return await readDocs(...chosen(config, files, split).map((file) => join(folder, file)));
}

/** Files that the task lists itself: paths from the current folder, from the task's own file, or from the mirror. */
async function listedRows(config: TaskConfig, split: string): Promise<readonly Doc[]> {
  const listed = config.dataset_kwargs?.data_files;
  const files = typeof listed === "string" || Array.isArray(listed) ? { train: listed } : listed;
  const own =
    typeof files === "object" && files !== null ? (files as Readonly<Record<string, unknown>>)[split] : undefined;
  if (own === undefined) throw missing(config, split, "data_files does not name it");
  const source = config.metadata?.config_source;
  const beside = typeof source === "string" ? dirname(source) : undefined;
  const roots = [process.cwd(), beside, mirrorRoot()].filter((root) => root !== undefined);
  const paths = [own].flat().map((file) => {
    const candidates = roots.map((root) => absolute(root, String(file)));
    const found = candidates.find((path) => existsSync(path));
    if (found === undefined) throw missing(config, split, `there is no ${candidates.join(" and no ")}`);
    return found;
  });
  return await readDocs(...paths);
}

/**
 * Rows from the hub: first what it has converted itself, where `name/split/` is unmistakable, then the repository's own
 * files.
 */
async function hubRows(
  config: TaskConfig,
  id: string,
  split: string,
  revision: string | undefined,
): Promise<readonly Doc[]> {
  const type = "datasets";
  if (revision === undefined) {
    const converted = await browseRepository({ id, type, revision: "refs/convert/parquet" }).catch((error: unknown) => {
      if (error instanceof UserError) return undefined;
      throw error;
    });
    const files = converted?.files.filter((file) => isConverted(file, config.dataset_name, split)) ?? [];
    if (converted !== undefined && files.length > 0) return await readDocs(...(await fetched(files, converted.fetch)));
  }
  const { files, fetch } = await browseRepository({ id, type, revision });
  return await readDocs(...(await fetched(chosen(config, files, split), fetch)));
}

function isConverted(file: string, name: string | null | undefined, split: string): boolean {
  const [folder, part, ...rest] = file.split("/");
  return rest.length === 1 && part === split && folder === (name ?? "default") && rest[0].endsWith(".parquet");
}

async function fetched(files: readonly string[], fetch: (file: string) => Promise<string>): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const file of files) paths.push(await fetch(file));
  return paths;
}

/** The files of a split among those of a folder or repository, which must be one table. */
function chosen(config: TaskConfig, files: readonly string[], split: string): Table {
  const tables = splitTables(files, { split, name: config.dataset_name });
  if (tables.length === 1) return tables[0];
  const why =
    tables.length === 0
      ? `no file is named after it; ${thereAre(files)}`
      : `it could be ${tables.map(([first]) => first).join(" or ")}`;
  throw missing(config, split, `${why}, in ${config.dataset_path}`);
}

function missing({ task, dataset_path, dataset_name }: TaskConfig, split: string, why: string): UserError {
  const set = [dataset_path, dataset_name].filter((part) => typeof part === "string").join(" ");
  return new UserError(`there is no split "${split}"${set === "" ? "" : ` of ${set}`}: ${why}`, {
    where: `task ${task}`,
  });
}
