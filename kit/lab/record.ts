/** Records of runs: one JSON value a line, written once, never edited. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { projectRoot } from "../source/index.js";
import type { StepRecord } from "../train/index.js";
import { specHash } from "./spec.js";

/** What a run was: everything that decides its numbers, and where they were made. */
export type RecordHeader = {
  readonly study: string;
  readonly arm: string;
  readonly seed: number;
  /** The full resolved specification, plain JSON. */
  readonly spec: unknown;
  readonly dataset: { readonly name: string; readonly sha256: string };
  readonly parameters: number;
  readonly flopsPerToken: number;
  /** What the steps ran on. */
  readonly backend: string;
};

/** What was at hand when numbers were made. */
export type Circumstances = {
  readonly commit?: string;
  readonly node: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryBytes: number };
};

/** A header as it was written: with what was at hand when the run began. */
export type WrittenHeader = RecordHeader & Circumstances & { readonly tensorflow?: string };

/** A validation in the course of a run. */
export type ValidationLine = {
  readonly validation: {
    readonly step: number;
    readonly tokens: number;
    readonly nats: number;
    readonly bitsPerByte: number;
  };
};

/** Mean validation loss of the tokens with `from` to `to − 1` tokens of their document before them. */
export type LossByPosition = {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  readonly natsPerToken: number;
};

/** How a run ended, and what it reached. `null` where it diverged. */
export type RecordFooter = {
  readonly ending: "done" | "diverged" | "stopped";
  readonly validationNats: number | null;
  readonly bitsPerByte: number | null;
  /** sha256 of the parameters as they ended: float32, little-endian, in the order of their paths in the model. */
  readonly weightsSha256?: string;
  /** Over all parts of a run that was resumed. */
  readonly wallSeconds: number;
  readonly byPosition?: readonly LossByPosition[];
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

/** A record while it is written: under its own name with `.part`, until the run ends. */
export class RecordWriter {
  private constructor(
    readonly path: string,
    private readonly partial: string,
  ) {}

  /**
   * Begins a record.
   *
   * @throws UserError when it exists: a run is written once
   */
  static begin(header: RecordHeader, path: string = recordPath(header)): RecordWriter {
    if (existsSync(path)) {
      throw new UserError("the record of this run exists", { where: path, fix: "Delete it to run again" });
    }
    mkdirSync(dirname(path), { recursive: true });
    const writer = new RecordWriter(path, `${path}.part`);
    writeFileSync(writer.partial, line({ header: { ...header, ...circumstances() } }));
    return writer;
  }

  /**
   * Goes on with a record that was interrupted, from a step on: lines of later steps are dropped, for the run takes those
   * steps again. Without a step, as when there was no checkpoint yet, or without a header that can be read, it begins anew.
   */
  static resume(header: RecordHeader, step: number | undefined, path: string = recordPath(header)): RecordWriter {
    const partial = `${path}.part`;
    const kept = existsSync(partial) ? wholeLines(readFileSync(partial, "utf8")).values : [];
    if (step === undefined || existsSync(path) || !isHeader(kept[0])) return RecordWriter.begin(header, path);
    const before = kept.filter((value) => (stepOf(value) ?? 0) <= step);
    const fresh = `${partial}.tmp`;
    writeFileSync(fresh, before.map(line).join(""));
    renameSync(fresh, partial);
    return new RecordWriter(path, partial);
  }

  append(value: StepRecord | ValidationLine): void {
    appendFileSync(this.partial, line(value));
  }

  /** Writes the last line; the record takes its final name. */
  close(footer: RecordFooter): void {
    appendFileSync(this.partial, line({ footer }));
    renameSync(this.partial, this.path);
  }

  /** Removes what was written. */
  discard(): void {
    rmSync(this.partial, { force: true });
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
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
  if (!["done", "diverged", "stopped"].includes(ending ?? "") || !reached || !Number.isFinite(wallSeconds)) {
    throw new UserError("the record's last line does not say what was reached", { where: path });
  }
  return value as RecordFooter;
}

type Line = Readonly<Record<string, unknown>>;

/** The values of all lines before the first that is not an object of JSON, and the number of that one. */
function wholeLines(text: string): { readonly values: readonly Line[]; readonly cut?: number } {
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

function isHeader(value: unknown): value is { readonly header: WrittenHeader } {
  const header = (value as { readonly header?: unknown } | undefined)?.header;
  return typeof header === "object" && header !== null && "spec" in header;
}

function stepOf(value: Line): number | undefined {
  if ("step" in value) return value.step as number;
  return "validation" in value ? (value as ValidationLine).validation.step : undefined;
}

/** What is at hand now. */
export function circumstances(): Circumstances {
  return {
    commit: commit(),
    node: process.version,
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), memoryBytes: totalmem() },
  };
}

function commit(): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: projectRoot(), encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined; // a copy without git history can still run
  }
}
