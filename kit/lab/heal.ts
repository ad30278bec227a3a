/** Runs of healing: a trained model, converted or not, goes on learning. */
import { type ModelConfig, refuseAllLeaks } from "../model/index.js";
import { convertedConfig, planMerge, type Recipe } from "../surgery/index.js";
import { packingAt } from "../text/index.js";
import { type DistillationSpec, type PartSpec, undecayedGains, undecayedLambda } from "../train/index.js";
import { open } from "../weights/index.js";
import { fetching, type Say } from "./fetching.js";
import { isMergeConfig, mergedFolder } from "./merges.js";
import { readRun } from "./readRun.js";
import { heldOutShare, type PretrainedSpec, type Run, type RunSpec } from "./spec.js";

/** The study that records of healing runs belong to when they belong to none. */
export const healingStudy = "heal";

/** What is healed, on what and how. */
export type HealingSpec = {
  /** A name the kit knows, a hub id or a path; for {@link healingRun} also that of a mergekit configuration. */
  readonly source: string;
  /** The text of a mergekit configuration: its result is healed. */
  readonly merge?: string;
  readonly recipe?: Recipe;
  /** The model the source was made from, where it was converted before: what shows its new weights, and teaches it. */
  readonly base?: string;
  readonly corpus: RunSpec["data"]["corpus"];
  /** Share of documents held out. Default {@link heldOutShare}. */
  readonly validation?: number;
  /**
   * Whether documents that share a row are one text. Default `apart`: they see nothing of each other, as where they are judged.
   * A model that reads them joined hardly ever sees one begin, and does not learn to begin one.
   */
  readonly documents?: "apart" | "joined";
  readonly tokens: number;
  /** The weights that are trained. Default: all. */
  readonly part?: PartSpec;
  /** Default: none; the text alone. */
  readonly distillation?: DistillationSpec;
  /** Tokens over which the rounding of a recipe that is ternary sets in. Default: none, all of it from the first step. */
  readonly roundingTokens?: number;
  /** Default 5e-4; for `scales`, which are few and begin at 1, 1e-2. */
  readonly learningRate?: number;
  /** Tokens of a sequence. Default 256, or the model's context where that is shorter. */
  readonly length?: number;
  /** Tokens of a step. Default: of eight sequences. */
  readonly batchTokens?: number;
  /** Tokens between validations. Default: a tenth of all. */
  readonly validateEvery?: number;
  readonly execution?: RunSpec["execution"];
};

/**
 * The specification of a healing run, for a model whose config is known.
 *
 * AdamW with β₂ = 0.95 and decay of matrices, a cosine to a tenth after a twentieth of warm-up, losses of whole held-out
 * documents.
 *
 * @param config of the source
 * @throws UserError when the recipe does not fit it, or a step is not a whole number of sequences
 */
export function healing(config: ModelConfig, options: HealingSpec): RunSpec {
  const { source, merge, recipe, base, corpus, documents = "apart", tokens, part } = options;
  const { roundingTokens, distillation } = options;
  const length = options.length ?? Math.min(256, config.context);
  const { batchTokens = 8 * length } = options;
  const stages = [{ length, tokens }];
  packingAt({ stages, batchTokens, boundary: 0 }, 0);
  const initial: PretrainedSpec = {
    kind: "pretrained",
    source,
    ...(merge === undefined ? {} : { merge }),
    ...(recipe === undefined ? {} : { recipe }),
    ...(base === undefined ? {} : { base }),
  };
  const model = recipe === undefined ? config : convertedConfig(config, recipe);
  const hasLambda = model.layers.some(({ mixer }) => mixer.kind === "differentialV1");
  return {
    version: 1,
    model,
    initial,
    data: {
      corpus,
      validation: options.validation ?? heldOutShare,
      tokenizer: { kind: "pretrained", vocab: config.vocab },
      ...(documents === "joined" ? {} : { documents }),
    },
    training: {
      batchTokens,
      stages,
      accumulate: 1,
      learningRate: options.learningRate ?? (part?.kind === "scales" ? 1e-2 : 5e-4),
      schedule: { kind: "cosine", warmupTokens: Math.round(tokens / 20), floor: 0.1 },
      weightDecay: 0.1,
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      clip: 1,
      // A specification names the record of its run: λ stands in those of models that have it.
      factors: hasLambda ? [...undecayedGains, ...undecayedLambda] : undecayedGains,
      validateEvery: options.validateEvery ?? Math.max(1, Math.round(tokens / 10)),
      ...(part === undefined ? {} : { part }),
      ...(roundingTokens === undefined ? {} : { roundingTokens }),
      ...(distillation === undefined ? {} : { distillation }),
    },
    execution: options.execution ?? { backend: "graph", threads: 2, matmul: "float32" },
  };
}

/**
 * A healing run of a model that is looked up by its name.
 *
 * @param name of the arm, under which its record goes to {@link healingStudy}
 * @param say told of what is fetched
 * @throws UserError when the source is not there, the recipe does not fit it, the model would see the future, or a field is none
 * that a run's file may have
 */
export async function healingRun(
  name: string,
  seed: number,
  options: HealingSpec,
  { say }: { readonly say?: Say } = {},
): Promise<Run> {
  const { source } = options;
  const told = fetching(source, say);
  const plan = isMergeConfig(source) ? await planMerge(source, told) : undefined;
  const { model } = await open(plan === undefined ? source : await mergedFolder(plan), { tokenizer: false, ...told });
  const spec = healing(model.config, { merge: plan?.text, ...options });
  refuseAllLeaks(spec.model, "Healing");
  const run: Run = { study: healingStudy, arm: name, seed, spec };
  // When it goes on it is read from a file: what would be refused then does not begin.
  return readRun(JSON.parse(JSON.stringify(run)), `a healing of ${source}`);
}
