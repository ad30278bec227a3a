/** Results and samples as files that the harness's tools read. */
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import type { MetricResult, TaskResult } from "../evaluate.js";
import { dumps } from "../python/json.js";
import { type Json, PythonFloat } from "../python/text.js";
import { EXAMPLE_DELIMITER, TARGET_DELIMITER } from "../requests/context.js";
import { generationOptions, outputTypeOf } from "../requests/requests.js";
import type { Evaluation, ModelAbout } from "../run.js";
import { directionsOf, type GroupResult } from "./groups.js";
import { sampleLine, taskHash } from "./samples.js";

/** What was written. */
export type WrittenResults = { readonly results: string; readonly samples: readonly string[] };

/**
 * Writes `OUT/model/results_<date>.json`, and `samples_<task>_<date>.jsonl` for each task.
 *
 * @param out folder; made where it is missing
 * @throws UserError when the disk refuses
 */
export async function writeResults(evaluation: Evaluation, out: string): Promise<WrittenResults> {
  const folder = join(out, sanitised(evaluation.model.name));
  await makeFolder(folder);
  const date = dateId(evaluation.began);
  const write = (path: string, text: string): Promise<void> =>
    writeAtomically(path, (handle) => writeFully(handle, Buffer.from(text), 0, path));
  const samples: string[] = [];
  for (const { config, samples: own } of evaluation.tasks) {
    if (/[/\\]/.test(config.task)) {
      throw new UserError(`the task ${config.task} cannot name a file`, { expected: "a name without slashes" });
    }
    const path = join(folder, `samples_${config.task}_${date}.jsonl`);
    await write(path, own.map((sample) => `${sampleLine(config, sample)}\n`).join(""));
    samples.push(path);
  }
  // Last, so that results are only there with all their samples.
  const results = join(folder, `results_${date}.json`);
  await write(results, dumps(resultsJson(evaluation), { indent: 2, ascii: false }));
  return { results, samples };
}

