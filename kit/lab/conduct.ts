/** Conducting a study: which runs are missing, in which order, each as an idempotent process of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../errors.js";
import { cacheFolder, projectRoot } from "../source/index.js";
import type { StepRecord } from "../train/index.js";
import { Archive, learningRate } from "./archive.js";
import { modelsFolder } from "./models.js";
import { type RunRecord, recordPath } from "./record.js";
import { carryOut, type RunEnding } from "./run.js";
import { writeRunFile } from "./runFile.js";
import { budgetOf, type Run, specHash } from "./spec.js";
import { total } from "./statistics.js";
import { armRuns, checkStudy, isPilot, pilotRuns, type Study } from "./study.js";

/** Carries out one run somewhere, and tells its steps. */
export type Executor = (
  run: Run,
  options: {
    readonly report: (step: StepRecord) => void;
    readonly say: (message: string) => void;
    readonly signal?: AbortSignal;
  },
) => Promise<RunEnding>;

export type ConductOptions = {
  /** Only these arms, these seeds. */
  readonly arms?: readonly string[];
  readonly seeds?: readonly number[];
  /** Runs at a time; default 1. */
  readonly jobs?: number;
  /** Default: processes of their own on this machine. */
  readonly execute?: Executor;
  /** Folder of records; default the project's. */
  readonly records?: string;
  readonly signal?: AbortSignal;
  /** Told of every step and of the study as a whole. */
  readonly report?: (progress: StudyProgress) => void;
  readonly say?: (message: string) => void;
};

/** A step of a study's run, and how much of the study is left. */
export type StudyProgress = {
  readonly run: Run;
  readonly step: StepRecord;
  /** Tokens of all runs that this call was asked for, and of those that are done, this run's so far included. */
  readonly tokens: number;
  readonly tokensDone: number;
  /** Runs, and how many are finished. */
  readonly runs: number;
  readonly runsDone: number;
};

/**
 * Carries out whatever a study lacks: pilots first, then the arms' runs seed by seed, so that an unfinished study compares
 * all arms. Finished records are skipped, an interrupted run goes on; an arm whose pilot diverged at every rate is left out.
 *
 * @returns whether everything that can be had of what was asked for is there
 * @throws UserError when the study contradicts itself, or a run fails; the others are interrupted then
 */
export async function conduct(study: Study, options: ConductOptions = {}): Promise<boolean> {
  checkStudy(study);
  const { signal, execute = inProcesses, say = () => undefined, records, jobs = 1 } = options;
  const chosen = narrowed(study, options);
  const { missing: planned } = plan(chosen, records);
  const all = { tokens: total(planned.map(tokensOf)), runs: planned.length };
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const underWay = new Map<string, UnderWay>();

  const leftOut = new Set<string>();
  let done = { tokens: 0, runs: 0 };
  /** Takes missing runs one after another; whether none was left. */
  const work = async (): Promise<boolean> => {
    while (!stop.aborted) {
      // A pilot that ends makes runs possible, so the plan is made anew each time.
      const { missing: left, hopeless } = plan(chosen, records);
      for (const arm of hopeless.filter((one) => !leftOut.has(one))) {
        leftOut.add(arm);
        say(`${arm} is left out: every learning rate of its pilot diverged. Try lower ones`);
      }
      done = { tokens: all.tokens - total(left.map(tokensOf)), runs: all.runs - left.length };
      const next = left.find(({ run }) => run !== undefined && !underWay.has(keyOf(run)))?.run;
      if (next === undefined) {
        if (underWay.size === 0) return true;
        await Promise.race([...underWay.values()].map(({ ending }) => ending));
        continue;
      }
      if ((await carriedOut(next)) === "interrupted") return false;
    }
    return false;
  };
  const carriedOut = async (run: Run): Promise<RunEnding> => {
    const report = (step: StepRecord): void => {
      underWay.get(keyOf(run))!.tokens = step.tokens;
      const tokensDone = done.tokens + total([...underWay.values()].map(tokensOf));
      options.report?.({ run, step, ...all, tokensDone, runsDone: done.runs });
    };
    const promise = execute(run, { signal: stop, say, report });
    underWay.set(keyOf(run), { tokens: 0, ending: promise.catch(() => undefined) });
    try {
      const ending = await promise;
      if (ending === "interrupted") return ending;
      const { footer } = recordOf(run, records, say);
      say(`${run.arm}, seed ${run.seed}: ${footer!.ending}`);
      return ending;
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      underWay.delete(keyOf(run));
    }
  };
  const endings = await Promise.allSettled(Array.from({ length: jobs }, work));
  for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
  return endings.every((ending) => ending.status === "fulfilled" && ending.value);
}

/** A run that is being carried out: its tokens so far, and when it ends in whatever way. */
type UnderWay = { tokens: number; readonly ending: Promise<unknown> };

/** What tells runs apart: two arms may call for the same one. */
function keyOf({ seed, spec }: Run): string {
  return `${seed} ${specHash(spec)}`;
}

