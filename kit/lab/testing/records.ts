/** Small studies, and records of runs that nobody carried out: with whatever a test wants them to have reached. */
import { cpSync } from "node:fs";
import { expect } from "vitest";
import { deltaNet } from "../../model/index.js";
import { temporaryFolder as folder } from "../../source/testing/folder.js";
import {
  Archive,
  type Arm,
  armRuns,
  armTable,
  budgetOf,
  type RecordFooter,
  RecordWriter,
  type Run,
  type RunSpec,
  recordPath,
  type Study,
  type StudyResult,
  stepsOf,
  studyResult,
} from "../index.js";

/** A model of 7,228 parameters that is never trained here. */
export const smallSpec: RunSpec = {
  version: 1,
  model: deltaNet({ vocab: 300, width: 16, depth: 1, hidden: 24, context: 64, heads: 2, keyDim: 4, valueDim: 8 }),
  initial: { kind: "kit" },
  data: {
    corpus: { kind: "toy-stories", seed: 0, count: 40 },
    validation: 0.2,
    tokenizer: { kind: "bpe", vocab: 300 },
  },
  training: {
    batchTokens: 128,
    stages: [{ length: 64, tokens: 2560 }],
    accumulate: 1,
    learningRate: 0.01,
    schedule: { kind: "cosine", warmupTokens: 256, floor: 0.1 },
    weightDecay: 0.1,
    beta1: 0.9,
    beta2: 0.95,
    eps: 1e-8,
    clip: 1,
    factors: [],
  },
  execution: { backend: "graph", threads: 1, matmul: "float32" },
};

/** An arm that differs from others in its weight decay. */
export function armOf(weightDecay: number, rest: Omit<Arm, "spec"> = {}): Arm {
  return { spec: { ...smallSpec, training: { ...smallSpec.training, weightDecay } }, ...rest };
}

/** Three arms, three seeds. */
export const smallStudy: Study = {
  name: "decay",
  title: "Weight decay",
  question: "Does weight decay help?",
  arms: { none: armOf(0, { label: "none" }), some: armOf(0.1, { label: "0.1" }), much: armOf(1, { label: "1.0" }) },
  baseline: "none",
  seeds: [0, 1, 2],
};

/** What a run reached. */
export type Reached = Partial<RecordFooter> & { readonly bitsPerByte: number | null };

/** Writes a run's record: losses that fall from `ln 300` to its last, in ten lines, and the footer. */
export function writeRecord(run: Run, root: string, reached: Reached): string {
  const path = recordPath(run, root);
  const record = RecordWriter.begin(
    {
      ...run,
      dataset: { name: "toy-stories", sha256: "0".repeat(64) },
      parameters: 7228,
      flopsPerToken: 43_368,
      backend: "graph, 1 thread, float32 products",
    },
    path,
  );
  const nats = reached.bitsPerByte === null ? null : reached.bitsPerByte * 2;
  const steps = stepsOf(run.spec);
  for (let line = 1; line <= 10; line++) {
    const step = Math.ceil((steps * line) / 10);
    const tokens = (budgetOf(run.spec) * step) / steps;
    const lossNats = Math.log(300) + ((nats ?? 9) - Math.log(300)) * (line / 10);
    record.append({ step, tokens, lossNats, learningRate: run.spec.training.learningRate, gradNorm: 1, stepMs: 625 });
  }
  const ending = reached.bitsPerByte === null ? "diverged" : "done";
  record.close({ ending, validationNats: nats, wallSeconds: 12.5, ...reached });
  return path;
}

export { folder };

/** Bits per byte of the small study's runs, by arm and seed. */
export const reached: Readonly<Record<string, readonly number[]>> = {
  none: [2.072, 2.066, 2.091],
  some: [2.031, 2.054, 2.047],
  much: [2.08, 2.061, 2.102],
};

/** All runs of a study without a pilot. */
export const runsOf = (study: Study): readonly Run[] => Object.keys(study.arms).flatMap((arm) => armRuns(study, arm));

let written: string | undefined;

/** Records of every run of the small study: written once, and not to be changed. */
export function allRecords(): string {
  if (written !== undefined) return written;
  written = folder();
  for (const run of runsOf(smallStudy)) writeRecord(run, written, { bitsPerByte: reached[run.arm][run.seed] });
  return written;
}

/** A copy of them. */
export function copiedRecords(): string {
  const root = folder();
  cpSync(allRecords(), root, { recursive: true });
  return root;
}

/** Fails a test in which nothing should be wrong with a record. */
export const unreachable = (message: string): void => expect.unreachable(message);

export const resultOf = (
  root: string,
  study: Study = smallStudy,
  problem: (message: string) => void = unreachable,
): StudyResult => studyResult(study, new Archive(root, problem));

/** Lines of the study's table. */
export const tableOf = (...of: Parameters<typeof resultOf>): readonly string[] => armTable(resultOf(...of)).split("\n");
