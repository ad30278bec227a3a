import { UserError } from "../../errors.js";
import type { ModelConfig } from "../../model/index.js";
import { type FloatDType, torchNames } from "../../weights/dtypes.js";
import type { ConfigJson } from "../../weights/index.js";
import { isKintsugi } from "../../weights/kintsugi-config.js";

/** Fields in which architectures say how many layers there are. */
const countFields = ["num_hidden_layers", "n_layer", "n_layers", "num_layers"] as const;

/** Fields that are lists with an entry for each layer. */
const layerFields = ["layer_types", "mlp_layer_types", "no_rope_layers"] as const;

/** How many layers a `config.json` speaks of; `undefined` when it does not say. */
export function layersOfConfig(config: ConfigJson): number | undefined {
  if (isKintsugi(config)) return kintsugiModel(config).layers.length;
  const count = countField(config);
  return count && (config[count] as number);
}

/** Rows of the embedding; `undefined` when the config does not say. */
export function vocabOfConfig(config: ConfigJson): number | undefined {
  const vocab = isKintsugi(config) ? kintsugiModel(config).vocab : config.vocab_size;
  return typeof vocab === "number" ? vocab : undefined;
}

function countField(config: ConfigJson): (typeof countFields)[number] | undefined {
  return countFields.find((field) => Number.isInteger(config[field]));
}

/** Read by the kit before, so known to be one. */
function kintsugiModel(config: ConfigJson): ModelConfig {
  return config.model as ModelConfig;
}

/** A layer of the result: a layer of a model with this config. */
export type LayerOf = { readonly model: string; readonly config: ConfigJson; readonly layer: number };

/** What else a merge changes: the element type of the weights, the rows of the embedding. */
export type Changes = { readonly dtype?: FloatDType; readonly vocab?: number };

/**
 * The `config.json` of a merge: that of one model, with the layers that were taken.
 *
 * @param donor the model's config, of transformers or the kit's own; its spelling of the element type is kept
 * @param layers where each layer comes from: what a config says layer by layer is taken from there
 * @throws UserError when a model's config says less about its layers than the donor's
 */
export function mergedConfig(donor: ConfigJson, layers: readonly LayerOf[], { dtype, vocab }: Changes): ConfigJson {
  if (isKintsugi(donor)) {
    const specs = layers.map(({ config, layer }) => kintsugiModel(config).layers[layer]);
    const model = kintsugiModel(donor);
    return { ...donor, model: { ...model, layers: specs, vocab: vocab ?? model.vocab } };
  }
  const lists = layerFields.filter((field) => Array.isArray(donor[field]));
  const typeFields = ["dtype", "torch_dtype"].filter((field) => field in donor);
  const name = dtype && torchNames[dtype];
  return {
    ...donor,
    [countField(donor)!]: layers.length,
    ...Object.fromEntries(lists.map((field) => [field, layers.map((layer) => entryOf(field, layer))])),
    ...(vocab === undefined ? {} : { vocab_size: vocab }),
    ...(name === undefined
      ? {}
      : Object.fromEntries((typeFields.length > 0 ? typeFields : ["torch_dtype"]).map((field) => [field, name]))),
  };
}

function entryOf(field: string, { model, config, layer }: LayerOf): unknown {
  const entry = (config[field] as readonly unknown[] | undefined)?.[layer];
  if (entry !== undefined) return entry;
  throw new UserError(`The config.json of ${model} has no ${field} of layer ${layer}`, {
    fix: "The config of the merge needs it: name another base_model",
  });
}
