export { mayBranch } from "./branching.js";
export * from "./config.js";
export * from "./decode.js";
export * from "./decoder.js";
export * from "./differential.js";
export * from "./forward.js";
export * from "./init.js";
export type {
  LayerTensors,
  LinearKind,
  Mixer,
  Mlp,
  Part,
  PartState,
  StatefulPart,
  StateRoom,
  Stepped,
} from "./kinds.js";
export * from "./leaks.js";
export * from "./liquid.js";
export * from "./llama.js";
export { mixers } from "./mixers.js";
export * from "./parts.js";
export * from "./presets.js";
export { configReader, poolReader, readConfig, ternaryFields } from "./readConfig.js";
export * as reading from "./reading.js";
export { linears, mlps, norms, squeezeExcitePart, tokenMixingPart } from "./registry.js";
export * from "./rounded.js";
export * from "./shapes.js";
export * from "./teeny.js";
