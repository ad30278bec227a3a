import { UserError } from "../errors.js";
import type { ModelConfig } from "../model/config.js";
import { configReader, reading } from "../model/index.js";
import { isRecord } from "./json.js";

/** `model_type` of the kit's own `config.json`. */
const modelType = "kintsugi";

/** Counts changes after which an older kit would misread a newer file. */
const version = 1;

type KintsugiConfig = {
  readonly model_type: typeof modelType;
  readonly version: typeof version;
  readonly model: ModelConfig;
};

/**
 * Writes any config as the kit's own `config.json`: `{ model_type: "kintsugi", version, model }`, where `model` is the
 * {@link ModelConfig} as it is. The tensors beside it are named by their paths in the parameter tree.
 */
export function toKintsugi(config: ModelConfig): KintsugiConfig {
  return { model_type: modelType, version, model: config };
}

/** Whether a parsed `config.json` is of the kit's own form. */
export function isKintsugi(json: unknown): boolean {
  return isRecord(json) && json.model_type === modelType;
}

/**
 * Reads the kit's own `config.json`.
 *
 * @param json the parsed file, of which {@link isKintsugi} holds
 * @param where the file's name, for messages
 * @throws UserError naming the field when a value is missing, unknown or wrong, or the file is of a later version
 */
export function fromKintsugi(json: unknown, where: string): ModelConfig {
  const found = isRecord(json) ? json.version : undefined;
  if (found !== version) {
    throw new UserError(`version is ${JSON.stringify(found) ?? "missing"}`, {
      where,
      expected: `${version}, which is all that this kit reads`,
      fix: "Update the kit, if a later one has written it",
    });
  }
  return file(json, { field: "", where }).model;
}

const file: reading.Reader<KintsugiConfig> = reading.fields<KintsugiConfig>({
  model_type: reading.oneOf(modelType),
  version: reading.oneOf(version),
  model: configReader,
});
