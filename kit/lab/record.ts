/** Records of runs: one JSON value a line, written once, never edited. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.js";
import type { PositionLoss } from "../measure/index.js";
import { projectRoot } from "../source/index.js";
import type { StepRecord } from "../train/index.js";
import { specHash } from "./spec.js";

/** What was read, by name and contents. */
export type Hashed = { readonly name: string; readonly sha256: string };

/** The documents of both sides, and how many rows were passed over for having no text, where there were any. */
export type Dataset = Hashed & { readonly skipped?: number };

/** What a run was: everything that decides its numbers, and where they were made. */
export type RecordHeader = {
  readonly study: string;
  readonly arm: string;
  readonly seed: number;
  /** The full resolved specification, plain JSON. */
  readonly spec: unknown;
  readonly dataset: Dataset;
  /** The trained model it began with, before its conversion, and the one that was made from; hashes as {@link RecordFooter}'s. */
  readonly source?: Hashed;
  readonly base?: Hashed;
  readonly parameters: number;
  readonly flopsPerToken: number;
  /** What the steps ran on. */
  readonly backend: string;
  readonly tensorflow?: string;
};

/** What was at hand when numbers were made. */
export type Circumstances = {
  readonly commit?: string;
  readonly node: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryBytes: number };
};

/** A header as it was written: with what was at hand when the run began. */
export type WrittenHeader = RecordHeader & Circumstances;

/** A validation in the course of a run. */
export type ValidationLine = {
  readonly validation: {
    readonly step: number;
    readonly tokens: number;
    readonly nats: number;
    readonly bitsPerByte: number;
  };
};

/** How a run ended, and what it reached. `null` where it diverged. */
export type RecordFooter = {
  readonly ending: "done" | "diverged";
  readonly validationNats: number | null;
  readonly bitsPerByte: number | null;
  /** sha256 of the parameters as they ended: float32, little-endian, in the order of their paths in the model. */
  readonly weightsSha256?: string;
  /** Over all parts of a run that was resumed. */
  readonly wallSeconds: number;
  readonly byPosition?: readonly PositionLoss[];
  /** Other figures of the trained model, by name. */
  readonly measures?: Readonly<Record<string, number>>;
};

/** A record that was read. */
export type RunRecord = {
  readonly path: string;
  readonly header: WrittenHeader;
  readonly steps: readonly StepRecord[];
  readonly validations: readonly ValidationLine["validation"][];
  /** Absent while the run is not finished. */
  readonly footer?: RecordFooter;
};

/** What names the record of a run. */
export type RecordName = Pick<RecordHeader, "study" | "arm" | "seed" | "spec">;

/** Where the record of a run lies: `results/runs/<study>/<arm>/seed-<n>.<hash>.jsonl`. */
export function recordPath({ study, arm, seed, spec }: RecordName, root: string = recordsFolder()): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}.jsonl`);
}

/** The folder of all records. */
export function recordsFolder(): string {
  return join(projectRoot(), "results", "runs");
}

/**
 * Reads a record.
 *
 * @param problem Told of what is wrong with it, such as a line that was cut: what stands before is read.
 * @throws UserError when there is no header, or its end says nothing
 */
export function readRecord(path: string, problem: (message: string) => void): RunRecord {
  const { values, cut } = wholeLines(readFileSync(path, "utf8"));
  if (cut !== undefined) problem(`${path}: line ${cut} is not whole; the ${cut - 1} before it are used`);
  const [first, ...rest] = values;
  if (!isHeader(first)) throw new UserError("this is not a record: its first line is no header", { where: path });
  const steps: StepRecord[] = [];
  const validations: ValidationLine["validation"][] = [];
  let footer: RecordFooter | undefined;
  for (const value of rest) {
    if ("footer" in value) footer = checkedFooter(value.footer, path);
    else if ("validation" in value) validations.push((value as ValidationLine).validation);
    else steps.push(value as StepRecord);
  }
  return { path, header: first.header, steps, validations, footer };
}

function checkedFooter(value: unknown, path: string): RecordFooter {
  const { ending, validationNats, bitsPerByte, wallSeconds } = (value ?? {}) as Partial<RecordFooter>;
  const reached = [validationNats, bitsPerByte].every((figure) =>
    ending === "done" ? Number.isFinite(figure) : figure === null || Number.isFinite(figure),
  );
  if (!["done", "diverged"].includes(ending ?? "") || !reached || !Number.isFinite(wallSeconds)) {
    throw new UserError("the record's last line does not say what was reached", { where: path });
  }
  return value as RecordFooter;
}

/** A line of a record, parsed. */
export type Line = Readonly<Record<string, unknown>>;

/** The values of all lines before the first that is not an object of JSON, and the number of that one. */
export function wholeLines(text: string): { readonly values: readonly Line[]; readonly cut?: number } {
  const values: Line[] = [];
  const lines = text.split("\n");
  for (const [i, one] of lines.entries()) {
    if (one === "" && i === lines.length - 1) break;
    try {
      // A line without its end may be the beginning of a longer one, even if it happens to be JSON.
      if (i === lines.length - 1) throw new SyntaxError();
      values.push(objectOf(JSON.parse(one)));
    } catch {
      return { values, cut: i + 1 };
    }
  }
  return { values };
}

function objectOf(value: unknown): Line {
  if (typeof value !== "object" || value === null) throw new SyntaxError();
  return value as Line;
}

/** Whether a line is the first of a record. */
export function isHeader(value: unknown): value is { readonly header: WrittenHeader } {
  const header = (value as { readonly header?: unknown } | undefined)?.header;
  return typeof header === "object" && header !== null && "spec" in header;
}

/** What is at hand now. */
export function circumstances(): Circumstances {
  return {
    commit: commit(),
    node: process.version,
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), memoryBytes: totalmem() },
  };
}

/** The commit, and whether the kit differs from it. */
function commit(): string | undefined {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: projectRoot(), encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "kit") !== "";
    return `${git("rev-parse", "HEAD")}${changed ? ", changed" : ""}`;
  } catch {
    return undefined; // a copy without git history can still run
  }
}
