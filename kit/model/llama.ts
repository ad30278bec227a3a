import { UserError } from "../errors.js";
import type { LlamaConfig, ModelConfig } from "./config.js";

/**
 * Why a config is not that of a Llama, which has attention in every layer and dense linear layers; `undefined` when it is.
 *
 * @param what what asks for a Llama, for the message: "A Hugging Face Llama"
 */
export function notLlama(config: ModelConfig, what: string): UserError | undefined {
  if (config.linear.kind !== "dense") return new UserError(`${what} has no ${config.linear.kind} linear layers`);
  const other = config.layers.findIndex(({ mixer }) => mixer.kind !== "attention");
  if (other < 0) return undefined;
  return new UserError(`${what} has no ${config.layers[other].mixer.kind}`, {
    where: `layer ${other}`,
    expected: "attention in every layer",
  });
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
