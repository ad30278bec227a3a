import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { projectRoot } from "../source/index.js";
import type { StepRecord } from "../train/index.js";

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
  /** What the step ran on; a resumed run uses the same. */
  readonly backend: string;
};

/** How a run ended, and what it reached. */
export type RecordFooter = {
  readonly ending: "done" | "diverged" | "stopped";
  readonly validationNats: number;
  readonly bitsPerByte: number;
  readonly wallSeconds: number;
};

/** The first eight digits of a specification's sha256; they are part of the record's file name. */
export function specHash(spec: unknown): string {
  return createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 8);
}

/** Where the record of a run lies: `results/runs/<study>/<arm>/seed-<n>.<hash>.jsonl`. */
export function recordPath({ study, arm, seed, spec }: Pick<RecordHeader, "study" | "arm" | "seed" | "spec">): string {
  return join(projectRoot(), "results", "runs", study, arm, `seed-${seed}.${specHash(spec)}.jsonl`);
}

/** A record that is being written: one JSON value a line, appended, never edited. */
export class RunRecord {
  private readonly partial: string;

  /**
   * @param header Written as the first line, with the versions and the machine.
   * @throws UserError when the record exists: a run is written once.
   */
  constructor(
    header: RecordHeader,
    private readonly path: string = recordPath(header),
  ) {
    if (existsSync(path)) {
      throw new UserError("the record of this run exists", { where: path, fix: "Delete it to run again" });
    }
    this.partial = `${path}.part`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(this.partial, `${JSON.stringify({ header: { ...header, ...circumstances() } })}\n`);
  }

  append(step: StepRecord): void {
    appendFileSync(this.partial, `${JSON.stringify(step)}\n`);
  }

  /** Writes the last line; the record takes its final name. */
  close(footer: RecordFooter): void {
    appendFileSync(this.partial, `${JSON.stringify({ footer })}\n`);
    renameSync(this.partial, this.path);
  }
}

/** What was at hand when the run began. */
function circumstances(): Record<string, unknown> {
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
