import { UserError } from "../errors.js";
import type { LayerSpec, LlamaConfig, MixerSpec, ModelConfig } from "./config.js";

/**
 * Why a config is not that of a Llama, which has attention in every layer, nothing but the parts every Llama has, and dense
 * linear layers; `undefined` when it is.
 *
 * @param what what asks for a Llama, for the message: "A Hugging Face Llama"
 */
export function notLlama(config: ModelConfig, what: string): UserError | undefined {
  const problem = notDense(config, what);
  if (problem !== undefined) return problem;
  const others = config.layers.map(foreignTo("attention"));
  const other = others.findIndex((name) => name !== undefined);
  if (other < 0) return undefined;
  return new UserError(`${what} has no ${others[other]}`, {
    where: `layer ${other}`,
    expected: "attention in every layer",
  });
}

/** Why a config is not one of dense linear layers; `undefined` when it is. */
export function notDense({ linear }: ModelConfig, what: string): UserError | undefined {
  return linear.kind === "dense" ? undefined : new UserError(`${what} has no ${linear.kind} linear layers`);
}

/** Names what a layer has that a Llama with that mixer has not. */
export function foreignTo(mixer: MixerSpec["kind"]): (layer: LayerSpec) => string | undefined {
  return (layer) => {
    if (layer.mixer.kind !== mixer) return layer.mixer.kind;
    if (layer.norm.kind !== "rmsNorm") return layer.norm.kind;
    return (["tokenMixing", "squeezeExcite"] as const).find((part) => layer[part] !== undefined);
  };
}

/**
 * The same config, known to be a Llama's. File formats of Llamas have no place for others.
 *
 * @param what as for {@link notLlama}
 * @throws UserError that names the first layer that is something else
 */
export function asLlama(config: ModelConfig, what: string): LlamaConfig {
  const problem = notLlama(config, what);
  if (problem !== undefined) throw problem;
  return config as LlamaConfig;
}
