/** Records as data frames, for questions nobody has written a table for. */
import { createRequire } from "node:module";
import type { DataFrame } from "danfojs-node";
import { prepareTensorFlow } from "../engine/index.js";
import type { RunRecord } from "./record.js";
import { type RunSpec, specHash } from "./spec.js";
import { mean, median, standardDeviation } from "./statistics.js";

export type { DataFrame };

/** A cell: what is missing is `NaN` or the empty word, because danfojs takes `null` for zero in a group's mean. */
type Cell = number | string;
type Row = Readonly<Record<string, Cell>>;

/**
 * A data frame with a row for each record: which run it was, what it was given, what it reached; a column
 * `measures.<name>` for each figure that any of them has.
 *
 * Figures of runs that diverged are `NaN`, and danfojs' own `describe` and the means of its groups become `NaN` with them:
 * leave such records out, or take {@link describeFrame}.
 *
 * ```ts
 * const runs = await lab.frame(new lab.Archive().records().filter(lab.endedWell));
 * runs.groupby(["study", "arm"]).col(["bitsPerByte"]).mean().print();
 * ```
 *
 * @param records such as {@link Archive.records} gives
 */
export async function frame(records: readonly RunRecord[]): Promise<DataFrame> {
  const names = new Set(records.flatMap(({ footer }) => Object.keys(footer?.measures ?? {})));
  return framed(
    runColumns,
    records.map((record) => ({
      ...runRow(record),
      ...Object.fromEntries(
        [...names].sort().map((name) => [`measures.${name}`, record.footer?.measures?.[name] ?? Number.NaN]),
      ),
    })),
  );
}

/** A data frame with a row for each recorded step: the curves of all records, one below the other. */
export async function stepsFrame(records: readonly RunRecord[]): Promise<DataFrame> {
  return framed(
    stepColumns,
    records.flatMap(({ header: { study, arm, seed, spec }, steps }) => {
      const run = { study, arm, seed, spec: specHash(spec) };
      return steps.map((step): Row => {
        const { tokens, lossNats, learningRate, gradNorm, stepMs } = step;
        return { ...run, step: step.step, tokens, lossNats, learningRate, gradNorm, stepMs };
      });
    }),
  );
}

const stepColumns = [
  "study",
  "arm",
  "seed",
  "spec",
  "step",
  "tokens",
  "lossNats",
  "learningRate",
  "gradNorm",
  "stepMs",
];

const runColumns = [
  "study",
  "arm",
  "seed",
  "spec",
  "ending",
  "parameters",
  "tokens",
  "learningRate",
  "validationNats",
  "bitsPerByte",
  "wallSeconds",
  "flopsPerToken",
  "backend",
  "commit",
];

function runRow({ header, steps, footer }: RunRecord): Row {
  const { study, arm, seed, spec, parameters, flopsPerToken, backend, commit } = header;
  const { training } = spec as Partial<RunSpec>;
  return {
    study,
    arm,
    seed,
    spec: specHash(spec),
    ending: footer?.ending ?? "",
    parameters,
    tokens: steps.at(-1)?.tokens ?? Number.NaN,
    learningRate: training?.learningRate ?? Number.NaN,
    validationNats: footer?.validationNats ?? Number.NaN,
    bitsPerByte: footer?.bitsPerByte ?? Number.NaN,
    wallSeconds: footer?.wallSeconds ?? Number.NaN,
    flopsPerToken,
    backend,
    commit: commit ?? "",
  };
}

/**
 * What a frame's columns of numbers hold: how many are known, their mean, standard deviation, lowest, median and highest.
 * What is not finite counts as missing; a column of nothing else has `NaN` in place of figures.
 */
export async function describeFrame(frame: DataFrame): Promise<DataFrame> {
  const columns: readonly string[] = frame.columns;
  const numbers = columns.filter((_, i) => frame.dtypes[i] !== "string" && frame.dtypes[i] !== "boolean");
  const rows = numbers.map((column): Row => {
    const known = (frame.column(column).values as readonly unknown[])
      .filter((value): value is number => Number.isFinite(value))
      .sort((a, b) => a - b);
    return {
      column,
      count: known.length,
      mean: mean(known) ?? Number.NaN,
      sd: standardDeviation(known) ?? Number.NaN,
      min: known[0] ?? Number.NaN,
      median: median(known) ?? Number.NaN,
      max: known.at(-1) ?? Number.NaN,
    };
  });
  return framed(["column", "count", "mean", "sd", "min", "median", "max"], rows);
}

/** Rows of one kind as a frame; the columns named stand first, and are there without rows too. */
function framed(columns: readonly string[], rows: readonly Row[]): DataFrame {
  const all = [...new Set([...columns, ...rows.flatMap(Object.keys)])];
  const { DataFrame } = danfojs();
  return new DataFrame(
    rows.map((row) => all.map((column) => row[column])),
    { columns: all },
  );
}

/** danfojs takes a second to load, and TensorFlow with it only where its frames compute with tensors. */
function danfojs(): typeof import("danfojs-node") {
  prepareTensorFlow();
  return createRequire(import.meta.url)("danfojs-node");
}
