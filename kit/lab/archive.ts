/** All records there are, and which of them belong to a study. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../errors.js";
import { type RunRecord, readRecord, recordsFolder } from "./record.js";
import { type Run, specHash } from "./spec.js";
import { armRuns, pilotRuns, type Study } from "./study.js";

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
      const match = /seed-(\d+)\.([0-9a-f]{8})\.jsonl$/.exec(path);
      if (match !== null) this.byName.set(`${match[1]} ${match[2]}`, path);
    }
  }

  /** The finished record of a run, or nothing. */
  find({ seed, spec }: Pick<Run, "seed" | "spec">): RunRecord | undefined {
    const path = this.byName.get(`${seed} ${specHash(spec)}`);
    if (path === undefined) return undefined;
    if (!this.read.has(path)) this.read.set(path, this.open(path));
    const record = this.read.get(path);
    return record?.footer === undefined ? undefined : record;
  }

  /** Records of a study's folder that no run of it calls for any more. */
  stale(study: Study): readonly string[] {
    const wanted = new Set(
      Object.keys(study.arms).flatMap((arm) => {
        const chosen = chosenRate(study, arm, this);
        const full = study.pilot !== undefined && chosen === undefined ? [] : armRuns(study, arm, chosen);
        return [...pilotRuns(study, arm), ...full].map(({ seed, spec }) => `${seed} ${specHash(spec)}`);
      }),
    );
    return [...this.byName]
      .filter(
        ([name, path]) => relative(join(this.root, study.name), path).startsWith("..") === false && !wanted.has(name),
      )
      .map(([, path]) => path);
  }

  private open(path: string): RunRecord | undefined {
    try {
      const record = readRecord(path, this.problem);
      if (specHash(record.header.spec) !== path.slice(-14, -6)) {
        throw new UserError("its specification is not the one its name says", { where: path });
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

/**
 * The learning rate an arm's pilot chose: that of the lowest validation loss.
 *
 * @returns nothing while a run of the pilot is missing, or when the study has none
 * @throws UserError when all of them diverged
 */
export function chosenRate(study: Study, arm: string, archive: Archive): number | undefined {
  const runs = pilotRuns(study, arm);
  const records = runs.map((run) => archive.find(run));
  if (runs.length === 0 || records.some((record) => record === undefined)) return undefined;
  const losses = records.map((record) => record?.footer?.validationNats ?? Number.POSITIVE_INFINITY);
  const best = Math.min(...losses);
  if (best === Number.POSITIVE_INFINITY) {
    throw new UserError(`every learning rate of ${arm} diverged`, {
      where: `study ${study.name}`,
      fix: "Try lower ones",
    });
  }
  return runs[losses.indexOf(best)].spec.training.learningRate;
}
