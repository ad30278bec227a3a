/** The real harness, asking a server of ours. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { leaks } from "../../model/index.js";
import { makeFolder } from "../../source/files.js";
import { projectRoot } from "../../source/index.js";
import type { TaskOptions } from "../evaluate.js";
import { sanitised } from "../results/files.js";
import { beginMarker, encoder } from "../scoring/encode.js";
import { type Selection, selectTasks, tasksOf } from "../tasks/catalogue.js";
import { writeHarnessFolder } from "./documents.js";
import { lacksTokens, readSamples, tiedTasks } from "./samples.js";

export type HarnessOptions = Pick<TaskOptions, "fewshot" | "limit" | "data"> & {
  /** A Python that has lm-eval. */
  readonly python: string;
  /** `http://host:port` of the server. */
  readonly url: string;
  /** The model that is served. */
  readonly speaker: Speaker;
  /** What the model is called there. */
  readonly name: string;
  /** Tokens of a prompt and its continuation, as the server takes them. */
  readonly maxLength: number;
  /** Results and samples go to a folder in it that is called like the model. */
  readonly out: string;
  /** Sequences in one request; default 16. */
  readonly batchSize?: number;
  /** Told what the harness says beside its table, as it says it. */
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
};

/** What the harness printed, what has to be said below it, and the file it wrote. */
export type HarnessRun = { readonly table: string; readonly notes: readonly string[]; readonly results: string };

/**
 * Runs lm-evaluation-harness on a server, and stores what it writes as `kintsugi eval --out` stores our own. The rows and files
 * of a model that sees the future are marked as ours are.
 *
 * @param tasks names as `selectTasks` takes them
 * @throws UserError for tasks or data that there are not, when the harness fails, or when all choices of a task tie: then the
 * server did not score them, and chance would look like a result
 */
