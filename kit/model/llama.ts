import { UserError } from "../errors.js";
import type { LlamaConfig, ModelConfig } from "./config.js";

/**
 * The same config, known to be a Llama's: attention in every layer, dense linear layers. File formats of Llamas have no
 * place for others.
 *
 * @param what what asks for a Llama, for the message: "A Hugging Face Llama"
 * @throws UserError that names the first layer that is something else
 */
export function asLlama(config: ModelConfig, what: string): LlamaConfig {
  if (config.linear.kind !== "dense") throw new UserError(`${what} has no ${config.linear.kind} linear layers`);
  const other = config.layers.findIndex(({ mixer }) => mixer.kind !== "attention");
  if (other >= 0) {
    throw new UserError(`${what} has no ${config.layers[other].mixer.kind}`, {
      where: `layer ${other}`,
      expected: "attention in every layer",
    });
  }
  return config as LlamaConfig;
}
