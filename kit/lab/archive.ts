/** All records there are, and which of them belong to a study. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { healingStudy } from "./heal.js";
import { type RunRecord, readRecord, recordsFolder } from "./record.js";
import { type Run, type RunSpec, specHash } from "./spec.js";
import { armRuns, pilotRuns, type Study } from "./study.js";

/** Of the specifications that can be read. */
const specVersion: RunSpec["version"] = 1;

/** The end of a record's path: its seed and the hash of its specification. */
const recordName = /seed-(\d+)\.([0-9a-f]{8})\.jsonl$/;

/** Records by specification and seed. A run that two studies call for is made once, under the first that asked. */
export class Archive {
  private readonly byName = new Map<string, string>();
  private readonly read = new Map<string, RunRecord | undefined>();

  /** @param root folder of the records; @param problem told of those that cannot be read, which then count as missing */
  constructor(
    readonly root: string = recordsFolder(),
    private readonly problem: (message: string) => void = console.warn,
  ) {
    for (const path of paths(root)) {
      const match = recordName.exec(path);
      if (match !== null) this.byName.set(`${match[1]} ${match[2]}`, path);
    }
  }

  /** All that can be read, in the order of their paths; those that are not finished have no footer. */
  records(): readonly RunRecord[] {
    return [...this.byName.values()].sort().flatMap((path) => this.record(path) ?? []);
  }

  /** The finished record of a run, or nothing. */
  find({ seed, spec }: Pick<Run, "seed" | "spec">): RunRecord | undefined {
    const path = this.byName.get(`${seed} ${specHash(spec)}`);
    if (path === undefined) return undefined;
    const record = this.record(path);
    return record?.footer === undefined ? undefined : record;
  }

  /**
   * Records of runs that no run of these studies calls for any more: their specifications have changed. What is not the record of a specification is left out, such as that of the sample model; so are healings that
   * belong to no study.
   */
  unclaimed(studies: readonly Study[]): readonly string[] {
    const wanted = new Set(
      studies.flatMap((study) =>
        Object.keys(study.arms).flatMap((arm) => {
          const { rate } = learningRate(study, arm, this);
          const full = rate === undefined ? [] : armRuns(study, arm, rate);
          return [...pilotRuns(study, arm), ...full].map(({ seed, spec }) => `${seed} ${specHash(spec)}`);
        }),
      ),
    );
    return [...this.byName]
      .filter(([name, path]) => !wanted.has(name) && isOfStudy(this.record(path)))
      .map(([, path]) => path);
  }

  private record(path: string): RunRecord | undefined {
    if (!this.read.has(path)) this.read.set(path, this.open(path));
    return this.read.get(path);
  }

  private open(path: string): RunRecord | undefined {
    try {
      const record = readRecord(path, this.problem);
      const [, seed, hash] = recordName.exec(path)!;
      for (const [what, same] of [
        ["specification", specHash(record.header.spec) === hash],
        ["seed", String(record.header.seed) === seed],
      ] as const) {
        if (!same) throw new UserError(`its ${what} is not the one its name says`, { where: path });
      }
      const { version = specVersion } = record.header.spec as { readonly version?: unknown };
      if (version !== specVersion) {
        throw new UserError(`the record's specification is of version ${version}`, {
          where: path,
          expected: `version ${specVersion}`,
        });
      }
      if (record.footer === undefined) this.problem(`${path}: the record has no end`);
      return record;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.problem(error.message);
      return undefined;
    }
  }
}

function paths(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".jsonl"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function isOfStudy(record: RunRecord | undefined): boolean {
  if (record === undefined || record.header.study === healingStudy) return false;
  const { spec } = record.header;
  return typeof spec === "object" && spec !== null && "version" in spec;
}

/** The learning rate of an arm's runs, and what its pilot says. */
export type ArmRate = {
  /** Absent when it is not known yet, or never will be. */
  readonly rate?: number;
  /** Whether the study has a pilot, and whether all of its runs are there; `diverged` if all are and none ended well. */
  readonly pilot: "none" | "incomplete" | "complete" | "diverged";
};

/**
 * The learning rate of an arm's runs: its specification's, or the one whose short run had the lowest validation loss. Where a
 * record of the pilot is missing, it is the one of the records that the arm has, if they are all of one.
 */
export function learningRate(study: Study, arm: string, archive: Archive): ArmRate {
  const runs = pilotRuns(study, arm);
  if (runs.length === 0) return { rate: study.arms[arm].spec.training.learningRate, pilot: "none" };
  const records = runs.map((run) => archive.find(run));
  const rates = runs.map(({ spec }) => spec.training.learningRate);
  if (records.some((record) => record === undefined)) {
    const used = rates.filter((rate) => armRuns(study, arm, rate).some((run) => archive.find(run) !== undefined));
    return { rate: used.length === 1 ? used[0] : undefined, pilot: "incomplete" };
  }
  const losses = records.map((record) => record?.footer?.validationNats ?? Number.POSITIVE_INFINITY);
  const best = Math.min(...losses);
  if (best === Number.POSITIVE_INFINITY) return { pilot: "diverged" };
  return { rate: rates[losses.indexOf(best)], pilot: "complete" };
}
