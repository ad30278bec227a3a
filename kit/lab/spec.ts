/** What a run is, as plain JSON: everything that decides its numbers. */
import { createHash } from "node:crypto";
import type { ExecutionBackend, MatmulPrecision } from "../engine/index.js";
import type { InitialSpec, ModelConfig } from "../model/index.js";
import type { Recipe } from "../surgery/index.js";
import type { CorpusSpec, LengthStage, MixtureSpec, TokenizerSpec } from "../text/index.js";
import type { DistillationSpec, PartSpec, RateFactors, ScheduleSpec } from "../train/index.js";

/** A trained model that a run goes on from. */
export type PretrainedSpec = {
  readonly kind: "pretrained";
  /** A name the kit knows, a hub id or a path; of a merge, what its result is called. */
  readonly source: string;
  /** A mergekit configuration as it is written: the run begins with its result. */
  readonly merge?: string;
  /** What is done to it first. Default: nothing. */
  readonly recipe?: Recipe;
  /** The model it was made from, where that happened before: the teacher. Default: the source, as it was before the recipe. */
  readonly base?: string;
};

/** Sources with weights, read as the pretrained model's tokenizer and chat template have them. */
export type MixtureCorpus = { readonly kind: "mixture" } & Omit<MixtureSpec, "validation">;

/** How the weights of a run begin: drawn, or trained before. */
export type StartSpec = InitialSpec | PretrainedSpec;

/** Share of documents that runs hold out where nothing else is said: measurements judge models by the same ones. */
export const heldOutShare = 0.02;

/**
 * A run without its seed. Two runs of one specification and one seed give the same losses and weights to the last bit, on
 * machines whose processors have the same vector instructions.
 */
export type RunSpec = {
  /** Of this format. A record of another version is reported, not read. */
  readonly version: 1;
  readonly model: ModelConfig;
  readonly initial: StartSpec;
  readonly data: {
    readonly corpus: CorpusSpec | MixtureCorpus;
    /** Share of documents held out, chosen by a hash of their text. */
    readonly validation: number;
    /** A pretrained model brings its own. */
    readonly tokenizer: TokenizerSpec | { readonly kind: "pretrained"; readonly vocab: number };
    /** Documents of a row see nothing of each other in training; absent: a row is one text. */
    readonly documents?: "apart";
    /** Judges by position over held-out documents joined to this many ids, in place of the documents by themselves. */
    readonly joinTo?: number;
  };
  readonly training: {
    /** Ids in a batch, `B·T`, the same in every stage. */
    readonly batchTokens: number;
    /** Lengths of the sequences, and tokens of each; their sum is the budget. */
    readonly stages: readonly LengthStage[];
    /** Batches whose gradients make one step. */
    readonly accumulate: number;
    readonly learningRate: number;
    readonly schedule: ScheduleSpec;
    readonly weightDecay: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly clip: number;
    /** Factors of the rates by path. */
    readonly factors: readonly RateFactors[];
    /** Tokens between validations in the course of the run; absent: only at the end. */
    readonly validateEvery?: number;
    /** The weights that are trained; default all. `new` are those the recipe put in. */
    readonly part?: PartSpec;
    /** Tokens over which the rounding of ternary weights sets in, from none to all; absent: all from the first step. */
    readonly roundingTokens?: number;
    /** Learns from the pretrained model as well, as it was before its conversion. */
    readonly distillation?: DistillationSpec;
    /** Trains and judges a model that sees the future; its figures are comparable with none. */
    readonly allowLeak?: true;
  };
  readonly execution: {
    /** Backend and threads change the last bits. */
    readonly backend: ExecutionBackend;
    readonly threads: number;
    /** Of the training steps; losses are judged in float32. */
    readonly matmul: MatmulPrecision;
  };
};

/** A run: a specification, a seed, and the place its record has in a study. */
export type Run = {
  readonly study: string;
  readonly arm: string;
  readonly seed: number;
  readonly spec: RunSpec;
};

/** Tokens of all stages. */
export function budgetOf({ training }: { readonly training: Pick<RunSpec["training"], "stages"> }): number {
  return training.stages.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** Steps of a run: the last one may go beyond the budget. */
export function stepsOf(spec: RunSpec): number {
  return Math.ceil(budgetOf(spec) / (spec.training.batchTokens * spec.training.accumulate));
}

/**
 * The same run with another budget: stages, the lengths of the schedule and the onset of rounding keep their shares.
 *
 * @param tokens of all stages together
 */
export function withBudget(spec: RunSpec, tokens: number): RunSpec {
  const ratio = tokens / budgetOf(spec);
  const { stages, schedule, roundingTokens } = spec.training;
  const scaled = stages.map((stage) => ({ ...stage, tokens: Math.round(stage.tokens * ratio) }));
  const rest = tokens - scaled.slice(0, -1).reduce((sum, stage) => sum + stage.tokens, 0);
  const exact = [...scaled.slice(0, -1), { ...scaled[scaled.length - 1], tokens: rest }];
  const shorter: ScheduleSpec = {
    ...schedule,
    warmupTokens: Math.round(schedule.warmupTokens * ratio),
    ...(schedule.kind === "warmupStableDecay" ? { decayTokens: Math.round(schedule.decayTokens * ratio) } : {}),
  };
  const rounding = roundingTokens === undefined ? {} : { roundingTokens: Math.round(roundingTokens * ratio) };
  return { ...spec, training: { ...spec.training, stages: exact, schedule: shorter, ...rounding } };
}

/** The same run with another peak of the learning rate. */
export function withLearningRate(spec: RunSpec, learningRate: number): RunSpec {
  return { ...spec, training: { ...spec.training, learningRate } };
}

/**
 * The first eight digits of the sha256 of a specification's canonical JSON, in which the fields of every object stand in
 * alphabetical order; they are part of a record's file name.
 */
export function specHash(spec: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(spec)))
    .digest("hex")
    .slice(0, 8);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sorted(field)]));
}
