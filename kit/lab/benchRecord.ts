/** What benches measured, kept so that tables and claims can be derived from it: `results/benches/<name>.json`. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fields, list, positive, type Reader, text, whole } from "../model/reading.js";
import { makeFolder, writeAtomically } from "../source/files.js";
import { projectRoot } from "../source/index.js";
import { parsedFile } from "./jsonFile.js";

/** One measured quantity of one contestant. */
export type BenchFigure = {
  readonly model: string;
  /** With its unit, such as `ms a prompt`. */
  readonly measure: string;
  /** Where it was measured: tokens of a prompt, a position. */
  readonly at: number;
  readonly median: number;
  /** The extremes, or the ends of the interval that the measure names. */
  readonly min: number;
  readonly max: number;
};

/** What one call of a bench measured. */
export type BenchRecord = {
  readonly bench: string;
  /** Processor, memory, versions. */
  readonly machine: string;
  /** How often each contestant had its turn. */
  readonly rounds: number;
  readonly figures: readonly BenchFigure[];
};

const reader: Reader<BenchRecord> = fields<BenchRecord>({
  bench: text,
  machine: text,
  rounds: whole(),
  figures: list(
    fields<BenchFigure>({ model: text, measure: text, at: whole(0), median: positive, min: positive, max: positive }),
  ),
});

/** Where benches keep their records. */
export function benchesFolder(): string {
  return join(projectRoot(), "results", "benches");
}

/** @returns the path of the record, which is replaced if there was one */
export async function writeBench(record: BenchRecord, folder: string = benchesFolder()): Promise<string> {
  const path = join(folder, `${record.bench}.json`);
  await makeFolder(folder);
  await writeAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(record, null, 1)}\n`));
  return path;
}

/**
 * What benches measured when they were last recorded, in the order of their names; none in a project without records.
 *
 * @throws UserError when a file holds something else
 */
export function readBenches(folder: string = benchesFolder()): readonly BenchRecord[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const where = join(folder, file);
      const again = `npm run bench -- ${basename(file, ".json")} --record makes it anew`;
      return reader(parsedFile(where, again), { field: "", where });
    });
}

/** A figure of a bench. */
export function benchFigure(record: BenchRecord, model: string, measure: string, at: number): BenchFigure | undefined {
  return record.figures.find((one) => one.model === model && one.measure === measure && one.at === at);
}

/** The median of a figure of a bench. */
export function benchMedian(...of: Parameters<typeof benchFigure>): number | undefined {
  return benchFigure(...of)?.median;
}
