/** What the studies on TinyStories have in common: data, budget, schedule. An arm names only what it changes. */
import { heldOutShare, type RunSpec } from "../lab/index.js";
import { type ModelConfig, teenyS } from "../model/index.js";
import type { RateFactors } from "../train/index.js";

/** The learning rates an arm chooses from, by short runs. */
export const pilot = { learningRates: [1e-3, 2e-3, 4e-3], tokens: 200_000, seed: 0 } as const;

export const million = 1_000_000;

/** Written out, since a specification names the record of its run: gains, rates and biases of these models do not decay. */
const undecayed: readonly RateFactors[] = ["**gain", "**Gain", "**aLog", "**dtBias"].map((paths) => ({
  paths,
  weightDecay: 0,
}));

/**
 * A run of a model for a number of tokens, on one thread: two runs side by side do more in an hour than one on two threads.
 * Products of the training steps take bfloat16 operands, as the field trains such models; losses are judged in float32.
 */
export function teenyRun(model: ModelConfig = teenyS, tokens: number = million): RunSpec {
  return {
    version: 1,
    model,
    initial: { kind: "kit" },
    data: {
      corpus: { kind: "tinystories-13k" },
      validation: heldOutShare,
      tokenizer: { kind: "bpe", vocab: model.vocab },
    },
    training: {
      batchTokens: 2048,
      stages: [{ length: 256, tokens }],
      accumulate: 1,
      learningRate: 4e-3,
      schedule: { kind: "cosine", warmupTokens: tokens / 20, floor: 0.1 },
      weightDecay: 0.1,
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      clip: 1,
      factors: undecayed,
    },
    execution: { backend: "xla", threads: 1, matmul: "bf16" },
  };
}

/** The same run with every product of its steps in float32. */
export function exactly(spec: RunSpec): RunSpec {
  return { ...spec, execution: { ...spec.execution, matmul: "float32" } };
}

/** The same run with other fields of its training. */
export function trainedWith(spec: RunSpec, training: Partial<RunSpec["training"]>): RunSpec {
  return { ...spec, training: { ...spec.training, ...training } };
}