/** A record that is there and cannot be read would be asked for again and again. */
function recordOf(run: Run, records: string | undefined, say: (message: string) => void): RunRecord {
  const record = new Archive(records, say).find(run);
  if (record !== undefined) return record;
  throw new UserError(`the record of ${run.arm}, seed ${run.seed} cannot be read`, {
    where: recordPath(run, records),
    fix: "Delete it to carry out the run again",
  });
}

function tokensOf({ tokens }: { readonly tokens: number }): number {
  return tokens;
}

function narrowed(study: Study, { arms, seeds }: ConductOptions): Study {
  const known = Object.keys(study.arms);
  expectKnown(study, "arm", arms, known);
  const kept = Object.entries(study.arms)
    .filter(([name]) => arms?.includes(name) ?? true)
    .map(([name, arm]) => [name, { ...arm, seeds: arm.seeds ?? study.seeds }] as const);
  expectKnown(study, "seed", seeds, [...new Set(kept.flatMap(([, arm]) => arm.seeds))]);
  const asked = kept.map(([name, arm]) => [
    name,
    { ...arm, seeds: arm.seeds.filter((seed) => seeds?.includes(seed) ?? true) },
  ]);
  return { ...study, arms: Object.fromEntries(asked) };
}

/** @throws UserError when something is asked for that a study does not have */
function expectKnown<T>(study: Study, what: string, asked: readonly T[] = [], known: readonly T[]): void {
  const unknown = asked.find((one) => !known.includes(one));
  if (unknown === undefined) return;
  throw new UserError(`the study ${study.name} has no ${what} ${JSON.stringify(unknown)}`, {
    expected: known.join(", "),
  });
}

/** A run that is not finished; one whose pilot is not done has no run yet, only its tokens. */
type Planned = { readonly run?: Run; readonly tokens: number };

/** Everything a study lacks, in the order in which it is to be made. */
type Plan = {
  readonly missing: readonly Planned[];
  /** Arms whose pilot diverged at every rate: they have no runs. */
  readonly hopeless: readonly string[];
};

function plan(study: Study, records: string | undefined): Plan {
  const archive = new Archive(records, () => undefined);
  const pilots: Planned[] = [];
  const runs: (Planned & { readonly seed: number })[] = [];
  const hopeless: string[] = [];
  for (const [arm, { spec, seeds = study.seeds }] of Object.entries(study.arms)) {
    if (seeds.length === 0) continue;
    const short = pilotRuns(study, arm).filter((run) => archive.find(run) === undefined);
    pilots.push(...short.map((run) => ({ run, tokens: budgetOf(run.spec) })));
    if (short.length > 0) {
      runs.push(...seeds.map((seed) => ({ seed, tokens: budgetOf(spec) })));
      continue;
    }
    const { rate } = learningRate(study, arm, archive);
    if (rate === undefined) {
      hopeless.push(arm);
      continue;
    }
    const full = armRuns(study, arm, rate).filter((run) => archive.find(run) === undefined);
    runs.push(...full.map((run) => ({ run, seed: run.seed, tokens: budgetOf(spec) })));
  }
  return { missing: [...pilots, ...runs.sort((a, b) => a.seed - b.seed)], hopeless };
}

/** Carries out a run in this process: for small ones, whose time would otherwise go into starting. */
export function inThisProcess(folders: { readonly records?: string; readonly checkpoints?: string } = {}): Executor {
  return (run, options) => carryOut(run, { ...folders, ...options });
}

/** Carries out a run as `kintsugi run`, which any scheduler could start as well. */
export const inProcesses: Executor = async (run, { report, say, signal }) => {
  const file = join(cacheFolder(), "runs", "specs", `${run.study}-${run.arm}-${run.seed}-${specHash(run.spec)}.json`);
  await writeRunFile(run, file);
  // Models to look at later.
  const kept = !isPilot(run) ? ["--models", modelsFolder()] : [];
  const program = join(projectRoot(), "kit", "kintsugi.mjs");
  // Pages of 2 MB where there are such, which `npm run` asks for too: the same numbers in a tenth less time.
  const env = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1", ...process.env };
  const child = spawn(process.execPath, [program, "run", file, "--json", ...kept], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => report(JSON.parse(line)));
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (isNoise(line)) return;
    complaints.push(line);
    say(line);
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("close", resolve).once("error", reject),
  );
  signal?.removeEventListener("abort", stop);
  if (code === 0) return "done";
  if (signal?.aborted === true || code === 130) return "interrupted";
  throw new UserError(`the run ${run.arm}, seed ${run.seed} failed: ${complaints.slice(-3).join(" ")}`, {
    where: file,
    fix: `npx kintsugi run ${file} repeats it`,
  });
};

/** TensorFlow's own lines, which say nothing about the run. */
function isNoise(line: string): boolean {
  return /^(WARNING: All log messages|[IW]\d{4} )/.test(line) || line.trim() === "";
}
