/** Runs from parsed JSON: every field is checked, and nothing else may stand there. */
import type { ExecutionBackend, MatmulPrecision } from "../engine/index.js";
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
  text,
  variants,
  whole,
} from "../model/reading.js";
import { recipeReader } from "../surgery/index.js";
import type { CorpusSpec, LengthStage, TokenizerSpec } from "../text/index.js";
import type { DistillationSpec, PartSpec, RateFactors, ScheduleSpec } from "../train/index.js";
import { mixtureFields } from "./readMixture.js";
import { budgetOf, type MixtureCorpus, type Run, type RunSpec, type StartSpec } from "./spec.js";

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

const { sources, template } = mixtureFields;

const corpus: Reader<RunSpec["data"]["corpus"]> = variants<RunSpec["data"]["corpus"]>({
  mixture: fields<Omit<MixtureCorpus, "kind">>({ sources, template }),
  "tinystories-13k": fields<object>({}),
  "toy-stories": fields<Of<CorpusSpec, "toy-stories">>({ seed: whole(0), count: whole() }),
});

const tokenizers = {
  bpe: fields<Of<TokenizerSpec, "bpe">>({ vocab: whole(), stories: optional(whole()) }),
  "gpt2-frequent": fields<Of<TokenizerSpec, "gpt2-frequent">>({ vocab: whole(), stories: optional(whole()) }),
};

/** Paths are patterns, not names. */
const pattern: Reader<string> = (value, place) => {
  name(typeof value === "string" ? value.replaceAll("*", "a") : value, place);
  return value as string;
};

const runTokenizer: Reader<RunSpec["data"]["tokenizer"]> = variants<RunSpec["data"]["tokenizer"]>({
  ...tokenizers,
  pretrained: fields<{ readonly vocab: number }>({ vocab: whole() }),
});

const part: Reader<PartSpec> = variants<PartSpec>({
  all: fields<object>({}),
  new: fields<object>({}),
  norms: fields<object>({}),
  last: fields<Of<PartSpec, "last">>({ layers: whole() }),
  scales: fields<object>({}),
  lora: fields<Of<PartSpec, "lora">>({ rank: whole(), alpha: optional(positive), seed: optional(whole(0)) }),
  paths: fields<Of<PartSpec, "paths">>({ paths: list(pattern) }),
});

const start: Reader<StartSpec> = variants<StartSpec>({
  kit: fields<object>({}),
  teeny: fields<object>({}),
  pretrained: fields<Of<StartSpec, "pretrained">>({
    source: text,
    merge: optional(text),
    recipe: optional(recipeReader),
    base: optional(text),
  }),
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
    part: optional(part),
    roundingTokens: optional(whole()),
    distillation: optional(
      fields<DistillationSpec>({ temperature: optional(positive), weight: optional(share), hidden: optional(factor) }),
    ),
    allowLeak: optional(oneOf(true)),
  }),
  { field: "stages", expected: "at least one stage", holds: ({ stages }) => stages.length > 0 },
  {
    field: "batchTokens",
    expected: "a multiple of every stage's length",
    holds: ({ batchTokens, stages }) => stages.every(({ length }) => batchTokens % length === 0),
  },
  {
    field: "roundingTokens",
    expected: "at most the tokens of all stages: the model is judged and saved with all of the rounding",
    holds: ({ roundingTokens = 0, stages }) => roundingTokens <= budgetOf({ training: { stages } }),
  },
);

/** Reads a specification. */
export const specReader: Reader<RunSpec> = lawful(
  fields<RunSpec>({
    version: oneOf(1),
    model: configReader,
    initial: start,
    data: fields<RunSpec["data"]>({
      corpus,
      validation: share,
      tokenizer: runTokenizer,
      joinTo: optional(whole()),
      documents: optional(oneOf("apart")),
    }),
    training,
    execution: fields<RunSpec["execution"]>({
      backend: oneOf<ExecutionBackend>("xla", "graph", "eager"),
      threads: whole(),
      matmul: oneOf<MatmulPrecision>("float32", "bf16"),
    }),
  }),
  {
    field: "training",
    expected: "no roundingTokens where no weights are rounded",
    holds: ({ training, model }) => training.roundingTokens === undefined || model.linear.kind === "ternary",
  },
  {
    field: "data",
    expected: "a tokenizer of as many tokens as the model's vocabulary",
    holds: ({ data, model }) => data.tokenizer.vocab === model.vocab,
  },
  {
    field: "data",
    expected: "a pretrained tokenizer for a mixture, whose documents are judged by themselves",
    holds: ({ data }) =>
      data.corpus.kind !== "mixture" || (data.tokenizer.kind === "pretrained" && data.joinTo === undefined),
  },
);

const runReader: Reader<Run> = fields<Run>({ study: name, arm: name, seed: whole(0), spec: specReader });
