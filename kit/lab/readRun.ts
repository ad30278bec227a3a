/** Runs from parsed JSON: every field is checked, and nothing else may stand there. */
import type { ExecutionBackend, MatmulPrecision } from "../engine/index.js";
import type { InitialSpec } from "../model/index.js";
import { configReader } from "../model/readConfig.js";
import {
  between,
  fields,
  lawful,
  list,
  name,
  oneOf,
  optional,
  positive,
  type Reader,
  variants,
  whole,
} from "../model/reading.js";
import type { CorpusSpec, LengthStage, TokenizerSpec } from "../text/index.js";
import type { RateFactors, ScheduleSpec } from "../train/index.js";
import type { Run, RunSpec } from "./spec.js";

/**
 * Reads a run that was written as JSON.
 *
 * @param where what it was read from, for messages
 * @throws UserError that names the first field that is missing, unknown or wrong
 */
export function readRun(json: unknown, where?: string): Run {
  return runReader(json, { field: "", where });
}

type Of<Union extends { readonly kind: string }, Kind extends Union["kind"]> = Omit<
  Extract<Union, { readonly kind: Kind }>,
  "kind"
>;

const share: Reader<number> = between(0, 1);
const factor: Reader<number> = between(0, 1e6);

const corpus: Reader<CorpusSpec> = variants<CorpusSpec>({
  "tinystories-13k": fields<object>({}),
  "toy-stories": fields<Of<CorpusSpec, "toy-stories">>({ seed: whole(0), count: whole() }),
});

const tokenizer: Reader<TokenizerSpec> = variants<TokenizerSpec>({
  bpe: fields<Of<TokenizerSpec, "bpe">>({ vocab: whole(), stories: optional(whole()) }),
  "gpt2-frequent": fields<Of<TokenizerSpec, "gpt2-frequent">>({ vocab: whole(), stories: optional(whole()) }),
});

const warmupTokens = whole(0);

const schedule: Reader<ScheduleSpec> = variants<ScheduleSpec>({
  constant: fields<Of<ScheduleSpec, "constant">>({ warmupTokens }),
  cosine: fields<Of<ScheduleSpec, "cosine">>({ warmupTokens, floor: share }),
  linear: fields<Of<ScheduleSpec, "linear">>({ warmupTokens, floor: share }),
  warmupStableDecay: fields<Of<ScheduleSpec, "warmupStableDecay">>({
    warmupTokens,
    decayTokens: whole(),
    floor: share,
  }),
  twoStage: fields<Of<ScheduleSpec, "twoStage">>({
    warmupTokens,
    switchAt: share,
    firstEnd: share,
    secondStart: share,
    floor: share,
  }),
});

/** Paths are patterns, not names. */
const pattern: Reader<string> = (value, place) => {
  name(typeof value === "string" ? value.replaceAll("*", "a") : value, place);
  return value as string;
};

const training: Reader<RunSpec["training"]> = lawful(
  fields<RunSpec["training"]>({
    batchTokens: whole(),
    stages: list(fields<LengthStage>({ length: whole(), tokens: whole() })),
    accumulate: whole(),
    learningRate: positive,
    schedule,
    weightDecay: factor,
    beta1: share,
    beta2: share,
    eps: positive,
    clip: positive,
    factors: list(
      fields<RateFactors>({ paths: pattern, learningRate: optional(factor), weightDecay: optional(factor) }),
    ),
    validateEvery: optional(whole()),
    allowLeak: optional(oneOf(true)),
  }),
  { field: "stages", expected: "at least one stage", holds: ({ stages }) => stages.length > 0 },
  {
    field: "batchTokens",
    expected: "a multiple of every stage's length",
    holds: ({ batchTokens, stages }) => stages.every(({ length }) => batchTokens % length === 0),
  },
);

const spec: Reader<RunSpec> = lawful(
  fields<RunSpec>({
    version: oneOf(1),
    model: configReader,
    initial: variants<InitialSpec>({ kit: fields<object>({}), teeny: fields<object>({}) }),
    data: fields<RunSpec["data"]>({ corpus, validation: share, tokenizer, joinTo: optional(whole()) }),
    training,
    execution: fields<RunSpec["execution"]>({
      backend: oneOf<ExecutionBackend>("xla", "graph", "eager"),
      threads: whole(),
      matmul: oneOf<MatmulPrecision>("float32", "bf16"),
    }),
  }),
  {
    field: "data",
    expected: "a tokenizer of as many tokens as the model's vocabulary",
    holds: ({ data, model }) => data.tokenizer.vocab === model.vocab,
  },
);

const runReader: Reader<Run> = fields<Run>({ study: name, arm: name, seed: whole(0), spec });