/** A name that can be a folder's. */
export function sanitised(name: string): string {
  return name.replace(/["<>:/|\\?*[\]]+/g, "__");
}

/** `datetime.now().isoformat()` with dashes for colons. */
function dateId(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().replace("Z", "000").replaceAll(":", "-");
}

/** The harness's dictionary of results. */
export function resultsJson(evaluation: Evaluation): { readonly [key: string]: Json | undefined } {
  const { tasks, groups, model, settings, began, seconds } = evaluation;
  const aggregated = groups.filter(({ metrics }) => metrics.length > 0);
  const ofTasks = tasks.map((task) => [task.config.task, taskJson(task)] as const);
  const ofGroups = groups.map((group) => [group.name, groupJson(group)] as const);
  return {
    results: Object.fromEntries([...ofTasks, ...ofGroups]),
    groups:
      aggregated.length === 0
        ? undefined
        : Object.fromEntries(ofGroups.filter(([name]) => aggregated.some((group) => group.name === name))),
    group_subtasks: Object.fromEntries(groups.map(({ name, members }) => [name, members])),
    configs: sorted(tasks.map((task) => [task.config.task, configJson(task)])),
    versions: sorted([
      ...tasks.map(({ config }) => [config.task, versionJson(config.metadata?.version)] as const),
      ...groups.map(({ name, version }) => [name, version === undefined ? "N/A" : groupVersion(version)] as const),
    ]),
    "n-shot": sorted([
      ...tasks.map(({ config, shots }) => [config.task, shots] as const),
      ...groups.flatMap(({ name, shots }) => (shots === undefined ? [] : [[name, shots] as const])),
    ]),
    higher_is_better: sorted([
      ...tasks.map(({ config, metrics }) => [config.task, directionsOf(metrics)] as const),
      ...groups.map(({ name, directions }) => [name, directions] as const),
    ]),
    "n-samples": Object.fromEntries(tasks.map(({ config, documents }) => [config.task, documents])),
    config: {
      model: "kintsugi",
      model_args: { model: model.name, max_length: model.maxLength, ...(model.leaks && { allow_leak: true }) },
      model_num_parameters: model.parameters,
      model_dtype: "float32",
      model_sha: model.sha256,
      batch_size: settings.batchSize ?? null,
      batch_sizes: [],
      device: null,
      use_cache: null,
      limit: settings.limit ?? null,
      bootstrap_iters: settings.resamples,
      gen_kwargs: null,
      random_seed: 0,
      numpy_seed: 1234,
      torch_seed: 1234,
      fewshot_seed: settings.fewshotSeed,
    },
    git_hash: null,
    date: new PythonFloat(began.getTime() / 1000),
    pretty_env_info: `Node.js ${process.version} on ${process.platform} ${process.arch}`,
    transformers_version: "N/A",
    lm_eval_version: "0.4.13 (prompts and formats; computed by kintsugi)",
    upper_git_hash: null,
    ...tokenizerJson(model),
    // What the harness does not have: documents whose continuation has no token.
    left_out: Object.fromEntries(
      tasks.filter(({ leftOut }) => leftOut.length > 0).map(({ config, leftOut }) => [config.task, leftOut]),
    ),
    task_hashes: Object.fromEntries(tasks.map(({ config, samples }) => [config.task, taskHash(samples)])),
    model_source: "kintsugi",
    model_name: model.name,
    model_name_sanitized: sanitised(model.name),
    system_instruction: null,
    system_instruction_sha: null,
    fewshot_as_multiturn: false,
    chat_template: null,
    chat_template_sha: null,
    total_evaluation_time_seconds: String(seconds),
  };
}

function taskJson({ config, documents, metrics }: TaskResult): Json {
  return {
    name: config.task,
    alias: config.task_alias ?? config.task,
    sample_len: documents.effective,
    ...metricsJson(metrics),
  };
}

function groupJson({ name, alias, metrics, documents }: GroupResult): Json {
  if (metrics.length === 0) return { alias, name };
  const counts = metrics.map(({ metric, filter, documents }) => [`${metric},${filter}`, documents] as const);
  return { alias, name, sample_len: documents, ...metricsJson(metrics), sample_count: Object.fromEntries(counts) };
}

function metricsJson(metrics: readonly MetricResult[]): { readonly [key: string]: Json } {
  return Object.fromEntries(
    metrics.flatMap(({ metric, filter, value, stderr }) => [
      [`${metric},${filter}`, new PythonFloat(value)],
      [`${metric}_stderr,${filter}`, stderr === undefined ? "N/A" : new PythonFloat(stderr)],
    ]),
  );
}

/** A task with all that it leaves to the harness's defaults; functions by their names. */
export function configJson({ config, shots }: Pick<TaskResult, "config" | "shots">): Json {
  const { tag, fewshot_config, metadata, ...own } = config;
  const common = {
    fewshot_delimiter: EXAMPLE_DELIMITER,
    target_delimiter: TARGET_DELIMITER,
    ...own,
  };
  const examples = {
    sampler: "default",
    split: config.fewshot_split ?? null,
    process_docs: config.process_docs ?? null,
    samples: null,
    doc_to_text: config.doc_to_text ?? null,
    doc_to_choice: config.doc_to_choice ?? null,
    doc_to_target: config.doc_to_target ?? null,
    gen_prefix: config.gen_prefix ?? null,
    fewshot_delimiter: common.fewshot_delimiter,
    target_delimiter: common.target_delimiter,
    ...fewshot_config,
  };
  return plain({
    description: "",
    ...common,
    fewshot_config: examples,
    num_fewshot: shots,
    output_type: outputTypeOf(config),
    generation_kwargs: outputTypeOf(config) === "generate_until" ? generationOptions(config) : undefined,
    repeats: config.repeats ?? 1,
    metadata: { ...metadata, version: versionJson(metadata?.version) },
  });
}

/** A value as JSON has it. */
function plain(value: unknown): Json {
  if (typeof value === "function") return `!function ${value.name}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof PythonFloat) return (value ?? null) as Json;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}

/** Versions are floats in most of the harness's files. */
function versionJson(version: number | string | undefined): Json {
  return typeof version === "number" ? new PythonFloat(version) : (version ?? "Yaml");
}

function groupVersion(version: number | string): string {
  return typeof version === "number" && Number.isInteger(version) ? `${version}.0` : String(version);
}

function tokenizerJson({ markers, maxLength }: ModelAbout): { readonly [key: string]: Json } {
  if (markers === undefined) return {};
  const marker = (role: string): Json => [markers[role]?.[0] ?? null, String(markers[role]?.[1] ?? null)];
  return {
    tokenizer_pad_token: marker("pad"),
    tokenizer_eos_token: marker("eos"),
    tokenizer_bos_token: marker("bos"),
    eot_token_id: markers.eos?.[1] ?? null,
    max_length: maxLength ?? null,
  };
}

function sorted(entries: readonly (readonly [string, Json])[]): { readonly [key: string]: Json } {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