export async function runHarness(tasks: readonly string[], options: HarnessOptions): Promise<HarnessRun> {
  const selection = await selectTasks(tasks);
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-lm-eval-"));
  try {
    const places = await writeHarnessFolder(selection, folder, options);
    await makeFolder(options.out);
    const began = new Date();
    const args = harnessArguments(namesOf(selection), places.tasks, options);
    const said = await output(options, [join(here(), "with_data.py"), places.data, ...args], folder);
    const results = newestResults(join(options.out, sanitised(options.name)), began);
    const tied = tiedTasks(results);
    if (tied.length > 0) {
      throw new UserError(`all choices have the same score in every document of ${tied.join(", ")}`, {
        where: results,
        expected: "scores of a model",
        fix: "The table would show chance, and is not printed",
      });
    }
    return { table: tableOf(said), notes: notesOn(results, options), results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the harness's own numbers do not tell. */
function notesOn(results: string, { name, speaker, maxLength }: HarnessOptions): readonly string[] {
  const encode = encoder(speaker.tokenizer, maxLength);
  const empty = [...readSamples(results)].flatMap(([task, samples]) => {
    const { length } = samples.filter((sample) => lacksTokens(sample, encode));
    if (length === 0) return [];
    return (
      `${task}: in ${length} of ${samples.length} documents a continuation has no token of its own where this tokenizer ` +
      "joins it with its context; the harness counts it as certain and right, kintsugi eval leaves it out"
    );
  });
  const future = `${name} sees the future: these scores compare with no others`;
  return leaks(speaker.model.config).length > 0 ? [...empty, future] : empty;
}

/** Sources that are no TypeScript lie in `kit/`, wherever the program runs from. */
function here(): string {
  return join(projectRoot(), "kit", "evals", "harness");
}

/** Groups by their names, so that the harness reports them; tasks that belong to none by theirs. */
function namesOf({ tasks, groups }: Selection): readonly string[] {
  const members = new Set(groups.flatMap(tasksOf).map(({ task }) => task));
  return [...groups.map(({ name }) => name), ...tasks.map(({ task }) => task).filter((task) => !members.has(task))];
}

/** What the harness has to be told of a model that we serve: its `--model_args`. */
export type ModelArguments = { readonly [argument: string]: string | number | boolean };

export function modelArguments(served: Pick<HarnessOptions, "url" | "name" | "speaker" | "maxLength">): ModelArguments {
  const { url, name, speaker, maxLength } = served;
  const { model, tokenizer } = speaker;
  const prefix = beginMarker(tokenizer);
  return {
    model: name,
    base_url: `${url}/v1/completions`,
    max_length: maxLength,
    // It would ask for the ids of the marker's spelling, which not every tokenizer reads as the marker, and take 0 for none.
    ...(prefix !== undefined && { custom_prefix_token_id: prefix }),
    // Nothing to the harness, which stores it; `with_data.py` marks rows by it.
    ...(leaks(model.config).length > 0 && { allow_leak: true }),
  };
}

function harnessArguments(tasks: readonly string[], include: string, options: HarnessOptions): readonly string[] {
  const { out, fewshot, limit, batchSize = 16 } = options;
  // What fails once is a mistake, and not hidden.
  const model = { ...modelArguments(options), num_concurrent: 1, max_retries: 1, tokenized_requests: true };
  return [
    "run",
    ...["--model", "local-completions", "--model_args", JSON.stringify(model)],
    ...["--tasks", tasks.join(","), "--include_path", include],
    ...["--output_path", out, "--log_samples", "--batch_size", String(batchSize)],
    ...(fewshot === undefined ? [] : ["--num_fewshot", String(fewshot)]),
    ...(limit === undefined ? [] : ["--limit", String(limit)]),
  ];
}

/** What a Python program prints; it runs without a hub where it is not asked for more than it was given. */
function output({ python, say, signal }: HarnessOptions, args: readonly string[], folder: string): Promise<string> {
  const env = {
    ...process.env,
    PYTHONUTF8: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    HF_HOME: join(folder, "hub"),
    HF_HUB_OFFLINE: "1",
    HF_DATASETS_OFFLINE: "1",
    ...proxyFree(process.env),
  };
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let [printed, complaints] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints = (complaints + text).slice(-20_000);
      say?.(text);
    });
    // A program that was stopped is no mistake, and says so by its signal.
    child.on("error", (error) => (signal?.aborted === true ? undefined : reject(error)));
    child.on("close", (code, killed) => {
      if (code === 0) return resolve(printed);
      reject(
        new UserError(`lm-evaluation-harness ended with ${killed ?? `exit code ${code}`}: ${lastLine(complaints)}`, {
          where: python,
        }),
      );
    });
  });
}

/** Hosts that are reached directly: ours, and those the user has listed. Programs read either name, requests the lower one first. */
function proxyFree(env: NodeJS.ProcessEnv): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const own = [env.no_proxy, env.NO_PROXY].filter((each) => each !== undefined && each !== "");
  const hosts = [...new Set(own), "127.0.0.1", "localhost"].join(",");
  return { NO_PROXY: hosts, no_proxy: hosts };
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim() ?? "it gave no reason";
}

/** The results file that was written since then. */
function newestResults(folder: string, since: Date): string {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^results_.*\.json$/.test(file)) : [];
  const newest = files.sort().at(-1);
  const date = newest === undefined ? undefined : /^results_(.*)\.json$/.exec(newest)![1];
  // Names hold local times to the microsecond, with dashes for colons.
  const written = date?.replace(/T(\d\d)-(\d\d)-/, "T$1:$2:");
  if (newest !== undefined && new Date(written!) >= since) return join(folder, newest);
  throw new UserError("the harness wrote no results", { where: folder });
}

/** From the first line of the table on: what stands before it are settings. */
function tableOf(printed: string): string {
  const start = printed.search(/^\|/m);
  return printed.slice(Math.max(0, start)).trimEnd();
}
