/** Small versions of studies: the same arms on toy stories, from record to table in about a minute. */
import { type Arm, type RunSpec, type Study, withBudget } from "../lab/index.js";
import { type LayerSpec, type LinearSpec, type MixerSpec, type ModelConfig, pico } from "../model/index.js";
import { convertedConfig } from "../surgery/index.js";

const tokens = 6_144;
const vocab = 512;

/** A study whose models have about 100,000 parameters. */
export function smoke(study: Study): Study {
  const arms = Object.entries(study.arms).map(([name, arm]): [string, Arm] => [
    name,
    { ...arm, spec: smallRun(arm.spec), seeds: undefined },
  ]);
  return {
    ...study,
    name: `smoke-${study.name}`,
    arms: Object.fromEntries(arms),
    seeds: study.seeds.length > 1 && !healed(study) ? [0, 1] : [0],
    ...(study.pilot === undefined || healed(study)
      ? { pilot: undefined }
      : { pilot: { ...study.pilot, learningRates: study.pilot.learningRates.slice(0, 2), tokens: 1_024 } }),
  };
}

/** Whether the runs of a study begin with a trained model. That of the project itself takes its place: larger, and slower. */
function healed({ arms }: Study): boolean {
  return Object.values(arms).every(({ spec }) => spec.initial.kind === "pretrained");
}

function smallRun(spec: RunSpec): RunSpec {
  const { training, data } = withBudget(spec, tokens);
  const stages = training.stages.map(({ length, tokens }) => ({ length: length / 4, tokens }));
  return {
    ...spec,
    ...smallStart(spec),
    data: {
      ...data,
      corpus: { kind: "toy-stories", seed: 0, count: 300 },
      validation: 0.1,
      tokenizer: smallTokenizer(data.tokenizer),
      ...(data.joinTo === undefined ? {} : { joinTo: 256 }),
    },
    training: {
      ...training,
      stages,
      batchTokens: training.batchTokens / 4,
      ...(training.validateEvery === undefined ? {} : { validateEvery: tokens / 2 }),
    },
    execution: { ...spec.execution, backend: "graph", threads: 1 },
  };
}

function smallStart({ initial, model }: RunSpec): Pick<RunSpec, "initial" | "model"> {
  if (initial.kind !== "pretrained") return { initial, model: smallModel(model) };
  const { recipe, merge, source } = initial;
  if (merge !== undefined) {
    // All layers of the small model are of one kind, as those of the others are.
    const layers = model.layers.map(() => pico.layers[0]);
    return {
      initial: { ...initial, source: "pico", merge: merge.replaceAll(source, "pico") },
      model: { ...pico, layers },
    };
  }
  return {
    initial: { ...initial, source: "pico" },
    model: recipe === undefined ? pico : convertedConfig(pico, recipe),
  };
}

function smallTokenizer(tokenizer: RunSpec["data"]["tokenizer"]): RunSpec["data"]["tokenizer"] {
  return tokenizer.kind === "pretrained"
    ? { kind: "pretrained", vocab: pico.vocab }
    : { ...tokenizer, vocab, stories: 300 };
}

function smallModel({ layers, linear, ...config }: ModelConfig): ModelConfig {
  return {
    ...config,
    vocab,
    width: 48,
    context: config.context / 4,
    linear: smallLinear(linear),
    layers: layers.slice(0, 3).map((layer): LayerSpec => {
      const hidden = Math.round(layer.mlp.hidden / 4);
      return { ...layer, mixer: smallMixer(layer.mixer), mlp: { ...layer.mlp, hidden } };
    }),
  };
}

function smallMixer(mixer: MixerSpec): MixerSpec {
  switch (mixer.kind) {
    case "attention":
    case "differentialV1":
    case "differentialV2":
      return { ...mixer, headDim: mixer.headDim / 4 };
    case "gatedDeltaNet":
      return { ...mixer, keyDim: mixer.keyDim / 4, valueDim: mixer.valueDim / 4 };
    case "gatedConv":
      return mixer;
  }
}

function smallLinear(linear: LinearSpec): LinearSpec {
  if (linear.kind === "dense" || typeof linear.scale === "string") return linear;
  return { ...linear, scale: { ...linear.scale, group: linear.scale.group / 4 } };
}
