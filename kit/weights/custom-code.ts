/** Models that transformers does not have: their folder brings the Python that computes them. */
import { join } from "node:path";
import { UserError } from "../errors.js";
import type { MixerSpec, ModelConfig } from "../model/config.js";
import { notDense } from "../model/llama.js";
import { projectRoot } from "../source/index.js";
import type { ConfigJson } from "./huggingface-config.js";
import { fromKintsugi, toKintsugi } from "./kintsugi-config.js";

/** The model for transformers, in Python. It reads the config of any model whose parts it has. */
export const pythonFile = "modeling_kintsugi.py";

/** Where the kit keeps {@link pythonFile}. */
export function pythonPath(): string {
  return join(projectRoot(), "kit", "weights", "python", pythonFile);
}

/** Mixers that {@link pythonFile} has. */
export const pythonMixers: readonly MixerSpec["kind"][] = ["attention", "differentialV1", "differentialV2"];

/** Why {@link pythonFile} cannot compute a model; `undefined` when it can. */
export function pythonMisfit(config: ModelConfig): UserError | undefined {
  const what = `The model for transformers, ${pythonFile},`;
  const problem = notDense(config, what);
  if (problem !== undefined) return problem;
  if (config.layers.length === 0) return new UserError(`${what} has at least one layer`);
  const other = config.layers.findIndex(({ mixer }) => !pythonMixers.includes(mixer.kind));
  if (other < 0) return undefined;
  return new UserError(`${what} has no ${config.layers[other].mixer.kind}`, {
    where: `layer ${other}`,
    expected: pythonMixers.join(", "),
    fix: "Save it as the kit's own folder",
  });
}

/** The class of {@link pythonFile}, by which a folder of this kind is known. */
const architecture = "KintsugiForCausalLM";

/**
 * The kit's own `config.json` with what transformers wants beside it: where the classes are, the element type, the ids of
 * special tokens.
 *
 * @param dtype name PyTorch has for the element type of the weights
 */
export function toCustomCode(config: ModelConfig, dtype: string, specialIds: ConfigJson): ConfigJson {
  const module = pythonFile.replace(/\.py$/, "");
  return {
    architectures: [architecture],
    auto_map: { AutoConfig: `${module}.KintsugiConfig`, AutoModelForCausalLM: `${module}.${architecture}` },
    ...toKintsugi(config),
    dtype,
    tie_word_embeddings: config.tied,
    ...specialIds,
  };
}

/** Whether a `config.json` of the kit's form is of a folder for transformers, whose names its tensors then have. */
export function isCustomCode({ architectures }: ConfigJson): boolean {
  return Array.isArray(architectures) && architectures[0] === architecture;
}

/**
 * Reads the `config.json` of such a folder, also when transformers has written it anew.
 *
 * @param where the file's name, for messages
 * @throws UserError as {@link fromKintsugi}
 */
export function fromCustomCode({ model_type, version, model }: ConfigJson, where: string): ModelConfig {
  return fromKintsugi({ model_type, version, model }, where);
}
