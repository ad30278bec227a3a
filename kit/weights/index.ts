export { chatTemplateOf } from "./chatTemplate.js";
export {
  type Checkpoint,
  type CheckpointInfo,
  type LlamaCheckpoint,
  type OpenOptions,
  open,
  openLlama,
} from "./checkpoint.js";
export type { CompanionOptions } from "./companions.js";
export { type FloatDType, isPlainDType, isQuantDType, isStoredDType } from "./dtypes.js";
export { type Gguf, type GgufArray, type GgufTensor, type GgufValue, readGguf } from "./gguf.js";
export { type GgufOptions, saveGguf } from "./gguf-save.js";
export { type ConfigJson, fromHuggingFace, toHuggingFace } from "./huggingface-config.js";
export { type Inspection, inspect } from "./inspect.js";
export { fromKintsugi, toKintsugi } from "./kintsugi-config.js";
export { load, loadLlama, loadModel } from "./load.js";
export { ggufNames, huggingFaceNames, type NameMap, storedName } from "./names.js";
export { type EmbeddingFormat, type PackedSize, type PackOptions, savePacked } from "./packed.js";
export { readRef } from "./read.js";
export { readSafetensors, readSafetensorsFolder, type StoredTensors } from "./safetensors.js";
export {
  type SafetensorsOptions,
  type TensorSource,
  type TensorValues,
  writeSafetensors,
} from "./safetensors-write.js";
export { type SaveOptions, save } from "./save.js";
export type { Savable } from "./sources.js";
export {
  type CodeBits,
  matrixValues,
  type PackedMatrix,
  pack,
  type TernaryMatrix,
  ternaryMatrix,
  unpack,
} from "./ternary-matrix.js";
export { requireTokenizer } from "./tokenizer.js";
