/** Functions of a config, compiled once for whoever needs them: weights are their arguments. */
import type { ModelConfig } from "./config.js";

const made = new WeakMap<ModelConfig, Map<string, unknown>>();

/**
 * What `make` makes, or what it made before for the same config and key. TensorFlow keeps a compiled function for good, and
 * compiling takes seconds: so a second decoder of a model uses the first one's.
 *
 * @param key tells apart whatever else the function closes over
 */
export function onceFor<Made>(config: ModelConfig, key: string, make: () => Made): Made {
  const own = made.get(config) ?? new Map<string, unknown>();
  made.set(config, own);
  if (!own.has(key)) own.set(key, make());
  return own.get(key) as Made;
}
