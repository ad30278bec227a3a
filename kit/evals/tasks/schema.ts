/** What a YAML file, or a value in its form, may say of a task or a group: a reader for each field. */
import { nearest, UserError } from "../../errors.js";
import {
  either,
  type Fields,
  fields,
  flag,
  list,
  of,
  oneOf,
  optional,
  type Reader,
  text,
  whole,
} from "../../model/reading.js";
import {
  type AggregateSpec,
  type Doc,
  type FewshotConfig,
  type FilterSpec,
  type FilterStep,
  type GroupConfig,
  listsFiles,
  type MetricSpec,
  type OutputType,
  type Place,
  type TaskConfig,
} from "./config.js";
import { generationKwargs } from "./generation.js";

/** Fields with whatever they hold. */
export type Values = { readonly [field: string]: unknown };

/** A text that may be empty. */
const anyText: Reader<string> = of("a text", (value) => typeof value === "string");

const anyObject: Reader<Values> = of("an object", isObject);

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function call<T>(): Reader<T> {
  return of("a function, such as !function utils.name", (value) => typeof value === "function");
}

/** One, or a list of them. */
function oneOrMore<T>(read: Reader<T>): Reader<T | readonly T[]> {
  return either((value) => !Array.isArray(value), read, list(read));
}

/** A list of at least one. */
function some<T>(read: Reader<T>): Reader<readonly T[]> {
  const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
  return either(
    isEmpty,
    of<readonly T[]>("a list of at least one", () => false),
    list(read),
  );
}

/** An object whose fields are checked as far as they are named; it may have others. */
function including<T>(readers: Readonly<Record<string, Reader<unknown>>>): Reader<T> {
  return (value, place) => {
    const given = anyObject(value, place);
    for (const [name, read] of Object.entries(readers))
      read(given[name], { ...place, field: `${place.field}.${name}` });
    return given as T;
  };
}

const isScalar = (value: unknown): boolean => typeof value === "string" || typeof value === "number";

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

/** How a prompt's parts are made; a template, a column, a value or a function. */
const prompts = {
  doc_to_text: optional(
    of<TaskConfig["doc_to_text"]>(
      "a text, a number or a function",
      (value) => isScalar(value) || typeof value === "function",
    ),
  ),
  doc_to_target: optional(
    of<TaskConfig["doc_to_target"]>(
      "a text, a number, a list of them or a function",
      (value) => isScalar(value) || typeof value === "function" || (Array.isArray(value) && value.every(isScalar)),
    ),
  ),
  doc_to_choice: optional(
    of<TaskConfig["doc_to_choice"]>(
      "a text, a list of texts, texts by label or a function",
      (value) =>
        typeof value === "string" ||
        typeof value === "function" ||
        isTexts(value) ||
        (isObject(value) && isTexts(Object.values(value as object))),
    ),
  ),
  gen_prefix: optional(anyText),
  target_delimiter: optional(anyText),
  fewshot_delimiter: optional(anyText),
};

const process = optional(call<TaskConfig["process_docs"]>());

const fewshot = fields<FewshotConfig>({
  ...prompts,
  sampler: optional(text),
  split: optional(text),
  process_docs: process,
  samples: optional(
    either<NonNullable<FewshotConfig["samples"]>, readonly Doc[]>(
      (value) => typeof value === "function",
      call(),
      list(anyObject as Reader<Doc>),
    ),
  ),
});

const metric = including<MetricSpec>({
  metric: text,
  aggregation: optional(text),
  higher_is_better: optional(flag),
});

const filter = fields<FilterSpec>({ name: text, filter: list(including<FilterStep>({ function: text })) });

const isVersion = of<number | string>("a number or a text", isScalar);

/** A split's name, or that there is none. */
const split: Reader<string | null | undefined> = of(
  "a text",
  (value) => value === null || value === undefined || (typeof value === "string" && value !== ""),
);

const taskReaders: Fields<TaskConfig> = {
  task: text,
  task_alias: optional(text),
  tag: optional(oneOrMore(text)),
  dataset_path: optional(text),
  dataset_name: split,
  dataset_kwargs: optional(anyObject as Reader<NonNullable<TaskConfig["dataset_kwargs"]>>),
  custom_dataset: optional(call<NonNullable<TaskConfig["custom_dataset"]>>()),
  training_split: split,
  validation_split: split,
  test_split: split,
  fewshot_split: split,
  process_docs: process,
  ...prompts,
  process_results: optional(call<NonNullable<TaskConfig["process_results"]>>()),
  description: optional(anyText),
  fewshot_config: optional(fewshot),
  num_fewshot: optional(whole(0)),
  metric_list: optional(some(metric)),
  output_type: optional(
    oneOf<OutputType>("loglikelihood", "loglikelihood_rolling", "generate_until", "multiple_choice"),
  ),
  generation_kwargs: optional((value, place) => generationKwargs(anyObject(value, place), place)),
  repeats: optional(whole()),
  filter_list: optional(some(filter)),
  should_decontaminate: optional(flag),
  doc_to_decontamination_query: optional(anyText),
  metadata: optional(
    including<NonNullable<TaskConfig["metadata"]>>({ version: optional(isVersion), description: optional(text) }),
  ),
};

const groupReaders: Fields<GroupConfig> = {
  group: text,
  group_alias: optional(text),
  task: either(
    (value) => typeof value === "string",
    text,
    some(either<string, Values>((value) => typeof value === "string", text, anyObject)),
  ),
  aggregate_metric_list: optional(
    oneOrMore(
      fields<AggregateSpec>({
        metric: text,
        filter_list: (value, place) => (value === null ? null : optional(oneOrMore(text))(value, place)),
        // The only one that the harness has.
        aggregation: optional(oneOf("mean")),
        weight_by_size: optional(flag),
      }),
    ),
  ),
  metadata: optional(including<NonNullable<GroupConfig["metadata"]>>({ version: optional(isVersion) })),
};

/** Fields of the harness that this kit cannot honour. */
const foreign: Readonly<Record<string, string>> = {
  class: "a task that is a Python class",
  doc_to_image: "pictures",
  doc_to_audio: "sounds",
  use_prompt: "prompts of promptsource",
  unsafe_code: "running what a model writes",
};

/**
 * Checks what is said of a task, field by field. A field that is `null` is as if it were not there.
 *
 * @param where tells the file and line of a field
 * @throws UserError for a field that there is not, that this kit cannot honour, or that holds something else than it should
 */
export function taskConfig(values: Values, where: Place): TaskConfig {
  checkNames("task", values, Object.keys(taskReaders), where);
  const config = readFields(taskReaders, values, where);
  checkDatasetKwargs(config, where("dataset_kwargs"));
  return config;
}

/**
 * Checks what is said of a group.
 *
 * @returns the group, and what it says for all its tasks: checked by name, and read with them
 * @throws UserError as {@link taskConfig}
 */
export function groupConfig(values: Values, where: Place): { readonly config: GroupConfig; readonly forTasks: Values } {
  checkNames("group", values, [...Object.keys(groupReaders), ...Object.keys(taskReaders)], where);
  const isOwn = ([field]: readonly [string, unknown]): boolean => Object.hasOwn(groupReaders, field);
  const entries = Object.entries(values);
  return {
    config: readFields(groupReaders, Object.fromEntries(entries.filter(isOwn)), where),
    forTasks: Object.fromEntries(entries.filter((entry) => !isOwn(entry))),
  };
}

function readFields<T extends object>(readers: Fields<T>, values: Values, where: Place): T {
  const named = Object.entries<Reader<unknown>>(readers);
  for (const [field, read] of named) if (values[field] == null) read(undefined, { field, where: where(field) });
  const known = new Map(named);
  const given = Object.entries(values).flatMap(([field, value]) => {
    const read = known.get(field);
    return value === null || read === undefined ? [] : [[field, read(value, { field, where: where(field) })] as const];
  });
  return Object.fromEntries(given) as T;
}

/** Options of a data set that ask for nothing: no program that comes with data is ever run here. */
const idle: readonly string[] = ["trust_remote_code"];

/** Refuses what would be ignored. A data set of one's own takes what it will. */
function checkDatasetKwargs({ dataset_path, dataset_kwargs, custom_dataset }: TaskConfig, where: string): void {
  if (custom_dataset !== undefined) return;
  const [known, of] = listsFiles(dataset_path)
    ? (["data_files", `with ${dataset_path}`] as const)
    : (["revision", "of a data set on the hub"] as const);
  for (const [name, value] of Object.entries(dataset_kwargs ?? {})) {
    if (name === known || idle.includes(name) || value == null) continue;
    const fix =
      name === "data_files"
        ? "Files are listed by a task whose dataset_path is json or parquet"
        : nearest(name, [known]);
    throw new UserError(`dataset_kwargs.${name} is not done here`, {
      where,
      expected: `nothing but ${known} ${of}`,
      fix: fix === known ? `Did you mean ${known}?` : fix,
    });
  }
}

function checkNames(what: string, values: Values, known: readonly string[], where: Place): void {
  for (const [field, value] of Object.entries(values)) {
    if (known.includes(field)) continue;
    if (Object.hasOwn(foreign, field)) {
      if (value === false || value === null) continue;
      throw new UserError(`"${field}" is not supported`, {
        where: where(field),
        expected: `a task without ${foreign[field]}`,
      });
    }
    const near = nearest(field, known);
    throw new UserError(`a ${what} has no field "${field}"`, {
      where: where(field),
      expected: `one of ${known.join(", ")}`,
      fix: near === undefined ? undefined : `Did you mean ${near}?`,
    });
  }
}
